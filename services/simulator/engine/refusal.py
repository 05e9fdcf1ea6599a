"""The service says no: what is said, and whether it is about a value or about the call as a whole."""

from __future__ import annotations


class Refusal(Exception):
    """The service says no. `about_values` tells a wrong value from a call that is wrong as a whole."""

    def __init__(self, http_status: int, code: str, message: str, *, about_values: bool = False) -> None:
        super().__init__(message)
        self.http_status = http_status
        self.code = code
        self.message = message
        self.about_values = about_values


def wrong_value(message: str) -> Refusal:
    """A value that will not do."""
    return Refusal(400, "InvalidParameter", message, about_values=True)


def wrong_url() -> Refusal:
    """A model that is not had at the address it was asked for."""
    return Refusal(400, "InvalidParameter", "url error, please check url！")

"""A refusal by the vendor: its message, and whether it concerns a value or the whole call."""

from __future__ import annotations


class Refusal(Exception):
    """A refusal by the vendor. `about_values`: a value is wrong, not the call as a whole."""

    def __init__(self, http_status: int, code: str, message: str, *, about_values: bool = False) -> None:
        super().__init__(message)
        self.http_status = http_status
        self.code = code
        self.message = message
        self.about_values = about_values


def wrong_value(message: str) -> Refusal:
    """Return the refusal of a wrong value."""
    return Refusal(400, "InvalidParameter", message, about_values=True)


def wrong_url() -> Refusal:
    """Return the refusal of a model that is not available at the requested address."""
    return Refusal(400, "InvalidParameter", "url error, please check url！")

"""Every error of the studio, in one tree. It is grouped by what the reader can do about the error.

StudioError                 a sentence a user may read
├── InvalidRequest          the values will not do; nothing was sent
├── NotFound                no such job, file or model
├── OverCap                 a cap on money stands in the way; nothing was sent
├── PriceChanged            it costs more than the buyer agreed to; nothing was sent
├── FileRefused             a file that cannot be taken or kept
├── NotConfigured           a key or setting is missing
└── VendorError             DashScope, or the way to it
    ├── NotTaken            it certainly did not take the call; the same call may be sent again
    │   ├── Unreachable     no connection was made
    │   ├── Throttled       too fast: wait and send again
    │   └── Unavailable     no capacity, or a reading call that broke
    ├── OutcomeUnknown      a create call whose answer was lost: it may have been taken and billed
    └── Refused             it answered no; sending the same again is no use
        ├── KeyRefused      the key, its region or its rights
        ├── BillingStopped  unpaid, not bought, or a free quota used up
        └── ContentRefused  words, picture, sound or result failed the content check
"""

from __future__ import annotations

from services.domain.problems import Problem


class StudioError(Exception):
    """An error that one sentence explains to a user."""

    @property
    def message(self) -> str:
        """The sentence."""
        return str(self)


class InvalidRequest(StudioError):
    """The values are not valid. Nothing was sent and nothing was stored."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        self.problems = problems
        super().__init__(" ".join(problem.message for problem in problems))


class NotFound(StudioError):
    """There is no such job, file, model or region."""


class OverCap(StudioError):
    """The price exceeds the rest of a cap on money. Nothing was sent and nothing was stored.

    `left` is the amount that still fits, in millionths of the currency.
    """

    def __init__(self, message: str, *, left: int, currency: str) -> None:
        super().__init__(message)
        self.left = left
        self.currency = currency


class PriceChanged(StudioError):
    """A request costs more than the buyer agreed to, or is billed in another currency. Nothing was sent or stored.

    `amount` is the price now, as the text of a decimal number.
    """

    def __init__(self, message: str, *, amount: str, currency: str) -> None:
        super().__init__(message)
        self.amount = amount
        self.currency = currency


class FileRefused(StudioError):
    """A file cannot be accepted, read or stored."""


class NotConfigured(StudioError):
    """A key or a setting is missing."""


class VendorError(StudioError):
    """DashScope refused a call, or could not be reached.

    `code` and `request_id` are the vendor's own. `http_status` is 0 if there was no answer. `message` is for users.
    `vendor_message` is the vendor's own text and belongs in a copyable detail.
    """

    def __init__(
        self,
        message: str,
        *,
        code: str = "",
        http_status: int = 0,
        request_id: str = "",
        vendor_message: str = "",
    ) -> None:
        super().__init__(message)
        self.code = code
        self.http_status = http_status
        self.request_id = request_id
        self.vendor_message = vendor_message


class NotTaken(VendorError):
    """The vendor certainly did not take the call. Nothing was bought, and the same call may be sent again."""


class Unreachable(NotTaken):
    """No connection was made."""


class Throttled(NotTaken):
    """The account sends requests too fast. `code` is never one of the billing codes that share HTTP status 429."""

    after_seconds: float | None = None
    """The wait that the vendor asks for, or None if it names none."""


class Unavailable(NotTaken):
    """The service has no capacity at the moment, or a call that only reads failed."""


class OutcomeUnknown(VendorError):
    """The answer to a create call was lost: the task may exist and may be billed. Never resend it; look it up."""


class Refused(VendorError):
    """The vendor refused the call. The same call will be refused again."""


class KeyRefused(Refused):
    """The key is wrong, belongs to another region, or may not use this model."""


class BillingStopped(Refused):
    """The account has an unpaid bill, has not bought the service, or has used up a free quota."""


class ContentRefused(Refused):
    """The content check refused the text, picture, sound or result."""

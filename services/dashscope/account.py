"""A vendor key in a region. The key leaves only as an Authorization header to this account's own base URL."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from pydantic import SecretStr

from services.domain.errors import KeyRefused, NotConfigured


@dataclass(frozen=True)
class Account:
    """A vendor key, the region it belongs to and the address to use it at. Raises NotConfigured for a bad address."""

    alias: str
    """The name stored with a job: never the key."""
    region: str
    base_url: str
    """The base URL of the API, any host and any path; a trailing slash is removed."""
    key: SecretStr

    def __post_init__(self) -> None:
        address = urlsplit(self.base_url.strip())
        if address.scheme not in ("http", "https") or not address.hostname or address.query or address.username:
            raise NotConfigured(
                f"The service address of {self.alias} must look like https://host/api/v1, without password or query."
            )
        object.__setattr__(self, "base_url", self.base_url.strip().rstrip("/"))

    def authorization(self) -> dict[str, str]:
        """Return the header with the key. Raises KeyRefused if the key is not valid in a header."""
        key = self.key.get_secret_value().strip()
        # For an invalid header value, the HTTP library would print the value, and so the key, in its own error.
        if not key or not all("!" <= letter <= "~" for letter in key):
            raise KeyRefused(
                f"The key of {self.alias} is empty or has letters that no key has. Copy it again from Model Studio.",
                code="InvalidApiKey",
            )
        return {"Authorization": f"Bearer {key}"}

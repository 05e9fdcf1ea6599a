"""The person behind a request.

The studio has no sign-in of its own. Without a proxy, all visitors of the page are the one local person. With
`STUDIO_PERSON_HEADER`, a request belongs to the person named in the header, and is refused without it.
"""

from __future__ import annotations

from dataclasses import dataclass

EVERYONE: None = None
"""As the owner in a query: the rows of all people. For the studio's own work, and for admins."""


@dataclass(frozen=True)
class Person:
    """The person who makes a request. They see and change their own rows; an admin sees and changes all rows."""

    name: str
    admin: bool = False

    @property
    def scope(self) -> str | None:
        """The owner whose rows this person sees: their own name, or EVERYONE for an admin."""
        return EVERYONE if self.admin else self.name

    def sees(self, owner: str) -> bool:
        """Return whether this person may see the rows of `owner`."""
        return self.admin or self.name == owner


LOCAL = Person("local", admin=True)
"""The person at a studio without sign-in."""

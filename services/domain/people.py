"""The person behind a request.

The studio has no sign-in of its own. Without a proxy, everyone who opens the page is the one local person. With
`STUDIO_PERSON_HEADER`, a request belongs to the person that the header names, and is refused without it.
"""

from __future__ import annotations

from dataclasses import dataclass

EVERYONE: None = None
"""As the owner in a query: rows of all people. For the studio's own work, and for admins."""


@dataclass(frozen=True)
class Person:
    """Somebody who asks. They see and change what is theirs; an admin sees and changes what is everybody's."""

    name: str
    admin: bool = False

    @property
    def scope(self) -> str | None:
        """The owner whose rows this person sees: their own name, or EVERYONE for an admin."""
        return EVERYONE if self.admin else self.name

    def sees(self, owner: str) -> bool:
        """Whether what belongs to `owner` is theirs to see."""
        return self.admin or self.name == owner


LOCAL = Person("local", admin=True)
"""Whoever sits at a studio that nobody signs in to."""

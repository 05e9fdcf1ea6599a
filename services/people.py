"""Who asks: the person behind a request, as a trusted proxy names them.

The studio has no sign-in of its own. Without a proxy whoever can open the page is the one local person; with
`STUDIO_PERSON_HEADER` each request belongs to the person that the header names, and a request without it to nobody.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass

from services.errors import NotFound
from services.settings import Settings

_LONGEST_NAME = 100


@dataclass(frozen=True)
class Person:
    """Somebody who asks. They see and change what is theirs; an admin sees and changes what is everybody's."""

    name: str
    admin: bool = False

    def sees(self, owner: str) -> bool:
        """Whether what belongs to `owner` is theirs to see."""
        return self.admin or self.name == owner


LOCAL = Person("local", admin=True)
"""Whoever sits at a studio that nobody signs in to."""


def person_in(headers: Mapping[str, str], settings: Settings) -> Person:
    """The person that a request's headers name. Raises NotFound where there must be one and is none."""
    header = settings.studio_person_header
    if not header:
        return LOCAL
    name = unicodedata.normalize("NFC", headers.get(header, "").strip())
    if not name or len(name) > _LONGEST_NAME or not name.isprintable():
        raise NotFound("The studio does not know who you are: please sign in again.")
    return Person(name, admin=name in settings.studio_admins)

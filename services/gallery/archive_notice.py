"""The notice for an admin if database and archive no longer belong together, and the upkeep of their pairing.

Adoption runs in the background: the admin need not wait, and stopping the studio loses nothing.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from typing import TypedDict

from services.database.jobs import History
from services.domain.background import end, repeating
from services.domain.errors import StudioError
from services.domain.people import Person
from services.gallery.adoption import Adopter, Adoption
from services.storage import archive_pairing
from services.storage.archive import Archive
from services.storage.archive_pairing import Kind, Mishap, Standing

log = logging.getLogger(__name__)

_NOTE_SECONDS = 5.0
"""How often the database's change counter is recorded."""
_HEADINGS = {
    Kind.RESTORED: "The database was put back from a copy.",
    Kind.OLDER: "The database is an older one than before.",
    Kind.BEGUN_ANEW: "The database was damaged, and a new one was begun.",
    Kind.MISSING: "The database was missing, and a new one was begun.",
    Kind.OTHER: "These files belong to another database.",
}
_SAFE = "Your files are all here, and nothing is cleaned up until you have decided."
_FULL = "The disk is full. Make room and press again: it goes on where it stopped."
_STOPPED = "It could not be finished. Press again: it goes on where it stopped. The log says more."


class NoticeView(TypedDict):
    """The notice an admin sees on the page. Sentences are plain text."""

    heading: str
    sentences: list[str]
    unknown: int
    """Jobs on the disk that the gallery does not know."""
    press: str
    """The label of the button."""
    working: dict[str, int] | None
    """`done` of `total`, while files are adopted."""
    trouble: str | None


class OutcomeView(TypedDict):
    """The outcome of an adoption."""

    sentence: str
    left: list[dict[str, str]]


class ArchiveView(TypedDict):
    """The state of the pairing; both null if all is well and nothing was done since the start."""

    notice: NoticeView | None
    outcome: OutcomeView | None


class ArchiveNotice:
    """Keeps database and archive paired. `look_again` asks open pages to reload, since much has changed."""

    def __init__(
        self,
        *,
        history: History,
        archive: Archive,
        adopter: Adopter,
        look_again: Callable[[], None],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._history = history
        self._archive = archive
        self._adopter = adopter
        self._look_again = look_again
        self._sleep = sleep
        self._standing: Standing | None = None
        self._first_look: asyncio.Task[None] | None = None
        self._broken: str | None = None
        self._working: Adoption | None = None
        self._task: asyncio.Task[None] | None = None
        self._outcome: Adoption | None = None
        self._trouble: str | None = None

    @property
    def settled(self) -> bool:
        """Whether database and archive belonged together at the latest check."""
        return self._standing is not None and self._standing.settled

    @asynccontextmanager
    async def working(self) -> AsyncGenerator[ArchiveNotice, None]:
        """Check the pairing, and record the database's change counter regularly, inside this context."""
        self._first_look = asyncio.create_task(self._look_first(), name="first look at the files")
        noting = repeating(
            self._note_sequence, name="noting how far the database counted", every=_NOTE_SECONDS, sleep=self._sleep
        )
        try:
            async with noting:
                yield self
        finally:
            for task in (self._task, self._first_look):
                if task is not None:
                    await end(task)
            with suppress(OSError):
                await self._note_sequence()

    async def look(self) -> Standing:
        """Check the pairing anew."""
        self._standing = await archive_pairing.standing(self._history, self._archive)
        return self._standing

    async def _look_first(self) -> None:
        try:
            await self.look()
        except Exception:
            # The folder may be missing. Then nothing is cleaned up, and the cleanup makes the next check.
            log.exception("database and files could not be compared")

    def note_copy(self, trouble: str | None) -> None:
        """Show admins why the database could not be copied; None if it could."""
        self._broken = trouble

    async def _note_sequence(self) -> None:
        await archive_pairing.note_sequence(self._history, self._archive)

    # Adoption ---------------------------------------------------------------------------------------------------------

    def adopt(self, person: Person) -> None:
        """Start adopting unknown results for a person. Raises StudioError if the person is no admin."""
        _admins_only(person)
        if self._task is None or self._task.done():
            self._working, self._trouble, self._outcome = Adoption(), None, None
            self._task = asyncio.create_task(self._adopt(person), name="adopting")

    async def bring_back(self, person: Person, entries: Sequence[str]) -> Adoption:
        """Adopt these entries, including purged ones: their files were just brought back."""
        adoption = await self._adopter.adopt(person, only=entries, revive=True)
        self._look_again()
        return adoption

    async def _adopt(self, person: Person) -> None:
        try:
            outcome = await self._adopter.adopt(person, progress=self._progress)
            await archive_pairing.join(self._history, self._archive)
            await self.look()
            self._outcome = outcome
            log.info("adopted: %s", outcome.sentence)
        except OSError as error:
            log.warning("adoption stopped (%s)", error.strerror)
            self._trouble = _FULL
        except Exception:
            # After any other error nothing is lost, and a person can press again.
            log.exception("adoption stopped")
            self._trouble = _STOPPED
        finally:
            self._working = None
        self._look_again()

    def _progress(self, adoption: Adoption) -> None:
        self._working = adoption

    # Views ------------------------------------------------------------------------------------------------------------

    async def notice(self, person: Person) -> NoticeView | None:
        """Return the notice for an admin, or None if all is well or the person is no admin."""
        if self._first_look is not None:
            await asyncio.wait({self._first_look})
        there = self._standing
        if not person.admin or there is None or (there.settled and self._broken is None):
            return None
        working = self._working
        return NoticeView(
            heading=_heading(there, self._broken),
            sentences=_sentences(there, self._broken),
            unknown=there.unknown,
            press="" if there.settled else ("Take the files back in" if there.unknown else "All right"),
            working={"done": working.done, "total": working.total} if working else None,
            trouble=self._trouble,
        )

    async def view(self, person: Person) -> ArchiveView:
        """Return the notice, and the outcome of the latest adoption. Raises StudioError if the person is no admin."""
        _admins_only(person)
        outcome = self._outcome
        told = None
        if outcome:
            left = [{"name": name, "why": why} for name, why in outcome.left]
            told = OutcomeView(sentence=outcome.sentence, left=left)
        return ArchiveView(notice=await self.notice(person), outcome=told)


def _admins_only(person: Person) -> None:
    if not person.admin:
        raise StudioError("Only an admin of this studio can do that.")


def _heading(there: Standing, broken: str | None) -> str:
    if there.mishap:
        return _HEADINGS[there.mishap.kind]
    if there.unknown:
        return "There are works on the disk that the gallery does not know."
    return "There is no copy of the database of today." if broken else _HEADINGS[Kind.OTHER]


def _sentences(there: Standing, broken: str | None) -> list[str]:
    said = [broken] if broken else []
    if there.mishap:
        said += _about(there.mishap)
    if there.unknown:
        few = there.unknown == 1
        said.append(
            f"{there.unknown:,} {'work' if few else 'works'} on the disk {'is' if few else 'are'} not in the gallery. "
            "Taken back in, they have their words, settings and dates again."
        )
    return [*said, *([] if there.settled else [_SAFE])]


def _about(mishap: Mishap) -> list[str]:
    said: list[str] = []
    if mishap.aside:
        said.append(f"The damaged one lies in the studio's folder as {mishap.aside}.")
    if mishap.copied_at and mishap.kind is Kind.RESTORED:
        said.append(f"The copy is of {_moment(mishap.copied_at)}.")
    elif mishap.copied_at:
        said.append(
            f"There is a copy of {_moment(mishap.copied_at)}: to have it instead, stop the studio and run "
            "`python -m services.startup.backups --restore`."
        )
    if mishap.held:
        one = mishap.held == 1
        said.append(
            f"{mishap.held:,} {'work' if one else 'works'} may have been ordered since. "
            f"{'It is' if one else 'They are'} not sent by {'itself' if one else 'themselves'}: each asks you."
        )
    return said


def _moment(milliseconds: int) -> str:
    when = datetime.fromtimestamp(milliseconds / 1000, UTC).astimezone()
    return f"{when.day} {when:%B %Y, %H:%M}"

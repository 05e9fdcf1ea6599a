"""What an admin is shown and can do when database and files have come apart, and what keeps them together meanwhile.

Taking files in again runs in the background: whoever presses need not wait, and a stop of the studio loses nothing.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
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
"""How often it is written down how far the database has counted."""
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
    """What an admin is told on the page. Sentences are plain text."""

    heading: str
    sentences: list[str]
    unknown: int
    """Works on the disk that the gallery does not know."""
    press: str
    """What the button says."""
    working: dict[str, int] | None
    """`done` of `total`, while files are taken in."""
    trouble: str | None


class OutcomeView(TypedDict):
    """What taking the files in came to."""

    sentence: str
    left: list[dict[str, str]]


class ArchiveView(TypedDict):
    """How database and files stand to each other; both null if all is well and nothing was done since the start."""

    notice: NoticeView | None
    outcome: OutcomeView | None


class ArchiveNotice:
    """Keeps database and archive together. `look_again` says to open pages that much has changed."""

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
        """Whether database and files belong together, as of the latest look."""
        return self._standing is not None and self._standing.settled

    @asynccontextmanager
    async def working(self) -> AsyncIterator[ArchiveNotice]:
        """Look at both, and write down how far the database has counted, as long as this lasts."""
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
        """Look at both anew."""
        self._standing = await archive_pairing.standing(self._history, self._archive)
        return self._standing

    async def _look_first(self) -> None:
        try:
            await self.look()
        except Exception:
            # A folder that is away: nothing is cleaned up, and the next look is the janitor's.
            log.exception("database and files could not be looked at")

    def note_copy(self, trouble: str | None) -> None:
        """Tell admins why the database could not be copied; None if it could."""
        self._broken = trouble

    async def _note_sequence(self) -> None:
        await archive_pairing.note_sequence(self._history, self._archive)

    # Taking in -------------------------------------------------------------------------------------------------------

    def adopt(self, person: Person) -> None:
        """Begin to take in what the database does not know, for a person. Raises StudioError for who is no admin."""
        _admins_only(person)
        if self._task is None or self._task.done():
            self._working, self._trouble, self._outcome = Adoption(), None, None
            self._task = asyncio.create_task(self._adopt(person), name="adopting")

    async def bring_back(self, person: Person, entries: Sequence[str]) -> Adoption:
        """Take in these entries, also what was purged from the bin: their files were just brought back."""
        adoption = await self._adopter.adopt(person, only=entries, revive=True)
        self._look_again()
        return adoption

    async def _adopt(self, person: Person) -> None:
        try:
            outcome = await self._adopter.adopt(person, progress=self._progress)
            await archive_pairing.join(self._history, self._archive)
            await self.look()
            self._outcome = outcome
            log.info("taken in again: %s", outcome.sentence)
        except OSError as error:
            log.warning("taking files in stopped (%s)", error.strerror)
            self._trouble = _FULL
        except Exception:
            # Whatever went wrong: nothing is lost, and a person can press again.
            log.exception("taking files in stopped")
            self._trouble = _STOPPED
        finally:
            self._working = None
        self._look_again()

    def _progress(self, adoption: Adoption) -> None:
        self._working = adoption

    # What is shown ---------------------------------------------------------------------------------------------------

    async def notice(self, person: Person) -> NoticeView | None:
        """What an admin is told, or None: then all is well, or it is not for this person."""
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
        """The notice, and what the latest press came to. Raises StudioError for who is no admin."""
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
            "`python -m services.database.backups --restore`."
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

"""`python -m services.gallery.import_command FOLDER`: import a folder's pictures, clips and sounds. See `--help`.

`--adopt` adopts the archive's own results that the database does not know, in place. Both may be interrupted and run
again, beside a running studio or without one.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from filelock import FileLock, Timeout

from services.catalogue.schema import MB
from services.database.jobs import History
from services.domain.clock import now_ms
from services.domain.people import LOCAL, Person
from services.environment.console import EXIT_CODE, CannotStart, say_all
from services.gallery.adoption import Adopter, Adoption
from services.gallery.importing import Importer, Outcome, Taken
from services.settings import Settings
from services.startup.begin import make_ready, settings_of_a_command
from services.storage import archive_pairing
from services.storage.archive import Archive
from services.storage.database_recovery import Mended, mend

_ENDINGS = frozenset({".png", ".jpg", ".jpeg", ".jpe", ".webp", ".mp4", ".m4v", ".mov", ".wav", ".mp3", ".m4a"})
_MAX_BYTES = 2_000 * MB
_MOST_NAMED = 20
"""The most skipped files that are listed by name."""


@dataclass
class Tally:
    """The outcome for a folder's files."""

    imported: int = 0
    present: int = 0
    refused: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    """Name and reason."""

    def sentence(self, *, dry_run: bool) -> str:
        """Return the summary, short and plain."""
        verb = "would be taken in" if dry_run else "taken in"
        more = len(self.refused) - _MOST_NAMED
        lines = [f"{_files(self.imported)} {verb}, {self.present:,} here already, {len(self.refused):,} left out."]
        lines += [f"  {name}: {why}" for name, why in self.refused[:_MOST_NAMED]]
        lines += [f"  and {more:,} more."] if more > 0 else []
        return "\n".join(lines) + "\n"


async def take_folder(
    importer: Importer, folder: Path, *, person: Person, dry_run: bool, progress: Callable[[str], object]
) -> Tally:
    """Import all pictures, clips and sounds below a folder, by name. Raises OSError if the disk is full."""
    tally = Tally()
    paths = await asyncio.to_thread(lambda: list(_files_below(folder)))
    for number, path in enumerate(paths, start=1):
        name = str(path.relative_to(folder))
        taken = await _take_one(importer, path, person=person, dry_run=dry_run)
        match taken.outcome:
            case Outcome.IMPORTED:
                tally.imported += 1
            case Outcome.PRESENT:
                tally.present += 1
            case Outcome.REFUSED:
                tally.refused.append((name, taken.why))
        if number % 100 == 0:
            progress(f"{number} of {len(paths)} looked at\n")
    return tally


async def _take_one(importer: Importer, path: Path, *, person: Person, dry_run: bool) -> Taken:
    try:
        state = await asyncio.to_thread(path.stat)
        if state.st_size > _MAX_BYTES:
            return Taken(Outcome.REFUSED, f"It is above {_MAX_BYTES // MB:,} MB.")
        changed = state.st_mtime_ns // 1_000_000
        return await importer.take(path, name=path.name, person=person, made_at=changed, dry_run=dry_run)
    except (PermissionError, FileNotFoundError) as error:
        return Taken(Outcome.REFUSED, f"It cannot be opened ({error.strerror}).")


def _files_below(folder: Path) -> Iterator[Path]:
    """Yield the files to examine, by name. Hidden ones are skipped, and links, which may lead out of the folder."""
    for here, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            path = Path(here, name)
            if (
                not name.startswith(".")
                and path.suffix.lower() in _ENDINGS
                and path.is_file()
                and not path.is_symlink()
            ):
                yield path


def _files(count: int) -> str:
    return "1 file" if count == 1 else f"{count:,} files"


async def run_adoption(settings: Settings, *, person: Person) -> Adoption:
    """Adopt the archive's results that the database does not know. Both are paired from then on."""
    archive = Archive(settings.home / "files")
    await asyncio.to_thread(archive.prepare)
    mended = await asyncio.to_thread(_mend, settings, archive)
    async with History.open(settings.database_url) as history:
        await archive_pairing.begin(history, archive, mended, now=now_ms())
        adopter = Adopter(history=history, archive=archive, clock=now_ms, demo=settings.demo)
        adoption = await adopter.adopt(person, progress=_tell_progress)
        await archive_pairing.join(history, archive)
    return adoption


def _mend(settings: Settings, archive: Archive) -> Mended | None:
    """Repair the database before it is opened. A running studio has done so already, and is using it."""
    try:
        with FileLock(settings.home / "studio.lock", timeout=0):
            return mend(settings.database_url, settings.home, archive.root, now=now_ms())
    except Timeout:
        return None


def _tell_progress(adoption: Adoption) -> None:
    if adoption.done % 100 == 0:
        sys.stdout.write(f"{adoption.done} of {adoption.total} looked at\n")


def _sentence(adoption: Adoption) -> str:
    more = adoption.left_count - _MOST_NAMED
    lines = [adoption.sentence[0].upper() + adoption.sentence[1:]]
    lines += [f"  {name}: {why}" for name, why in adoption.left[:_MOST_NAMED]]
    lines += [f"  and {more:,} more."] if more > 0 else []
    return "\n".join(lines) + "\n"


async def run(settings: Settings, folder: Path, *, person: Person, dry_run: bool) -> Tally:
    """Open the studio's database and archive, and import a folder."""
    archive = Archive(settings.home / "files")
    await asyncio.to_thread(archive.prepare)
    mended = await asyncio.to_thread(_mend, settings, archive)
    async with History.open(settings.database_url) as history:
        await archive_pairing.begin(history, archive, mended, now=now_ms())
        importer = Importer(history=history, archive=archive, clock=now_ms, demo=settings.demo)
        return await take_folder(importer, folder, person=person, dry_run=dry_run, progress=sys.stdout.write)


def main(arguments: Sequence[str] | None = None) -> int:
    """Import a folder. Returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m services.gallery.import_command",
        description="Take pictures, clips and sounds of a folder into the gallery.",
    )
    parser.add_argument("folder", type=Path, nargs="?", help="the folder to look through, with those in it")
    parser.add_argument(
        "--adopt",
        action="store_true",
        help="take in again what lies in the studio's own files and is not in its database, for example after it was "
        "lost; no file is moved",
    )
    parser.add_argument("--person", default=LOCAL.name, help=f"whose gallery ({LOCAL.name})")
    parser.add_argument("--dry-run", action="store_true", help="only say what would be done")
    options = parser.parse_args(arguments)
    try:
        settings = settings_of_a_command()
    except CannotStart as error:
        say_all(error.sentences)
        return EXIT_CODE
    if options.adopt == (options.folder is not None) or (options.adopt and options.dry_run):
        parser.error("give either a folder or --adopt; --dry-run belongs to a folder")
    if options.adopt:
        return _said(lambda: _sentence(asyncio.run(run_adoption(settings, person=Person(options.person)))), settings)
    folder = options.folder.expanduser().resolve()
    if not folder.is_dir():
        sys.stderr.write(f"{folder} is not a folder.\n")
        return 2
    if folder.is_relative_to(settings.home) or settings.home.is_relative_to(folder):
        sys.stderr.write("That folder holds the studio's own files. Please choose another one.\n")
        return 2

    def take() -> str:
        tally = asyncio.run(run(settings, folder, person=Person(options.person), dry_run=options.dry_run))
        return tally.sentence(dry_run=options.dry_run)

    return _said(take, settings)


def _said(take: Callable[[], str], settings: Settings) -> int:
    """Run the import and print its outcome. Returns the exit code."""
    try:
        say_all(make_ready(settings))
        sentence = take()
    except CannotStart as error:
        say_all(error.sentences)
        return EXIT_CODE
    except OSError as error:
        sys.stderr.write(f"Stopped: {error.strerror}. Run it again to go on where it stopped.\n")
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("Stopped. Run it again to go on where it stopped.\n")
        return 130
    sys.stdout.write(sentence)
    return 0


if __name__ == "__main__":
    sys.exit(main())

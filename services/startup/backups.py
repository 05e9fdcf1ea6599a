"""`python -m services.startup.backups`: list the daily copies of the database; `--restore [DATE]` puts one back."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from filelock import FileLock, Timeout

from services.database.backups import OUR_TABLES, copies_in, database_path, newest_good, put_back
from services.database.corruption import damage_of
from services.domain.clock import now_ms
from services.environment.console import EXIT_CODE, CannotStart, say_all
from services.startup.begin import settings_of_a_command


def main(arguments: Sequence[str] | None = None) -> int:
    """List the copies, or put one back. Returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m services.startup.backups",
        description="The daily copies of the database: list them, put one back.",
    )
    parser.add_argument(
        "--restore",
        nargs="?",
        const="",
        metavar="DATE",
        help="put the copy of this date in the place of the database; the newest good one without a date",
    )
    wish: str | None = parser.parse_args(arguments).restore
    try:
        settings = settings_of_a_command()
    except CannotStart as error:
        say_all(error.sentences)
        return EXIT_CODE
    database, folder = database_path(settings.database_url), settings.home / "backups"
    if database is None:
        sys.stderr.write("The database is PostgreSQL: copy it with pg_dump and put it back with pg_restore.\n")
        return 2
    if wish is None:
        copies = copies_in(folder)
        sys.stdout.write("".join(f"{copy.day}  {copy.path}\n" for copy in copies) or f"No copies in {folder} yet.\n")
        return 0
    return _restore(database, settings.home, day=wish)


def _restore(database: Path, home: Path, *, day: str) -> int:
    folder = home / "backups"
    copy = next((one for one in copies_in(folder) if one.day == day), None) if day else newest_good(folder)
    if copy is None or damage_of(copy.path, tables=OUR_TABLES) is not None:
        which = f"There is no good copy of {day}." if day else "There is no good copy."
        sys.stderr.write(f"{which} `python -m services.startup.backups` lists what is in {folder}.\n")
        return 1
    try:
        with FileLock(home / "studio.lock", timeout=0):
            aside = put_back(copy, database, now=now_ms(), why="replaced")
    except Timeout:
        sys.stderr.write("The studio is running. Stop it first, then put the copy back.\n")
        return 1
    except OSError as error:
        sys.stderr.write(f"The copy could not be put back ({error.strerror}). Nothing is lost: try it again.\n")
        return 1
    sys.stdout.write(
        f"The copy of {copy.day} is in place; the database of before lies beside it as {aside.name}.\n"
        "Start the studio: works made since are taken in again from their files with one press on the page, "
        "or with `python -m services.gallery.import_command --adopt`.\n"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())

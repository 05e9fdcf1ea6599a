"""`python -m services.database.migrations "add a mood to jobs"`: write the revision for a change of tables.py.

It needs no database: it compares the tables with an empty SQLite database that all earlier revisions were applied to.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

import sqlalchemy as sa
from alembic import command
from alembic.script import Script, ScriptDirectory

from services.database.migrations import config_for


def main(arguments: Sequence[str] | None = None) -> int:
    """Write a revision and print its path. Returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m services.database.migrations", description=__doc__)
    parser.add_argument("message", help='what changes, in the imperative: "add a mood to jobs"')
    message: str = parser.parse_args(arguments).message
    with sa.create_engine("sqlite://").connect() as connection:
        config = config_for(connection)
        command.upgrade(config, "head")
        head = ScriptDirectory.from_config(config).get_current_head() or "v0"
        written = command.revision(config, message, autogenerate=True, rev_id=f"v{int(head[1:]) + 1:02}")
    if isinstance(written, Script):
        sys.stdout.write(f"{written.path}\nRead it, add what its rows need, and run the tests of the database.\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())

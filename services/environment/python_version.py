"""Which Pythons the studio runs on. Written so that every Python 3 can read it: no newer syntax, no imports of ours."""

import sys

OLDEST = (3, 11)
NEWEST = (3, 14)
"""The newest one that is supported. A newer one is not refused: `python app.py --check` says that it is untested."""

SUPPORTED = f"{OLDEST[0]}.{OLDEST[1]} to {NEWEST[0]}.{NEWEST[1]}"


def refusal(major: int, minor: int) -> str:
    """Say why this Python will not do. Empty if it will."""
    if (major, minor) >= OLDEST:
        return ""
    return (
        f"Wan Studio needs Python {SUPPORTED}, and this is Python {major}.{minor}. "
        "Install a newer Python, delete the folder .venv and make it again with the newer one."
    )


def refuse_other_versions() -> None:
    """End the program with a sentence if this Python is too old."""
    why = refusal(sys.version_info[0], sys.version_info[1])
    if why:
        sys.stderr.write(f"{why}\n")
        sys.exit(2)

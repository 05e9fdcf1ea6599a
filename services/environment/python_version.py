"""The supported Python versions. Every Python 3 must be able to read this file: no newer syntax, no own imports."""

import sys

OLDEST = (3, 11)
NEWEST = (3, 14)
"""The newest supported version. A newer one is not refused: `python app.py --check` reports it as untested."""

SUPPORTED = f"{OLDEST[0]}.{OLDEST[1]} to {NEWEST[0]}.{NEWEST[1]}"


def refusal(major: int, minor: int) -> str:
    """Return why this Python is not supported, or an empty string if it is."""
    if (major, minor) >= OLDEST:
        return ""
    return (
        f"Wan Studio needs Python {SUPPORTED}, and this is Python {major}.{minor}. "
        "Install a newer Python, delete the folder .venv and make it again with the newer one."
    )


def refuse_other_versions() -> None:
    """Exit with a sentence if this Python is too old."""
    why = refusal(sys.version_info[0], sys.version_info[1])
    if why:
        sys.stderr.write(f"{why}\n")
        sys.exit(2)

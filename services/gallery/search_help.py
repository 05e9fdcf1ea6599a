"""The search language as people see it: hints while typing, the page's help, and the README's table.

services.gallery.search_syntax parses it. A test parses every example with it, so no example is shown that it does not
understand.
"""

from __future__ import annotations

from typing import TypedDict

Pair = tuple[str, str]
"""The typed text, and its meaning."""


class SearchHelp(TypedDict):
    """The search language as the page's scripts show it."""

    filters: list[Pair]
    examples: list[Pair]
    values: dict[str, list[Pair]]


FILTERS: tuple[Pair, ...] = (
    ("kind:", "Video, picture, sound or article"),
    ("family:", "Kind of work"),
    ("model:", "Model"),
    ("tag:", "Tag"),
    ("status:", "How it went"),
    ("is:", "A favourite, or brought in"),
    ("in:", "Collection"),
    ("fav", "Favourites"),
    ("rating>=", "Stars, 1 to 5"),
    ("seconds>", "Length in seconds"),
    ("cost<", "Cost"),
    ("after:", "Made after a day"),
    ("before:", "Made before a day"),
    ("by:", "Who made it"),
)
"""The beginnings that are offered while a person types."""

EXAMPLES: tuple[Pair, ...] = (
    ("red fox", "Both words, anywhere in the prompt"),
    ('"on the snow"', "These words in this order"),
    ("-cat", "Without this word"),
    ("fav", "Your favourites"),
    ("rating>=4", "Four stars or more"),
    ("tag:harbour", "With this tag"),
    ("by:mei", "Made by this person"),
    ('model:"Wan 2.6"', "Made by models of this name"),
    ("family:image", "Of this kind of work"),
    ("kind:video", "A clip; also picture, sound, article"),
    ("status:failed", "What did not work; also done, running, waiting"),
    ("seconds>5", "Longer than five seconds"),
    ("cost<1", "Cheaper than this, in its own currency"),
    ("after:2026-11", "Made since then; also today, yesterday, 7d"),
    ("before:2026-11-20", "Made before that day"),
    ("on:2026-11-20", "Made on that day"),
    ('in:"For print"', "In this collection"),
    ("is:imported", "Brought in from files"),
)

VALUES: dict[str, tuple[Pair, ...]] = {
    "kind": (("video", "Clips"), ("picture", "Pictures"), ("sound", "Sounds"), ("article", "Illustrated articles")),
    "status": (
        ("done", "Ready to look at"),
        ("running", "In work"),
        ("waiting", "Waiting"),
        ("failed", "Did not work"),
        ("canceled", "Canceled"),
    ),
    "is": (("fav", "Favourites"), ("imported", "Brought in from files")),
}
"""The values offered for a filter. The page knows those of families, models, tags, days and collections."""


def search_help() -> SearchHelp:
    """Return everything above as JSON-compatible values."""
    return SearchHelp(
        filters=list(FILTERS),
        examples=list(EXAMPLES),
        values={name: list(pairs) for name, pairs in VALUES.items()},
    )


def render() -> str:
    """Return the README's table of examples, as Markdown."""
    rows = [f"| `{typed}` | {found[0].lower()}{found[1:]} |" for typed, found in EXAMPLES]
    return "\n".join(("| Write | To find |", "|---|---|", *rows))

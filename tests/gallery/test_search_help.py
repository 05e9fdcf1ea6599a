"""What people are shown of the search language is what the studio understands."""

from __future__ import annotations

import re

import pytest

from services.catalogue import CATALOGUE
from services.gallery.search_help import EXAMPLES, FILTERS, VALUES, render
from services.gallery.search_syntax import names_of, parse_query
from tests import ROOT

NAMES = names_of(CATALOGUE.families, CATALOGUE.models)
SCRIPTS = ROOT / "assets/js"


@pytest.mark.parametrize("typed", [typed for typed, _ in EXAMPLES])
def test_every_example_is_understood(typed: str) -> None:
    query = parse_query(typed, names=NAMES)

    assert query.remarks == ()
    assert query.filters or query.words
    assert not query.filters or not query.words, "a filter is not taken for words"


@pytest.mark.parametrize("start", [start for start, _ in FILTERS])
def test_every_beginning_that_is_offered_is_a_filter_with_an_example(start: str) -> None:
    example = next(typed for typed, _ in EXAMPLES if typed.startswith(start))

    query = parse_query(example, names=NAMES)

    assert (query.remarks, query.words) == ((), ())
    assert len(query.filters) == 1


@pytest.mark.parametrize(("name", "value"), [(name, value) for name in VALUES for value, _ in VALUES[name]])
def test_every_value_that_is_offered_is_understood(name: str, value: str) -> None:
    query = parse_query(f"{name}:{value}", names=NAMES)

    assert (query.remarks, query.words, len(query.filters)) == ((), (), 1)


def test_the_readme_has_the_same_table() -> None:
    assert render() in (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_scripts_have_no_list_of_their_own() -> None:
    starts = [start for start, _ in FILTERS if start.endswith(":")]
    listed = re.compile(r"\[\"(?:" + "|".join(map(re.escape, starts)) + r")\", \"[A-Z]")

    assert [path.name for path in SCRIPTS.rglob("*.js") if listed.search(path.read_text(encoding="utf-8"))] == []


def test_the_scripts_do_not_say_how_long_a_bin_lasts() -> None:
    assert [path.name for path in SCRIPTS.rglob("*.js") if re.search(r"30 days", path.read_text("utf-8"))] == []

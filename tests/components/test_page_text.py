"""What the page's scripts do with text: they write it as text, never as markup, and never read it back as data.

A page translator changes every word on the page. A script that takes a value from words it once wrote takes the
translator's; one that writes into a text node it kept writes where nobody looks.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import gradio as gr
import pytest

from components.tab.layout import build_draft, build_tab
from components.tab.widgets import Kind, kind_of
from services.catalogue import CATALOGUE
from services.catalogue.schema import AudioField, ChoiceField, Field
from services.settings import Settings
from tests import ROOT
from tests.components.tab.test_widgets import FakeStudio

SCRIPTS = ROOT / "assets" / "js"
MARKUP = re.compile(r"innerHTML|outerHTML|insertAdjacentHTML|createContextualFragment|document\.write|DOMParser")
READS = re.compile(r"\.(?:textContent|innerText|nodeValue|wholeText)\b(?!\s*=[^=])")
OPTION = re.compile(r'h\("option", \{(?! ?value)')
MAY_READ = {
    "core/words.js": "JSON in a script element, which no translator touches",
    "core/shell.js": "a sentence of Gradio's own, to be said plainer: if it was translated it stays as it is",
}


def lines() -> Iterator[tuple[str, int, str]]:
    for path in sorted(SCRIPTS.rglob("*.js")):
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
            yield str(path.relative_to(SCRIPTS)), number, line


def test_there_are_scripts_to_look_at() -> None:
    assert len({name for name, _, _ in lines()}) > 40


def test_no_script_writes_markup() -> None:
    assert [place for *place, line in lines() if MARKUP.search(line)] == []


def test_no_script_reads_words_back_as_data() -> None:
    found = [(name, number) for name, number, line in lines() if READS.search(line) and not assigns(line)]
    assert [place for place in found if place[0] not in MAY_READ] == []
    assert {name for name, _ in found} == set(MAY_READ)


def assigns(line: str) -> bool:
    """Whether all that is done with text on a line is to set it."""
    return not READS.search(re.sub(r"\.textContent =(?: \w+\.\w+ =)?(?: |$)", " ", line))


def test_what_is_chosen_from_a_list_has_a_value_of_its_own() -> None:
    assert [place for *place, line in lines() if OPTION.search(line)] == []


def test_a_text_node_is_kept_only_where_translators_are_kept_out() -> None:
    found = {name for name, _, line in lines() if re.search(r"createTextNode|appendData|replaceData|splitText", line)}
    assert found == {"results/article.js"}
    assert "this.node.translate = !isActive(job)" in (SCRIPTS / "results/article.js").read_text("utf-8")


@pytest.mark.parametrize("name", ["deal", "clock", "cost", "counter", "price", "amount", "sum"])
def test_what_changes_while_the_page_is_open_is_left_alone_by_translators(name: str) -> None:
    drawn = [made for _, _, line in lines() for made in re.findall(rf'\b(\w+)\("\w+", {{ class: "{name}"', line)]
    assert drawn
    assert set(drawn) == {"live"}


# Parts of Gradio's ---------------------------------------------------------------------------------------------------


async def test_gradios_own_words_are_fixed_or_left_alone_by_translators(tmp_path: Path) -> None:
    studio = FakeStudio(settings=Settings(studio_home=tmp_path))
    for family in CATALOGUE.families:
        said: dict[tuple[str, Kind], set[str]] = {}
        for model in studio.catalogue.of_family(family.id):
            for offer in model.offers:
                for field in model.every_field(offer.region):
                    said.setdefault((field.name, kind_of(field)), set()).add(words(field))
        with gr.Blocks(analytics_enabled=False) as page:
            tab = build_tab(studio, family, build_draft(family))  # type: ignore[arg-type]  # a fake of the same shape
        for widget in tab.widgets:
            is_ours = isinstance(widget.component, gr.HTML)
            left_alone = "notranslate" in widget.component.elem_classes
            assert is_ours or left_alone or len(said[widget.name, widget.kind]) == 1, (family.id, widget.key)
        # Gradio's menu takes what was chosen from the node under the press, which a translator has changed.
        assert not [block for block in page.blocks.values() if isinstance(block, gr.Dropdown)]


def words(field: Field) -> str:
    ranges = [getattr(field, name, None) for name in ("minimum", "maximum", "places", "unit")]
    choices = [choice.label for choice in field.choices] if isinstance(field, ChoiceField) else []
    said = "" if isinstance(field, AudioField) else field.help  # our own line under it says that of a sound
    return repr((field.label, said, ranges, choices))

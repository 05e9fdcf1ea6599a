"""The README's table of models, written from the records so that it cannot disagree with them.

`python -m services.catalogue.table` prints it, `--write FILE` puts it between the markers of a file, `--check FILE`
fails when the file's table is stale.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from itertools import groupby
from pathlib import Path

from services.catalogue import CATALOGUE, Catalogue
from services.catalogue.schema import (
    ChoiceField,
    Field,
    FixedField,
    Model,
    NumberField,
    Offer,
    SizeField,
    Sound,
)

BEGIN = "<!-- models: written by python -m services.catalogue.table --write README.md -->"
END = "<!-- models: end -->"
FieldsToWords = Callable[[tuple[Field, ...]], str]
SOUND_WORDS = {Sound.NONE: "silent", Sound.ALWAYS: "yes", Sound.CHOSEN: "on or off"}


def render(catalogue: Catalogue) -> str:
    """The tables as Markdown: one a family, a row a model, in the order of the picker."""
    parts = [_family(catalogue, family.id, family.label) for family in catalogue.families]
    days = sorted({model.source.checked for model in catalogue.models})
    checked = f"Checked against the vendor's pages on {', '.join(day.isoformat() for day in days)}."
    pages = {model.source.url: model.source.page for model in catalogue.models}
    pages |= {model.price_source.url: model.price_source.page for model in catalogue.models}
    sources = "\n".join(f"- [{page}]({url})" for url, page in pages.items())
    return "\n\n".join([*parts, f"{checked} Sources:", sources]) + "\n"


def replace_between_markers(text: str, table: str) -> str:
    """The text with the table between its markers. Raises ValueError where it has none."""
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"The file needs the lines {BEGIN} and {END}.")
    return f"{before}{BEGIN}\n\n{table}\n{END}{after}"


def _family(catalogue: Catalogue, family_id: str, label: str) -> str:
    head = "| Model | Id | Quality | Length | Sound | Price a second |\n|---|---|---|---|---|---|"
    rows = [_row(catalogue, model) for model in catalogue.of_family(family_id)]
    return f"**{label}**\n\n" + "\n".join([head, *rows])


def _row(catalogue: Catalogue, model: Model) -> str:
    cells = (
        model.title,
        _ids(catalogue, model),
        _by_region(catalogue, model, _quality),
        _by_region(catalogue, model, _length),
        SOUND_WORDS[model.sound],
        "<br>".join(f"{_place(catalogue, offer)}: {_prices(offer)}" for offer in model.offers),
    )
    return f"| {' | '.join(cells)} |"


def _place(catalogue: Catalogue, offer: Offer) -> str:
    region = catalogue.region(offer.region)
    return region.label if region else offer.region


def _ids(catalogue: Catalogue, model: Model) -> str:
    others = [f"`{offer.id}` in {_place(catalogue, offer)}" for offer in model.offers if offer.id != model.id]
    return "<br>".join([f"`{model.id}`", *others])


def _by_region(catalogue: Catalogue, model: Model, describe: FieldsToWords) -> str:
    """What holds in the first region, and what differs in the others."""
    usual = describe(model.fields_in(model.offers[0].region))
    parts = [usual]
    for words, offers in groupby(model.offers[1:], key=lambda offer: describe(model.fields_in(offer.region))):
        if words != usual:
            parts.append(f"{words} in {', '.join(_place(catalogue, offer) for offer in offers)}")
    return "<br>".join(parts)


def _quality(fields: tuple[Field, ...]) -> str:
    for field in fields:
        if isinstance(field, SizeField):
            return ", ".join(dict.fromkeys(size.tier for size in field.sizes))
        if isinstance(field, ChoiceField) and field.name == "resolution":
            return ", ".join(str(choice.value) for choice in field.choices)
    return "-"


def _length(fields: tuple[Field, ...]) -> str:
    field = next((field for field in fields if field.name == "duration"), None)
    match field:
        case NumberField():
            return f"{field.minimum} to {field.maximum} s"
        case ChoiceField():
            values = [str(choice.value) for choice in field.choices]
            return f"{', '.join(values[:-1])} or {values[-1]} s" if len(values) > 1 else f"{values[0]} s"
        case FixedField():
            return f"{field.value} s"
        case _:
            return "-"


def _prices(offer: Offer) -> str:
    """`0.10 USD (720P)`; where sound has its price, the price without it follows."""
    return ", ".join(
        f"{price.amount} {offer.currency} ({price.tier}{', no sound' if price.sound is False else ''})"
        for price in offer.prices
    )


def main(arguments: list[str] | None = None, *, catalogue: Catalogue = CATALOGUE) -> int:
    """The command. Returns 1 where `--check` finds a stale table."""
    parser = argparse.ArgumentParser(prog="python -m services.catalogue.table", description="The README's model table.")
    action = parser.add_mutually_exclusive_group()
    action.add_argument("--write", type=Path, metavar="FILE", help="put the table between the markers of this file")
    action.add_argument("--check", type=Path, metavar="FILE", help="fail when the table in this file is stale")
    options = parser.parse_args(arguments)
    table = render(catalogue)
    file: Path | None = options.write or options.check
    if file is None:
        print(table)
        return 0
    old = file.read_text(encoding="utf-8")
    new = replace_between_markers(old, table)
    if options.write:
        file.write_text(new, encoding="utf-8")
    elif new != old:
        print(f"{file} has a stale model table. Run: python -m services.catalogue.table --write {file}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

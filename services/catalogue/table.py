"""The README's table of models, generated from the records: the two cannot disagree.

`python -m services.catalogue.table` prints it, `--write FILE` puts it between the markers of a file, `--check FILE`
fails if the file's table is stale.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from itertools import groupby
from pathlib import Path

from services.catalogue import CATALOGUE, Catalogue
from services.catalogue.schema import (
    KIND_NAMES,
    ChoiceField,
    Field,
    FileField,
    FilesField,
    FixedField,
    Mode,
    Model,
    NumberField,
    Offer,
    Price,
    SizeField,
    Sound,
    SwitchField,
    TextField,
    Unit,
)

BEGIN = "<!-- models: written by python -m services.catalogue.table --write README.md -->"
END = "<!-- models: end -->"
ModelToWords = Callable[[Model, tuple[Field, ...]], str]
SOUND_WORDS = {Sound.NONE: "silent", Sound.ALWAYS: "yes", Sound.CHOSEN: "on or off", Sound.UNSAID: "not said"}


def render(catalogue: Catalogue) -> str:
    """Render the tables as Markdown: one per family, with a row per model, in the order of the picker."""
    parts = [_family(catalogue, family.id, family.label) for family in catalogue.families]
    days = sorted({model.source.checked for model in catalogue.models})
    checked = f"Checked against the vendor's pages on {', '.join(day.isoformat() for day in days)}."
    pages = {model.source.url: model.source.page for model in catalogue.models}
    pages |= {model.price_source.url: model.price_source.page for model in catalogue.models}
    sources = "\n".join(f"- [{page}]({url})" for url, page in pages.items())
    return "\n\n".join([*parts, f"Files in [brackets] may be left out. {checked} Sources:", sources]) + "\n"


def replace_between_markers(text: str, table: str) -> str:
    """Return the text with the table between its markers. Raises ValueError if it has no markers."""
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"The file needs the lines {BEGIN} and {END}.")
    return f"{before}{BEGIN}\n\n{table}\n{END}{after}"


def _family(catalogue: Catalogue, family_id: str, label: str) -> str:
    models = catalogue.of_family(family_id)
    columns = _columns(catalogue, models)
    head = f"| {' | '.join(columns)} |\n|{'---|' * len(columns)}"
    rows = [f"| {' | '.join(cell(model) for cell in columns.values())} |" for model in models]
    return f"**{label}**\n\n" + "\n".join([head, *rows])


def _columns(catalogue: Catalogue, models: tuple[Model, ...]) -> dict[str, Callable[[Model], str]]:
    """Return the columns of a family's table. They depend on its output: clips or pictures, never both."""

    def by_case(describe: ModelToWords) -> Callable[[Model], str]:
        return lambda model: _by_case(catalogue, model, describe)

    columns: dict[str, Callable[[Model], str]] = {
        "Model": lambda model: model.title,
        "Id": lambda model: _ids(catalogue, model),
    }
    if any(isinstance(field, FileField) for model in models for field in model.fields):
        columns["From"] = by_case(_given)
    if any(model.bill.unit is Unit.IMAGE for model in models):
        columns |= {"Size": by_case(_size), "Pictures": by_case(_count)}
        price = "Price a picture"
    else:
        columns |= {"Quality": by_case(_quality), "Length": by_case(_length)}
        columns["Sound"] = lambda model: SOUND_WORDS[model.sound]
        price = "Price a second"
    columns[price] = lambda model: _cost(catalogue, model)
    return columns


def _place(catalogue: Catalogue, offer: Offer) -> str:
    region = catalogue.region(offer.region)
    return region.label if region else offer.region


def _ids(catalogue: Catalogue, model: Model) -> str:
    others = [f"`{offer.id}` in {_place(catalogue, offer)}" for offer in model.offers if offer.id != model.id]
    return "<br>".join([f"`{model.id}`", *others])


def _by_case(catalogue: Catalogue, model: Model, describe: ModelToWords) -> str:
    """Describe a model in its first region, and the differences in its modes and in the other regions."""
    first = model.offers[0].region
    usual = describe(model, model.fields_in(first))
    parts = [usual]
    for mode in model.modes:
        words = describe(model, model.fields_in(first, {mode.field: mode.value}))
        if words not in (usual, "-"):
            parts.append(f"{words} ({_mode(model, mode)})")
    for words, offers in groupby(model.offers[1:], key=lambda each: describe(model, model.fields_in(each.region))):
        if words != usual:
            parts.append(f"{words} in {', '.join(_place(catalogue, offer) for offer in offers)}")
    return "<br>".join(parts)


def _mode(model: Model, mode: Mode) -> str:
    """Return the name of a mode in the form."""
    switch = next(field for field in model.fields if field.name == mode.field)
    if isinstance(switch, ChoiceField):
        return next(choice.label for choice in switch.choices if choice.value == mode.value).lower()
    return switch.label.lower() if isinstance(switch, SwitchField) else str(mode.value)


def _given(model: Model, fields: tuple[Field, ...]) -> str:
    """List the given files, in the order of the form. Optional ones are in brackets."""
    files = [field for field in fields if isinstance(field, FileField)]
    said = [] if any(field.required for field in files) or not _asks_for_words(fields) else ["words"]
    for field in files:
        words = _several(field) if isinstance(field, FilesField) else field.label.lower()
        said.append(words if field.required else f"[{words}]")
    return ", ".join(said)


def _asks_for_words(fields: tuple[Field, ...]) -> bool:
    return any(isinstance(field, TextField) and field.required for field in fields)


def _several(field: FilesField) -> str:
    kinds = " or ".join(KIND_NAMES[taken.vendor.kind][field.most > 1] for taken in field.takes)
    if field.most == 1:
        return f"1 {kinds}"
    return f"{field.least} to {field.most} {kinds}" if field.least else f"up to {field.most} {kinds}"


def _size(model: Model, fields: tuple[Field, ...]) -> str:
    field = next((field for field in fields if isinstance(field, SizeField)), None)
    if field is None:
        return "-"
    said = [area.value for area in field.areas]
    if field.bounds:
        said.append(f"{field.bounds.min_pixels / 1e6:.2g} to {field.bounds.max_pixels / 1e6:.2g} megapixels")
    return ", ".join(said) or ", ".join(size.value.replace("*", " x ") for size in field.sizes)


def _count(model: Model, fields: tuple[Field, ...]) -> str:
    """Return the number of pictures per job, from the first of the bill's fields that exists."""
    by_name = {field.name: field for field in fields}
    match next((by_name[name] for name in model.bill.count if name in by_name), None):
        case NumberField(minimum=least, maximum=most):
            return f"{least:g} to {most:g}"
        case FixedField(value=value):
            return str(value)
        case _:
            return "-"


def _quality(model: Model, fields: tuple[Field, ...]) -> str:
    for field in fields:
        if isinstance(field, SizeField):
            tiers = dict.fromkeys(size.tier for size in field.sizes)
            return ", ".join(tiers) if all(tiers) else _size(model, fields)
        if isinstance(field, ChoiceField) and field.name == model.bill.tier:
            return ", ".join(choice.label for choice in field.choices)
    return "-"


def _length(model: Model, fields: tuple[Field, ...]) -> str:
    by_name = {field.name: field for field in fields}
    match next((by_name[name] for name in model.bill.count if name in by_name), None):
        case NumberField(minimum=least, maximum=most):
            return f"{least:g} to {most:g} s"
        case ChoiceField(choices=choices):
            whole = next((f"{choice.label.lower()}, or " for choice in choices if not choice.value), "")
            return whole + _seconds([int(choice.value) for choice in choices if choice.value])
        case FixedField(value=value):
            return f"{value} s"
        case field if isinstance(field, FileField):
            label = field.label.lower()
            return f"as long as {label if label.startswith('your') else f'the {label}'}"
        case _:
            return "-"


def _seconds(values: list[int]) -> str:
    """Format lengths as `5 or 10 s`, or as a range if there are many without a gap."""
    if len(values) > 3 and values == list(range(values[0], values[-1] + 1)):
        return f"{values[0]} to {values[-1]} s"
    return f"{', '.join(map(str, values[:-1]))} or {values[-1]} s" if len(values) > 1 else f"{values[0]} s"


def _cost(catalogue: Catalogue, model: Model) -> str:
    places: dict[str, list[str]] = {}
    for offer in model.offers:
        places.setdefault(_prices(offer), []).append(_place(catalogue, offer))
    said = [f"{', '.join(where)}: {prices}" for prices, where in places.items()]
    if model.bill.given:
        most = f", {model.bill.given_most:g} at most" if model.bill.given_most else ""
        said.append(f"Seconds of clips given are billed too{most}")
    if model.precheck:
        said.append(f"The picture is checked before, for {model.precheck.price} {model.offers[0].currency}")
    return "<br>".join(said)


def _prices(offer: Offer) -> str:
    """Format prices as `0.10 USD (720P)`. If sound has its own price, the price without sound follows."""
    return ", ".join(f"{price.amount} {offer.currency}{_of_what(price)}" for price in offer.prices)


def _of_what(price: Price) -> str:
    words = [price.tier, "no sound" if price.sound is False else ""]
    said = ", ".join(word for word in words if word)
    return f" ({said})" if said else ""


def main(arguments: list[str] | None = None, *, catalogue: Catalogue = CATALOGUE) -> int:
    """Run the command. Returns 1 if `--check` finds a stale table."""
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

"""The service's verdict on a request in the page's form: notes under fields, and the foot of a form."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

from components.elements import line, note_value
from components.tab.draft import Shown
from components.tab.widgets import files_offer
from components.text import accepted, day_words, file_name, money, sound_words, told, usual_time
from services.catalogue import Catalogue
from services.catalogue.schema import (
    AudioField,
    ChoiceField,
    Field,
    FilesField,
    ImageField,
    Model,
    SizeField,
    SwitchField,
    TextField,
    Unit,
    VideoField,
)
from services.domain.errors import InvalidRequest
from services.domain.money import MICROS
from services.domain.problems import COPIES, PRICE, Problem
from services.request import Cost, Request, fields_for, files_of, output_tier, parse, price
from services.studio import Agreed, AudioFacts, ImageFacts, MediaFacts, VideoFacts

if TYPE_CHECKING:
    from services.studio import Verdict


_NO_FIELDS = ("model", "region", PRICE, COPIES)
"""Subjects of a problem that are not fields of the form. They are never just empty."""


def tone_of(problem: Problem) -> str:
    """Return the tone of a problem. Advice has a calm tone."""
    return "advice" if problem.advice else "bad"


def note_of(field: Field, verdict: Verdict, *, given: Mapping[str, object]) -> dict[str, object]:
    """Build the line under one field. It is blank for an empty field, which the foot of the form reports.

    A problem of one file in a list is shown next to that file.
    """
    lines: list[Mapping[str, object]] = []
    if field.name in given:
        listed = isinstance(field, FilesField | VideoField)
        problems = [p for p in verdict.problems if p.field == field.name and not (listed and _item_of(p, field) >= 0)]
        facts = None if listed else verdict.facts.get(field.name)
        if isinstance(facts, MediaFacts) and not any(not problem.advice for problem in problems):
            first = next((name for name, known in verdict.facts.items() if isinstance(known, ImageFacts)), None)
            is_first = isinstance(field, ImageField) and field.name == first and not verdict.count
            lines.append(line(accepted(facts, output=verdict.output if is_first else ""), tone="ok"))
        lines += [_said(problem) for problem in problems]
        if isinstance(field, AudioField) and isinstance(facts, AudioFacts):
            lines.append(line("The scissors keep only a part of it.", tone="help"))
    elif isinstance(field, AudioField) and field.help:
        lines.append(line(field.help, tone="help"))  # Gradio's own component cannot show it
    maximum = field.max_chars if isinstance(field, TextField) else None
    label = field.label if isinstance(field, ImageField | AudioField) else ""
    return note_value(lines=[each for each in lines if each["text"]], maximum=maximum, label=label)


def _item_of(problem: Problem, field: Field) -> int:
    """Return the index of the file that a problem is about, or -1 for all files together."""
    if isinstance(field, VideoField):
        return 0
    return -1 if problem.item is None else problem.item


def files_of_field(field: FilesField | VideoField, value: Shown, verdict: Verdict, *, prompt: str) -> dict[str, object]:
    """Build the data of the file chooser: the field, and each file with its facts and problems."""
    paths = value if isinstance(value, list) else [value] if isinstance(value, str) else []
    facts = files_of(verdict.facts.get(field.name))
    names = verdict.names.get(field.name, ())
    own = [problem for problem in verdict.problems if problem.field == field.name]
    files = [
        _file(
            path,
            facts[item] if item < len(facts) else None,
            called=names[item] if item < len(names) else "",
            problems=[problem for problem in own if _item_of(problem, field) == item],
        )
        for item, path in enumerate(paths)
    ]
    return {**files_offer(field, prompt=prompt), "files": files}


def _file(path: str, facts: MediaFacts | None, *, called: str, problems: list[Problem]) -> dict[str, object]:
    kind = "video" if isinstance(facts, VideoFacts) else "audio" if isinstance(facts, AudioFacts) else "image"
    return {
        "path": path,
        "name": file_name(facts.name if facts else path.rpartition("/")[2]),
        "kind": kind if facts else "",
        "facts": told(facts) if facts else "",
        "called": called,
        "lines": [_said(problem) for problem in problems],
    }


def foot_of(
    model: Model, verdict: Verdict, *, given: Mapping[str, object], has_note: frozenset[str]
) -> dict[str, object]:
    """Build the foot of a form.

    It shows the expected output, the usual time, the total price, the date the prices were checked, and the reasons
    why the form cannot be submitted yet.
    """
    grave = [problem for problem in verdict.problems if not problem.advice]
    said = [*grave, *(p for p in verdict.problems if p.advice and p.field not in has_note)]
    reasons = [{**_said(p), "tone": _reason_tone(p, given)} for p in said]
    for reason in reasons:
        if reason["field"] in has_note:
            reason["fix"] = None  # its button is under the field
    return {
        "output": " · ".join(part for part in _outcome(model, verdict, given) if part),
        "usual": usual_time(model),
        "price": _total_words(verdict),
        "shown": _shown(verdict),
        "priced": priced_words(verdict.cost),
        "ready": not grave,
        "reasons": reasons,
        "error": None,
        "changed": None,
        "started": None,
    }


def _shown(verdict: Verdict) -> dict[str, object]:
    """Return the price on the button as data. The browser sends it back with the click, and the studio compares."""
    about: dict[str, object] = {"copies": verdict.copies, "seconds": verdict.seconds, "count": verdict.count}
    cost = verdict.cost
    if cost is None or not cost.units:
        return about
    return {"amount": f"{cost.total(verdict.copies):f}", "currency": cost.currency, **about}


def changed_words(agreed: Agreed, verdict: Verdict) -> dict[str, object]:
    """Describe a request that costs more than its button showed.

    Contains both prices and, if the contents differ too, the contents that each price is for.
    """
    before = _made(agreed.copies, seconds=agreed.seconds, count=agreed.count)
    now = _made(verdict.copies, seconds=verdict.seconds, count=verdict.count)
    differ = before and now and before != now
    was = "" if agreed.micros is None else money(Decimal(agreed.micros) / MICROS, agreed.currency or "")
    return {
        "now": _total_words(verdict),
        "now_for": now if differ else "",
        "was": was,
        "was_for": before if differ else "",
    }


def _made(copies: int, *, seconds: float, count: int) -> str:
    """Format the amount of output: `5 s`, `2 × 5 s`, `4 pictures`."""
    times = f"{copies} × " if copies > 1 else ""
    if seconds:
        return f"{times}{round(seconds, 1):g} s"
    return f"{times}{count} picture{'' if count == 1 else 's'}" if count else ""


def _total_words(verdict: Verdict) -> str:
    """Format the total price. Empty while the price depends on a missing file."""
    cost = verdict.cost
    if cost is None or not cost.units:
        return ""
    return f"{'up to ' if cost.at_most else ''}{money(cost.total(verdict.copies), cost.currency)}"


def priced_words(cost: Cost | None) -> str:
    """Format the date of the price list that a price is based on. Empty if there is none."""
    if cost is None or cost.source is None:
        return ""
    if not cost.is_known:
        return f"Not in the prices of {day_words(cost.source.checked)}: reckoned at the dearest"
    return f"Prices of {day_words(cost.source.checked)}"


def _outcome(model: Model, verdict: Verdict, given: Mapping[str, object]) -> list[str]:
    """Describe the expected output, and the parts of the bill that are for anything else."""
    cost = verdict.cost
    times = f"{verdict.copies} × " if verdict.copies > 1 else ""
    said = [f"{times}{round(verdict.seconds, 1):g} s" if verdict.seconds else ""]
    if verdict.count:
        most = "up to " if cost and cost.at_most else ""
        said.append(f"{times}{most}{verdict.count} picture{'' if verdict.count == 1 else 's'}")
    said += [verdict.output, sound_words(model, given)]
    if times and cost and cost.units:
        said.append(f"{money(cost.amount, cost.currency)} each")
    if times and verdict.seeds:
        said.append(f"seeds {verdict.seeds[0]} to {verdict.seeds[-1]}")
    if cost and cost.unit is Unit.SECOND and cost.units - verdict.seconds > 0.05:
        said.append(f"{round(cost.units - verdict.seconds, 1):g} s of your clips are billed too")
    if cost and not cost.units:
        said.append(f"{money(cost.each, cost.currency)} {'a second' if cost.unit is Unit.SECOND else 'a picture'}")
    if cost and cost.check:
        said.append(f"with the check of your picture, {money(cost.check, cost.currency)}")
    return said


def _said(problem: Problem) -> dict[str, object]:
    fix = problem.fix.label if problem.fix else None
    return line(problem.message, tone=tone_of(problem), field=problem.field, fix=fix)


def _reason_tone(problem: Problem, given: Mapping[str, object]) -> str:
    """Return the tone of a reason: a missing value is an invitation, a wrong one is a warning."""
    if problem.advice:
        return "advice"
    return "bad" if problem.field in given or problem.field in _NO_FIELDS else "missing"


def rates_of(
    catalogue: Catalogue, *, model: Model, region: str, given: Mapping[str, object]
) -> dict[str, dict[str, tuple[Decimal, str]]]:
    """Return the price of a second for each choice that determines the price, by field and value."""
    plain = (ChoiceField, SwitchField)
    fields = fields_for(model, region, given)
    known = {field.name: given[field.name] for field in fields if field.name in given and isinstance(field, plain)}
    try:
        request = parse(catalogue, family=model.family, model_id=model.id, region=region, given=known)
    except InvalidRequest:
        return {}
    if {row.tier for row in request.offer.prices} == {""}:
        return {}
    rates: dict[str, dict[str, tuple[Decimal, str]]] = {}
    for field in request.fields:
        if isinstance(field, SizeField):
            options: list[tuple[str, str]] = [(size.value, size.tier) for size in field.sizes]
        elif isinstance(field, ChoiceField):
            options = [(str(choice.value), str(choice.value)) for choice in field.choices]
        else:
            continue
        rates[field.name] = _rates(request, field.name, options)
    return {name: found for name, found in rates.items() if found}


def _rates(request: Request, name: str, options: list[tuple[str, str]]) -> dict[str, tuple[Decimal, str]]:
    found: dict[str, tuple[Decimal, str]] = {}
    for value, tier in options:
        tried = replace(request, values={**request.values, name: value})
        if output_tier(tried) != tier:
            return {}
        cost = price(tried)
        found[value] = (cost.each, cost.currency)
    return found

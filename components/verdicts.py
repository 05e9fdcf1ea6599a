"""What the service says about a request, as the page shows it: notes under fields, and the foot of a form."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

from components.elements import line, note_value
from components.words import accepted, money, sound_words, usual_time
from services.catalogue import Catalogue
from services.catalogue.schema import ChoiceField, Field, ImageField, Model, SizeField, SwitchField, TextField
from services.errors import InvalidRequest
from services.problems import Problem
from services.request import Request, output_tier, parse, price

if TYPE_CHECKING:
    from services.studio import Verdict


def tone_of(problem: Problem) -> str:
    """How a problem looks: advice is said calmly."""
    return "advice" if problem.advice else "bad"


def note_of(field: Field, verdict: Verdict, *, given: Mapping[str, object]) -> dict[str, object]:
    """The line under one field. A field that is merely empty says nothing there: the foot of the form does."""
    lines: list[Mapping[str, object]] = []
    if field.name in given:
        problems = [problem for problem in verdict.problems if problem.field == field.name]
        facts = verdict.facts.get(field.name)
        if facts is not None and not any(not problem.advice for problem in problems):
            lines.append(
                line(accepted(facts, output=verdict.output if isinstance(field, ImageField) else ""), tone="ok")
            )
        lines += [_said(problem) for problem in problems]
    maximum = field.max_chars if isinstance(field, TextField) else None
    return note_value(lines=[each for each in lines if each["text"]], maximum=maximum)


def foot_of(
    model: Model, verdict: Verdict, *, given: Mapping[str, object], has_note: frozenset[str]
) -> dict[str, object]:
    """The foot of a form: what will come out, how long it takes, what it costs, and why it cannot run yet."""
    grave = [problem for problem in verdict.problems if not problem.advice]
    said = [*grave, *(p for p in verdict.problems if p.advice and p.field not in has_note)]
    reasons = [{**_said(p), "tone": _reason_tone(p, given)} for p in said]
    for reason in reasons:
        if reason["field"] in has_note:
            reason["fix"] = None  # its button stands under the field
    cost = verdict.cost
    output = [f"{verdict.seconds} s" if verdict.seconds else "", verdict.output, sound_words(model, given)]
    return {
        "output": " · ".join(part for part in output if part),
        "usual": usual_time(model),
        "price": money(cost.amount, cost.currency) if cost else "",
        "ready": not grave,
        "reasons": reasons,
        "error": None,
        "started": None,
    }


def _said(problem: Problem) -> dict[str, object]:
    fix = problem.fix.label if problem.fix else None
    return line(problem.message, tone=tone_of(problem), field=problem.field, fix=fix)


def _reason_tone(problem: Problem, given: Mapping[str, object]) -> str:
    """What is missing is an invitation, what is wrong is a warning."""
    if problem.advice:
        return "advice"
    return "bad" if problem.field in given or problem.field in ("model", "region") else "missing"


def rates_of(
    catalogue: Catalogue, *, model: Model, region: str, given: Mapping[str, object]
) -> dict[str, dict[str, tuple[Decimal, str]]]:
    """The price of a second for each choice that decides the price, by field and value."""
    plain = (ChoiceField, SwitchField)
    known = {name: value for name, value in given.items() if isinstance(model.field(name, region), plain)}
    try:
        request = parse(catalogue, family=model.family, model_id=model.id, region=region, given=known)
    except InvalidRequest:
        return {}
    rates: dict[str, dict[str, tuple[Decimal, str]]] = {}
    for field in model.fields_in(region):
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

"""Whether page and simulator agree: inputs made at random, judged by both sides, with every disagreement counted.

`python -m tests.bench parity --cases 10000 --seed 1` runs as many as one likes; `tests/end_to_end/test_parity.py` runs
a few.

Nothing here knows a model. Files are facts, so that ten thousand inputs take a minute: the vendor's side is the
simulator's own judge, inspection and making, with the fetching of files and the drawing of pictures left out.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, assert_never

import hypothesis
from hypothesis import Phase

from services.catalogue import CATALOGUE, Catalogue
from services.catalogue.schema import (
    Field,
    FileField,
    FilesField,
    FixedField,
    NumberField,
    Place,
    Side,
    TextField,
    Wire,
)
from services.domain.problems import Problem
from services.media.facts import MediaFacts
from services.request import Request, billed, build, fields_for, files_of, price
from services.simulator.engine.clock import SystemClock
from services.simulator.engine.inspection import Found, judge_file
from services.simulator.engine.judge import Order, judge
from services.simulator.engine.ledger import Task
from services.simulator.engine.making import Maker
from services.simulator.engine.refusal import Refusal
from services.simulator.media.artist import Clip, Picture
from tests.bench.cases import SLOW, Case, asked, cases, grave_problems
from tests.bench.figures import Table

# On the wire ----------------------------------------------------------------------------------------------------------


def wire_body(request: Request) -> tuple[dict[str, Any], dict[str, MediaFacts]]:
    """The body as it goes over the wire, and what lies behind each of its addresses.

    A length that cannot be chosen is told where it is not the one there is: the vendor refuses it, as we do.
    """
    files: dict[str, MediaFacts] = {}
    urls: dict[str, str | list[str]] = {}
    for each in request.fields:
        own = {f"https://example.com/{each.name}-{n}": facts for n, facts in enumerate(request.files(each.name))}
        files |= own
        urls[each.name] = list(own) if isinstance(each, FilesField) else "".join(own)
    body: dict[str, Any] = json.loads(json.dumps(build(request, urls)))
    for each in request.fields:
        if isinstance(each, FixedField) and each.wire and request.values.get(each.name) != each.value:
            put(body, each.wire, request.values.get(each.name))
    return body, files


def put(body: dict[str, Any], wire: Wire, raw: object) -> None:
    """A raw value at its place in a body."""
    match wire.place:
        case Place.INPUT | Place.PARAMETERS:
            body[str(wire.place)][wire.key] = raw
        case Place.CONTENT:
            body["input"].setdefault("messages", [{"role": "user", "content": []}])[0]["content"].append(
                {wire.key: raw}
            )
        case Place.MEDIA:
            body["input"].setdefault("media", []).append({"type": wire.key, "url": raw})
        case _:
            assert_never(wire.place)


# The vendor's side ----------------------------------------------------------------------------------------------------


class _NoArtist:
    """Draws nothing."""

    async def film(self, clip: Clip, target: Path) -> None:
        """No clip."""

    async def paint(self, picture: Picture, target: Path) -> None:
        """No picture."""

    async def close(self) -> None:
        """Nothing to stop."""


class _Known:
    """Finds the files of a task in a table instead of on the net, and judges them as the service does."""

    def __init__(self, files: Mapping[str, MediaFacts]) -> None:
        self._files = files

    async def inspect(self, each: FileField, given: tuple[str, ...], **_: object) -> tuple[Found, ...]:
        """What lies behind these addresses. Raises Refusal."""
        found = tuple(Found(path=Path(url), facts=self._files[url]) for url in given)
        for one in found:
            judge_file(each, one.facts)
        return found


@dataclass(frozen=True, kw_only=True)
class Taken:
    """A call that the vendor took and finished."""

    order: Order
    usage: dict[str, object]


async def sell(case: Case, body: Mapping[str, object], files: Mapping[str, MediaFacts]) -> Taken:
    """What the simulator makes of a body: judged, its files looked at, planned, made and counted. Raises Refusal."""
    order = judge(case.model, case.offer, body)
    clock = SystemClock()
    # The inspector is handed in by its one method.
    maker = Maker(_NoArtist(), _Known(files), folder=Path(), clock=clock, lose_pictures=False)  # type: ignore[arg-type]
    work = await maker.prepare(_task(case, order), order)
    await maker.make(work)
    return Taken(order=order, usage=work.usage)


def _task(case: Case, order: Order) -> Task:
    return Task(
        id="t",
        request_id="r",
        account="a",
        region=case.region,
        model=case.offer.id,
        path=case.model.endpoint.path,
        values=dict(order.values),
        media=dict(order.media),
        shape=case.model.result,
        resolves_oss=True,
        seed=1,
        wait_seconds=0,
        run_seconds=0,
        submitted_at=datetime(2026, 1, 1, tzinfo=UTC),
    )


# Both -----------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Finding:
    """How the two sides stand to a case. `complaint` says where they disagree and should not."""

    outcome: str
    complaint: str = ""


async def compare_sides(case: Case, catalogue: Catalogue = CATALOGUE) -> Finding:
    """Put a case to both sides."""
    request, problems = asked(case, catalogue)
    for problem in problems:
        if not problem.message.endswith((".", "?")):
            return Finding(outcome="refused", complaint=f"no full stop: {problem.message!r}")
    if request is None:
        return await _compare_unread(case, problems, catalogue)
    body, files = wire_body(request)
    refusal: Refusal | None = None
    taken: Taken | None = None
    try:
        taken = await sell(case, body, files)
    except Refusal as error:
        refusal = error
    if not problems:
        if taken is None:
            return Finding(outcome="accepted", complaint=f"the vendor refuses: {refusal} {body}")
        return Finding(outcome="accepted", complaint=_misread(request, taken, body) or _misbilled(request, taken))
    theirs = grave_problems(request, Side.VENDOR)
    if theirs and taken:
        return Finding(outcome="refused by both", complaint=f"the vendor takes: {[p.message for p in theirs]} {body}")
    if not theirs and refusal:
        return Finding(outcome="narrower", complaint=f"the vendor refuses: {refusal} {[p.message for p in problems]}")
    mended = await _mended(case, problems, catalogue)
    return Finding(outcome="refused by both" if theirs else "our limit is narrower", complaint=mended)


async def _compare_unread(case: Case, problems: tuple[Problem, ...], catalogue: Catalogue) -> Finding:
    """A value that the page cannot even read: the vendor refuses it, too, unless it knows no such key."""
    wrong = {problem.field for problem in problems}
    fields = {each.name: each for each in fields_for(case.model, case.region, case.given)}
    if wrong - fields.keys():
        return Finding(outcome="no such key: ignored by the vendor")
    rest = replace(case, given={name: raw for name, raw in case.given.items() if name not in wrong})
    request, others = asked(rest, catalogue)
    if request is None or others:
        return Finding(outcome="refused by both")
    body, files = wire_body(request)
    for name in wrong:
        wire = fields[name].wire
        if wire is None:
            return Finding(outcome="told to the page alone")
        put(body, wire, case.given[name])
    try:
        await sell(case, body, files)
    except Refusal:
        return Finding(outcome="refused by both")
    if all(_is_finer(fields[name], case.given[name]) for name in wrong):
        return Finding(outcome="our limit is narrower")
    return Finding(outcome="refused", complaint=f"the vendor takes: {[p.message for p in problems]} {body}")


def _is_finer(each: Field, raw: object) -> bool:
    """Whether a number merely has more digits behind the point than the page takes."""
    return isinstance(each, NumberField) and each.places > 0 and isinstance(raw, float)


def _misread(request: Request, taken: Taken, body: Mapping[str, object]) -> str:
    """Where the vendor understood something else than the page meant."""
    order = taken.order
    for each in request.fields:
        meant = request.values.get(each.name)
        if meant is None or each.name in request.dropped:
            continue
        if isinstance(each, FileField):
            count = len(order.media.get(each.name, ()))
            own = all(f"/{each.name}-{n}" in url for n, url in enumerate(order.media.get(each.name, ())))
            if count != len(files_of(meant)) or not own:
                return f"{each.name} was read as {order.media.get(each.name)} {body}"
        elif each.wire and order.values.get(each.name) != meant:
            return f"{each.name} {meant!r} was read as {order.values.get(each.name)!r} {body}"
    return ""


def _misbilled(request: Request, taken: Taken) -> str:
    """Where the price that was told is not what is billed."""
    told = price(request)
    amount = billed(request, taken.usage)
    if amount is None:
        return f"cannot be billed by {taken.usage}"
    promised = told.amount - told.check
    if amount == promised or (told.at_most and amount <= promised):
        return ""
    return f"told {promised}, billed {amount} by {taken.usage}"


async def _mended(case: Case, problems: tuple[Problem, ...], catalogue: Catalogue) -> str:
    """Words that are cut as the fix says pass the check. (Repairs of files are tried with files.)"""
    for problem in problems:
        each = next(f for f in fields_for(case.model, case.region, case.given) if f.name == problem.field)
        if problem.fix and isinstance(each, TextField):
            cut = str(case.given[each.name])[: each.max_chars]
            _, left = asked(replace(case, given={**case.given, each.name: cut}), catalogue)
            if any(other.field == each.name for other in left):
                return f"the fix of {each.name} does not pass"
    return ""


# As a bench -----------------------------------------------------------------------------------------------------------


@dataclass(kw_only=True)
class Stats:
    """What many cases came to."""

    outcomes: Counter[str] = field(default_factory=Counter[str])
    ways: Counter[str] = field(default_factory=Counter[str])
    complaints: list[str] = field(default_factory=list[str])
    seconds: float = 0.0


def tally(count: int, *, seed: int, catalogue: Catalogue = CATALOGUE) -> Stats:
    """So many cases, the same for the same seed. Every disagreement is kept, none stops it."""
    kept = Stats()
    began = time.monotonic()
    with asyncio.Runner() as runner:

        @hypothesis.seed(seed)
        @hypothesis.settings(
            max_examples=count,
            database=None,
            deadline=None,
            phases=(Phase.generate,),
            suppress_health_check=SLOW,
        )
        @hypothesis.given(cases(catalogue))
        def one(case: Case) -> None:
            finding = runner.run(compare_sides(case, catalogue))
            kept.outcomes[finding.outcome] += 1
            modes = [f"{mode.field}={mode.value}" for mode in case.model.modes_on(case.given)]
            kept.ways[" ".join([case.model.id, case.region, *modes])] += 1
            if finding.complaint:
                kept.complaints.append(f"{case!r}\n    {finding.complaint}")

        one()
    kept.seconds = time.monotonic() - began
    return kept


def compare(count: int, seed: int) -> list[Table]:
    """The table of a run."""
    found = tally(count, seed=seed)
    rows = tuple((name, f"{number:,}") for name, number in found.outcomes.most_common())
    total = sum(found.outcomes.values())
    return [
        Table(
            title="Page and simulator",
            columns=("outcome", "inputs"),
            rows=(*rows, ("all", f"{total:,}"), ("disagreements", f"{len(found.complaints):,}")),
            notes=(
                f"seed {seed}; {len(found.ways)} models x regions x modes; {found.seconds:.0f} s",
                *found.complaints[:20],
            ),
            raw={"outcomes": dict(found.outcomes), "ways": dict(found.ways), "complaints": found.complaints},
        )
    ]

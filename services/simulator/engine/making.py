"""Makes the result of a job: reads its files, plans its steps, and yields each step that the artist makes.

Uses the artist and the inspector. Independent of task states, limits and HTTP.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import NoReturn

from services.catalogue.schema import FileField, FilesField, Side
from services.domain.problems import Problem
from services.request import Request, Value, check, files_to_send
from services.simulator.engine.clock import Clock
from services.simulator.engine.inspection import Found, Inspector
from services.simulator.engine.judge import Order
from services.simulator.engine.ledger import Piece, Task
from services.simulator.engine.outcome import Made, moderate, rewrite, usage_of, work_size
from services.simulator.engine.plan import LOST, Step, plan_work
from services.simulator.engine.refusal import wrong_value
from services.simulator.engine.wires import place_of
from services.simulator.media.article import fragments_of
from services.simulator.media.artist import Artist

_WORDS_SHARE = 0.25
"""The share of an article's time for its text. Its pictures take the rest, during which nothing is streamed."""


@dataclass(frozen=True, kw_only=True)
class Part:
    """One part of a result, streamed while it is made: a few words, or a picture."""

    piece: Piece
    whole: bool
    """True if a paragraph or a picture ends with it."""
    last: bool
    usage: dict[str, object]
    """Usage of everything so far."""


@dataclass(kw_only=True)
class Work:
    """A job in progress: the parts to make, and the parts made so far."""

    request: Request
    """With the facts of its files."""
    steps: tuple[Step, ...]
    actual_prompt: str = ""
    done: list[Piece] = field(default_factory=list[Piece])

    @property
    def pieces(self) -> tuple[Piece, ...]:
        """The parts made so far, in order."""
        return tuple(self.done)

    @property
    def usable(self) -> bool:
        """True if any part was made successfully."""
        return any(piece.file or piece.text for piece in self.done)

    @property
    def usage(self) -> dict[str, object]:
        """The billed usage of everything so far."""
        pictures = sum(bool(piece.file) for piece in self.done)
        letters = sum(len(piece.text) for piece in self.done)
        size = work_size(self.request) if pictures else (0, 0)
        return usage_of(self.request, Made(size=size, pictures=pictures, letters=letters))


class Maker:
    """Makes the results of jobs."""

    def __init__(
        self, artist: Artist, inspector: Inspector, *, folder: Path, clock: Clock, lose_pictures: bool
    ) -> None:
        self._artist = artist
        self._inspector = inspector
        self._folder = folder
        self._clock = clock
        self._lose_pictures = lose_pictures

    async def prepare(self, task: Task, order: Order) -> Work:
        """Check the prompt and the files of a task and plan it. Raises Refusal if they are not accepted."""
        moderate(order.request.prompt)
        found = await self._inspect(task, order)
        request = _with_files(order, found)
        _hold_to_files(request)
        steps = plan_work(request, found, name=task.id, seed=task.seed, loses=self._lose_pictures)
        return Work(request=request, steps=steps, actual_prompt=rewrite(request, seed=task.seed))

    async def _inspect(self, task: Task, order: Order) -> dict[str, tuple[Found, ...]]:
        """Return the task's files, found and checked. Raises Refusal if one is not accepted.

        A file that the model ignores is not read.
        """
        return {
            each.name: await self._inspector.inspect(
                each,
                task.media[each.name],
                task_id=task.id,
                owner=(task.account, task.model),
                oss=task.resolves_oss,
            )
            for each in files_to_send(order.request)
        }

    async def make(self, work: Work) -> None:
        """Make all parts, as fast as the artist can."""
        for step in work.steps:
            work.done.append(await self._do(step))

    async def tell(self, work: Work, *, seconds: float) -> AsyncIterator[Part]:
        """Make all parts in about this many seconds and yield each when it is ready, text a few words at a time."""
        texts = sum(bool(step.text) for step in work.steps)
        others = len(work.steps) - texts
        words_time = seconds * (_WORDS_SHARE if others else 1.0) / max(1, texts)
        others_time = seconds * (1 - _WORDS_SHARE if texts else 1.0) / max(1, others)
        due = self._clock.now()
        for number, step in enumerate(work.steps):
            last = number + 1 == len(work.steps)
            if step.text:
                async for part in self._tell_words(work, step.text, begin=due, seconds=words_time):
                    yield replace(part, last=last and part.whole)
                due += timedelta(seconds=words_time)
                continue
            due += timedelta(seconds=others_time)
            work.done.append(await self._do(step))
            await self._sleep_until(due)
            yield Part(piece=work.done[-1], whole=True, last=last, usage=work.usage)

    async def _tell_words(self, work: Work, text: str, *, begin: datetime, seconds: float) -> AsyncIterator[Part]:
        fragments = list(fragments_of(text))
        work.done.append(Piece())
        for number, words in enumerate(fragments, 1):
            await self._sleep_until(begin + timedelta(seconds=seconds * number / len(fragments)))
            work.done[-1] = Piece(text=work.done[-1].text + words)
            yield Part(piece=Piece(text=words), whole=number == len(fragments), last=False, usage=work.usage)

    async def _sleep_until(self, moment: datetime) -> None:
        await self._clock.sleep((moment - self._clock.now()).total_seconds())

    async def _do(self, step: Step) -> Piece:
        if step.lost:
            return Piece(code=LOST[0], message=LOST[1])
        if step.clip:
            await self._artist.film(step.clip, self._folder / step.file)
        elif step.picture:
            await self._artist.paint(step.picture, self._folder / step.file)
        return Piece(file=step.file, text=step.text, prompt=step.prompt)


def _with_files(order: Order, found: dict[str, tuple[Found, ...]]) -> Request:
    """Return the request with the facts of its files. An ignored file stays unknown."""
    values: dict[str, Value] = dict(order.request.values)
    for each in order.request.fields:
        if isinstance(each, FileField) and each.name in found:
            facts = tuple(one.facts for one in found[each.name])
            values[each.name] = facts if isinstance(each, FilesField) else facts[0]
    return replace(order.request, values=values)


def _hold_to_files(request: Request) -> None:
    """Check the rules that need the files: count of each kind, total length, exclusions.

    Raises Refusal if one is broken. A list that shares its wire with others was counted with them when the call was
    validated.
    """
    shared = [each.wire for each in request.fields if isinstance(each, FilesField)]
    for problem in check(request, side=Side.VENDOR):
        each = request.model.field(problem.field, request.offer.region, request.values)
        if problem.advice or each is None or (isinstance(each, FilesField) and shared.count(each.wire) > 1):
            continue
        _refuse(problem, each.wire and place_of(each))


def _refuse(problem: Problem, place: str | None) -> NoReturn:
    raise wrong_value(f"Required parameter({place or problem.field}) missing or invalid, please check.")

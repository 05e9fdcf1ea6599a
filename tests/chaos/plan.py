"""What happens in a run: who orders what, when the studio is killed, and which troubles come. All of it from one seed.

Pure. Knows neither processes nor the simulator. The same seed is the same plan; what of it a machine meets in which
millisecond differs, as it does in life.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum


class Mark(StrEnum):
    """A point in the life of a job at which the studio is killed."""

    ORDER_WRITTEN = "an order is in the database, nobody was told"
    LANE_GIVEN = "a lane is given, the engine does not know"
    INTENT_WRITTEN = "the intent is committed, nothing is sent"
    TAKEN = "the provider has taken the order, its answer is on its way"
    ANSWER_IN_HAND = "the answer is here, not stored"
    LOOKING_UP = "an order is being looked up"
    POLLING = "a task is asked for"
    CANCELING = "a cancel is on its way"
    UPLOADING = "a file is on its way to the provider"
    DOWNLOADING = "half a result is here"
    ROWS_BEGUN = "the files' rows are written, not committed"
    ROWS_WRITTEN = "the files' rows are committed"
    ANY_TIME = "any time"


@dataclass(frozen=True, kw_only=True)
class Order:
    """What a person orders. `tag` is a word of its prompt that stands in no other order."""

    tag: str
    person: str
    family: str
    model: str
    given: Mapping[str, object]
    copies: int = 1


@dataclass(frozen=True, kw_only=True)
class Life:
    """One life of a studio, from its start to kill -9."""

    mark: Mark
    count: int
    """Killed when the mark is met for this time."""
    seconds: float
    """How long it lives, once it is ready, where it does not meet its mark."""
    orders: tuple[Order, ...]
    cancels: int = 0
    """How many jobs somebody tries to stop."""
    hides: int = 0
    """How many works somebody wants hidden when they arrive."""
    full_disk: bool = False
    """Whether the disk is full from soon after its start until some time into its next life."""
    closed_list: bool = False
    """Whether the key may not read the list of orders meanwhile."""
    hours_awake: float = 0
    """How far the clocks of everybody move while it lives: a lid that was closed."""
    hours_down: float = 0
    """How far they move after its death."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """One run."""

    seed: int
    postgresql: bool
    studios: int
    """How many processes share the work."""
    speed: float
    """Of the provider."""
    lives: tuple[Life, ...]
    strangers: bool = False
    """Whether somebody else's program buys with the same account meanwhile."""
    list_lag: float = 0.0
    """The longest lag of the provider's list. Seconds."""
    spell: bool = False
    """Whether in the first life every order breaks, all of one model: they must not hold up those that come later."""

    @property
    def jobs(self) -> int:
        """How many jobs are ordered."""
        return sum(order.copies for life in self.lives for order in life.orders)


CREATES_DROPPED = 0.2
"""Answers to orders that are lost, or say nothing: half of them before the provider has taken the order, half after."""
LONGEST_LIST_LAG = 3.0
"""Up to so long, in seconds, a new task is missing from the list: a hundredth of five minutes, as the studio's patience
in a run is a hundredth of its usual one."""
POLLS_FAILED = 0.1
DOWNLOADS_CUT = 0.3
THROTTLED = 0.03
UPLOADS_FAILED = 0.1

_LIVES = 3
_MORE_IN_A_SPELL = 6
"""One more than the lanes of the model that is ordered then."""
_PEOPLE = ("ada", "bo", "chen")
_HOURS = (1.0, 20.0, 23.5, 25.0, 49.0)
_SHARE = 0.3
"""Of the runs that meet each of the larger troubles."""


@dataclass(frozen=True, kw_only=True)
class Offer:
    """One thing to order, small and of a kind of its own."""

    family: str
    model: str
    given: Mapping[str, object]
    picture: str = ""
    """The field that takes a picture, if any."""


MENU = (
    Offer(family="text_to_video", model="wan2.6-t2v", given={"duration": 2}),
    Offer(family="text_to_video", model="wan2.7-t2v", given={"duration": 2, "resolution": "720P"}),
    Offer(family="image_to_video", model="wan2.6-i2v-flash", given={"duration": 2}, picture="image"),
    Offer(family="generate_image", model="wan2.6-t2i", given={"n": 2}),
    Offer(family="generate_image", model="wan2.2-t2i-flash", given={"n": 1}),
    Offer(
        family="generate_image",
        model="wan2.6-image",
        given={"enable_interleave": True, "max_images": 1, "stream": True},
    ),
)


def plan_of(seed: int, *, jobs: int, postgresql: bool, picture: str) -> Plan:
    """The plan of a run. `picture` is the path of a file to give where one is asked for."""
    chance = random.Random(seed)
    lag, spell = chance.choice((0.0, 0.2, 1.0)) * LONGEST_LIST_LAG, chance.random() < _SHARE / 2
    menu = MENU[:1] if spell else MENU
    orders = _orders(chance, seed=seed, jobs=jobs + _MORE_IN_A_SPELL * spell, picture=picture, menu=menu)
    shares: list[list[Order]] = [[] for _ in range(_LIVES)]
    for number, order in enumerate(orders):
        # Most come early: what comes late has little left to survive.
        early = min(chance.randrange(_LIVES), chance.randrange(_LIVES))
        shares[min(number // _MORE_IN_A_SPELL, _LIVES - 1) if spell else early].append(order)
    fills, closes, moves = (chance.random() < _SHARE for _ in range(3))
    full, closed, moved = (chance.randrange(_LIVES) for _ in range(3))
    awake, hours = chance.random() < 0.5, chance.choice(_HOURS)
    lives = tuple(
        Life(
            mark=chance.choice(tuple(Mark)),
            count=chance.choice((1, 1, 2, 3)),
            seconds=chance.uniform(0.5, 3.0),
            orders=tuple(share),
            cancels=chance.choice((0, 0, 0, 1)),
            hides=chance.choice((0, 0, 1)),
            full_disk=fills and number == full,
            closed_list=closes and number == closed,
            hours_awake=hours if moves and awake and number == moved else 0,
            hours_down=hours if moves and not awake and number == moved else 0,
        )
        for number, share in enumerate(shares)
    )
    return Plan(
        seed=seed,
        postgresql=postgresql,
        studios=2 if postgresql else 1,
        speed=chance.choice((20.0, 40.0, 80.0)),
        lives=lives,
        strangers=chance.random() < _SHARE,
        list_lag=lag,
        spell=spell,
    )


def _orders(chance: random.Random, *, seed: int, jobs: int, picture: str, menu: Sequence[Offer]) -> list[Order]:
    """Orders of so many jobs; now and then several of the very same words, which are hard to tell apart."""
    orders: list[Order] = []
    while (left := jobs - sum(order.copies for order in orders)) > 0:
        offer, tag = chance.choice(menu), f"order-{seed}-{len(orders)}"
        copies = 2 if left > 1 and chance.random() < 0.2 else 1
        files = {offer.picture: picture} if offer.picture else {}
        one = Order(
            tag=tag,
            person=chance.choice(_PEOPLE),
            family=offer.family,
            model=offer.model,
            given={**offer.given, **files, "prompt": f"a paper boat on a quiet lake, {tag}"},
            copies=copies,
        )
        orders.append(one)
        if left > copies and chance.random() < 0.15:
            # Somebody else asks for the very same.
            orders.append(
                Order(
                    tag=tag,
                    person=chance.choice(_PEOPLE),
                    family=one.family,
                    model=one.model,
                    given=one.given,
                    copies=1,
                )
            )
    return orders

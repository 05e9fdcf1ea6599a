"""Parser of the search box's query language. Pure: knows no SQL, and never raises.

    red fox "on the snow" -cat          words (beginnings of words too), a phrase, an excluded word
    model:wan2.6 family:text kind:video status:done tag:cats by:ann in:"For print" is:imported fav
    seconds>5 seconds:4-8 cost<=1 rating>=3 before:2026-11 after:yesterday on:2026-11-20

Several values with a comma mean any of them; `-` before a filter means all others. Parts that cannot be understood are
left out and reported in a sentence. The language is documented for users beside the search box.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import assert_never

from services.catalogue.schema import Family, Model
from services.domain.jobs import FINAL, JobStatus
from services.domain.search_query import Among, Between, Filter, Mark, Marked, Measure, Query, Trait, Words

_LONGEST_QUERY = 2_000
_MOST_PARTS = 32
_ALIKE = str.maketrans("：＞＜＝“”„«»－", ':><="""""-')
"""Characters that other keyboards and word processors produce for those of the language."""
_PART = re.compile(
    r"""(?P<minus>-)?
        (?:(?P<name>[^\W\d_]+)(?P<sign>>=|<=|:>=|:<=|:>|:<|:=|[:=<>])(?=\S))?
        (?:"(?P<quoted>[^"]*)(?:"|$)|(?P<plain>[^\s"]+))""",
    re.VERBOSE,
)


# Parsed queries -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Names:
    """The names of families and models, as people type them."""

    families: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    """Our id -> every other name."""
    models: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])


def names_of(families: Iterable[Family], models: Iterable[Model]) -> Names:
    """Return the names that a catalogue provides."""
    return Names(
        families={family.id: (family.label,) for family in families},
        models={model.id: (model.title, *(offer.id for offer in model.offers)) for model in models},
    )


def parse_query(text: str, *, names: Names | None = None, now: datetime | None = None) -> Query:
    """Parse a query; never raises.

    Without `names`, ids must be typed in full. Days are in the time zone of `now`, by default the machine's clock.
    """
    reader = _Reader(names or Names(), now or datetime.now().astimezone())
    read = text[:_LONGEST_QUERY].translate(_ALIKE).encode(errors="replace").decode()  # quoted text can be displayed
    parts = list(_PART.finditer(read))
    if len(text) > _LONGEST_QUERY or len(parts) > _MOST_PARTS:
        reader.remarks.append("That is a long search: only its beginning was used.")
    for part in parts[:_MOST_PARTS]:
        reader.read(part)
    return Query(words=tuple(reader.words), filters=tuple(reader.filters), remarks=tuple(dict.fromkeys(reader.remarks)))


# Reading -------------------------------------------------------------------------------------------------------------

_TRAITS = {
    "model": Trait.MODEL,
    "family": Trait.FAMILY,
    "status": Trait.STATUS,
    "state": Trait.STATUS,
    "kind": Trait.KIND,
    "tag": Trait.TAG,
    "by": Trait.PERSON,
    "in": Trait.COLLECTION,
    "collection": Trait.COLLECTION,
}
_MEASURES = {
    "seconds": Measure.SECONDS,
    "cost": Measure.COST,
    "rating": Measure.RATING,
    "stars": Measure.RATING,
}
_MARKS = {
    "fav": Mark.FAVOURITE,
    "favourite": Mark.FAVOURITE,
    "favorite": Mark.FAVOURITE,
    "imported": Mark.IMPORTED,
}
_BARE_MARKS = frozenset({"fav", "favourite", "favorite"})
_DATES = frozenset({"before", "after", "on"})
_LIVE = tuple(status for status in JobStatus if status not in FINAL)
_BEFORE_WORK = (JobStatus.QUEUED, JobStatus.UPLOADING, JobStatus.SUBMITTING, JobStatus.PENDING)
_PLAIN_STATES: Mapping[str, tuple[JobStatus, ...]] = {
    **{str(status): (status,) for status in JobStatus},
    "done": (JobStatus.SUCCEEDED,),
    "ready": (JobStatus.SUCCEEDED,),
    "finished": (JobStatus.SUCCEEDED,),
    "error": (JobStatus.FAILED,),
    "cancelled": (JobStatus.CANCELED,),
    "waiting": _BEFORE_WORK,
    "working": (JobStatus.RUNNING, JobStatus.SAVING),
    "active": _LIVE,
    "unfinished": _LIVE,
}
_PLAIN_KINDS: Mapping[str, str] = {
    **dict.fromkeys(("video", "videos", "clip", "clips", "film"), "video"),
    **dict.fromkeys(("picture", "pictures", "image", "images", "photo"), "image"),
    **dict.fromkeys(("sound", "sounds", "audio", "voice", "music"), "audio"),
    **dict.fromkeys(("article", "articles"), "article"),
}


class _Reader:
    """Collects the meaning of the parts of a query."""

    def __init__(self, names: Names, now: datetime) -> None:
        self._names = names
        self._now = now
        self.words: list[Words] = []
        self.filters: list[Filter] = []
        self.remarks: list[str] = []

    def read(self, part: re.Match[str]) -> None:
        without = part["minus"] is not None
        quoted = part["quoted"]
        value = part["plain"] if quoted is None else quoted
        name = (part["name"] or "").casefold()
        if not name:
            self._read_word(value, phrase=quoted is not None, without=without)
        elif not self._read_filter(name, part["sign"].lstrip(":") or ":", value, without=without):
            self._read_unknown(part, value, without=without)

    def _read_word(self, value: str, *, phrase: bool, without: bool) -> None:
        if not phrase and value.casefold() in _BARE_MARKS:
            self.filters.append(Marked(mark=Mark.FAVOURITE, without=without))
        elif any(sign.isalnum() for sign in value):
            self.words.append(Words(text=value, phrase=phrase, without=without))

    def _read_unknown(self, part: re.Match[str], value: str, *, without: bool) -> None:
        """Search for a word that contains an operator as plain words: it is most likely from a prompt."""
        if part["name"].isascii():
            self.remarks.append(f"There is no filter “{part['name']}”: it was searched for as words.")
        self.words.append(Words(text=f"{part['name']} {value}", without=without))

    def _read_filter(self, name: str, sign: str, value: str, *, without: bool) -> bool:
        """Return whether there is a filter of this name. A filter with an invalid value leaves a remark."""
        if name in _MEASURES:
            found = self._between(_MEASURES[name], name, sign, value)
        elif name in _DATES:
            found = self._dates(name, value)
        elif name in _TRAITS:
            found = self._among(_TRAITS[name], value)
        elif name == "is":
            found = self._marked(value)
        elif name in _BARE_MARKS:
            found = Marked(mark=Mark.FAVOURITE)
        else:
            return False
        if found is not None:
            self.filters.append(replace(found, without=True) if without else found)
        return True

    # Values

    def _marked(self, value: str) -> Filter | None:
        mark = _MARKS.get(value.casefold())
        if mark is not None:
            return Marked(mark=mark)
        if value.casefold() in _PLAIN_STATES:
            return self._among(Trait.STATUS, value)
        self.remarks.append(f"“is:{value}” means nothing here: there are is:fav and is:imported.")
        return None

    def _among(self, trait: Trait, value: str) -> Among | None:
        values = [one.strip() for one in value.split(",") if one.strip()]
        found = list(dict.fromkeys(known for one in values for known in self._known(trait, one)))
        return Among(trait=trait, values=tuple(found)) if found else None

    def _known(self, trait: Trait, value: str) -> Iterable[str]:
        match trait:
            case Trait.MODEL:
                return self._called("model", self._names.models, value)
            case Trait.FAMILY:
                return self._called("family", self._names.families, value)
            case Trait.STATUS:
                states = _PLAIN_STATES.get(value.casefold(), ())
                if not states:
                    self.remarks.append(f"There is no status “{value}”: try done, failed, running or waiting.")
                return [str(state) for state in states]
            case Trait.KIND:
                kind = _PLAIN_KINDS.get(value.casefold())
                if kind is None:
                    self.remarks.append(f"There is no kind “{value}”: try video, picture, sound or article.")
                return [] if kind is None else [kind]
            case Trait.TAG | Trait.PERSON | Trait.COLLECTION:
                return [value]
            case _:
                assert_never(trait)

    def _called(self, kind: str, known: Mapping[str, tuple[str, ...]], value: str) -> list[str]:
        """Return the ids with this name; if there are none, those with a name that begins with it."""
        wanted = _key(value)
        names = {known_id: [_key(name) for name in (known_id, *others)] for known_id, others in known.items()}
        exact = [known_id for known_id, keys in names.items() if wanted in keys]
        found = exact or [known_id for known_id, keys in names.items() if any(k.startswith(wanted) for k in keys)]
        if not found and known:
            self.remarks.append(f"No {kind} is called “{value}”.")
        return found or [value]  # it may be one that has since left the catalogue

    def _between(self, measure: Measure, name: str, sign: str, value: str) -> Between | None:
        low, _, high = value.partition(".." if ".." in value else "-")
        numbers = [_number(one) for one in ((low, high) if high else (value,))]
        if any(number is None for number in numbers) or (len(numbers) == 2 and sign not in (":", "=")):
            self.remarks.append(f"“{name}{sign}{value}” needs a number, like {name}>3, and was left out.")
            return None
        first, last = numbers[0] or 0.0, numbers[-1] or 0.0
        return _bounded(measure, sign, first, last)

    def _dates(self, name: str, value: str) -> Between | None:
        period = _period(value, self._now)
        if period is None:
            self.remarks.append(f"“{name}:{value}” is no day: write it as 2026-11-20, 2026-11, today or 7d.")
            return None
        begin, end = (moment.timestamp() * 1000 for moment in period)
        if name == "before":
            return Between(measure=Measure.CREATED, high=begin, high_open=True)
        if name == "after":
            return Between(measure=Measure.CREATED, low=begin)
        return Between(measure=Measure.CREATED, low=begin, high=end, high_open=True)


def _bounded(measure: Measure, sign: str, first: float, last: float) -> Between:
    match sign:
        case ">" | ">=":
            return Between(measure=measure, low=first, low_open=sign == ">")
        case "<" | "<=":
            return Between(measure=measure, high=first, high_open=sign == "<")
        case _:
            return Between(measure=measure, low=min(first, last), high=max(first, last))


def _key(name: str) -> str:
    """Return a name in its form for comparison: case, spaces and dashes do not matter."""
    return re.sub(r"[\s_-]+", "", name.casefold())


def _number(text: str) -> float | None:
    plain = text.strip().strip("$¥€£").removesuffix("s")
    if not re.fullmatch(r"\d{1,9}([.,]\d{1,6})?", plain, re.ASCII):
        return None
    return float(plain.replace(",", "."))


# Days ----------------------------------------------------------------------------------------------------------------

_AGO = re.compile(r"(\d{1,4})(h|d|w|m|y)", re.ASCII)
_AGO_DAYS = {"h": 1 / 24, "d": 1, "w": 7, "m": 30, "y": 365}
_DAY = re.compile(r"(\d{4})(?:[-/.](\d{1,2})(?:[-/.](\d{1,2}))?)?", re.ASCII)


def _period(text: str, now: datetime) -> tuple[datetime, datetime] | None:
    """Return the begin and end of a date: a year, a month, a day, or from some time ago until now."""
    word = text.strip().casefold()
    today = now.replace(hour=0, minute=0, second=0, microsecond=0)
    if word == "today":
        return today, today + timedelta(days=1)
    if word == "yesterday":
        return today - timedelta(days=1), today
    try:
        if ago := _AGO.fullmatch(word):
            return now - timedelta(days=int(ago[1]) * _AGO_DAYS[ago[2]]), now
        found = _DAY.fullmatch(word)
        return _span(found, now) if found else None
    except (ValueError, OverflowError, OSError):
        return None  # no such day, as 2026-02-30, or one beyond the machine's calendar


def _span(found: re.Match[str], now: datetime) -> tuple[datetime, datetime]:
    year, month, day = (int(part) if part else None for part in found.groups())
    begin = datetime(year or 0, month or 1, day or 1, tzinfo=now.tzinfo)
    begin.timestamp()  # raises if it is beyond the calendar
    if day:
        return begin, begin + timedelta(days=1)
    if month:
        return begin, begin.replace(year=begin.year + month // 12, month=month % 12 + 1)
    return begin, begin.replace(year=begin.year + 1)

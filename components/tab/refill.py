"""Fills a form from existing results: the draft of a job or recipe, or a draft with one more file. No Gradio here.

Input from a file or a browser is untrusted. Values that do not fit are left out, and reported.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from secrets import randbelow

from components.tab.draft import Draft, Shown, fitted
from services.catalogue.schema import (
    ChoiceField,
    Example,
    Family,
    Field,
    FileField,
    FilesField,
    Model,
    NumberField,
    SwitchField,
)
from services.domain.json_values import list_in, mapping_in
from services.request import fields_for, files_of, names_of
from services.studio import kinds_taken

_LONGEST_WORDS = 20_000
_MOST_PARAMETERS = 100
SEED = "seed"


# A whole form --------------------------------------------------------------------------------------------------------


def draft_of(job: Mapping[str, object], files: object, *, fields: Sequence[Field]) -> Draft:
    """Build the draft that would repeat this job or recipe.

    `files` are paths in order, by field. `fields` are all fields of the model in any mode: they determine which values
    are lists.
    """
    parameters = mapping_in(job.get("parameters"))
    wishes: dict[str, Shown] = {"prompt": _words(job.get("prompt"))}
    plain = {name: value for name, value in parameters.items() if isinstance(value, str | int | float)}
    wishes |= {name: plain[name] for name in list(plain)[:_MOST_PARAMETERS]}
    lists = {field.name for field in fields if isinstance(field, FilesField)}
    for name, sent in mapping_in(files).items():
        paths = [path for path in list_in(sent) if isinstance(path, str)]
        if paths:
            wishes[name] = paths if name in lists else paths[0]
    return Draft(model=str(job.get("model") or ""), region=str(job.get("region") or ""), wishes=wishes)


def with_words(draft: Draft, job: Mapping[str, object]) -> Draft:
    """Return the draft with the job's rewritten prompt. Everything else stays as the person has it."""
    words = job.get("rewritten_prompt") or job.get("prompt")
    return replace(draft, wishes={**draft.wishes, "prompt": _words(words)})


def with_told(draft: Draft, told: Mapping[str, object], *, names: frozenset[str]) -> Draft:
    """Return the draft with the prompts and seed that another tool wrote into a file, if the family has the fields."""
    wishes = dict(draft.wishes)
    for name in ("prompt", "negative_prompt"):
        if name in names and _words(told.get(name)):
            wishes[name] = _words(told.get(name))
    seed = told.get(SEED)
    if SEED in names and isinstance(seed, int) and not isinstance(seed, bool) and 0 <= seed < 1 << 31:
        wishes[SEED] = str(seed)
    return replace(draft, wishes=wishes)


def with_example(draft: Draft, family: Family, index: int) -> Draft:
    """Return the draft with the choices of an example.

    Choices made by another example are undone, if the person has not changed them since.
    """
    example, others = family.examples[index], family.examples
    before = {name: value for other in others for name, value in other.choices}
    wishes = {name: wish for name, wish in draft.wishes.items() if name not in before or wish != before[name]}
    is_anothers = draft.model in {other.model for other in others}
    model = example.model or (family.default_model if is_anothers else draft.model)
    return replace(draft, model=model, wishes={**wishes, **dict(example.choices)}, source="")


def example_words(example: Example, fields: Sequence[Field], facts: Mapping[str, object]) -> str:
    """Return the prompt of an example, with the model's own names for its files."""
    lists = [field for field in fields if isinstance(field, FilesField) and field.takes[0].called]
    if not lists:
        return example.prompt
    names = names_of(lists[0], files_of(facts.get(lists[0].name)), at_least=lists[0].most)
    words = example.prompt
    for number, name in enumerate(names, start=1):
        words = words.replace(f"{{{number}}}", name)
    return words


def with_new_seed(draft: Draft, model: Model, region: str) -> tuple[Draft, bool]:
    """Return the draft with a random seed, and whether the model has a seed."""
    field = model.field(SEED, region, draft.wishes)
    if not isinstance(field, NumberField):
        return draft, False
    seed = int(field.minimum) + randbelow(int(field.maximum - field.minimum) + 1)
    return replace(draft, wishes={**draft.wishes, SEED: str(seed)}), True


def left_out(draft: Draft, model: Model, region: str) -> list[str]:
    """Return the labels of the wishes that this model cannot show unchanged, in order."""
    fields = {field.name: field for field in fields_for(model, region, draft.wishes)}
    known = {field.name: field for field in model.every_field(region)}
    missing: list[str] = []
    for name, wish in draft.wishes.items():
        field = fields.get(name)
        if wish in ("", None, []) or (field and _alike(fitted(field, wish), wish)):
            continue
        missing.append(field.label if field else known[name].label if name in known else name.replace("_", " "))
    return missing


def _alike(shown: Shown, wish: Shown) -> bool:
    """Return whether both mean the same: a form stores many numbers as text, and one file as a list."""
    if isinstance(shown, list) or isinstance(wish, list):
        return ([shown] if isinstance(shown, str) else shown) == ([wish] if isinstance(wish, str) else wish)
    return shown == wish or str(shown) == str(wish)


def _words(raw: object) -> str:
    return raw[:_LONGEST_WORDS] if isinstance(raw, str) else ""


# One file ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Placed:
    """A draft with one more file in it."""

    draft: Draft
    model: Model
    region: str
    field: FileField
    is_full: bool = False
    """Whether the list was full, which leaves the draft unchanged."""


def with_file(draft: Draft, path: str, *, slot: str, kind: str, stands: Sequence[tuple[Model, str]]) -> Placed | None:
    """Return the draft with a file of a kind (image, video, audio) in a file slot, and the rest unchanged.

    `stands` lists the candidate models, each with its region: the visible one, then the others. The first one with
    the slot is used, in another of its modes if necessary. Returns None if no model has the slot.
    """
    for model, region in stands:
        for more in _settings(model, region):
            wishes = {**draft.wishes, **more}
            fields = fields_for(model, region, wishes)
            found = next((f for f in fields if f.name == slot and isinstance(f, FileField)), None)
            if isinstance(found, FileField) and kind in kinds_taken(found):
                now = replace(draft, model=model.id, region=region, wishes=wishes)
                return _placed(now, path, model=model, region=region, field=found)
    return None


def _placed(draft: Draft, path: str, *, model: Model, region: str, field: FileField) -> Placed:
    held = fitted(field, draft.wishes.get(field.name)) if isinstance(field, FilesField) else []
    before = held if isinstance(held, list) else []
    if isinstance(field, FilesField) and len(before) >= field.most:
        return Placed(draft=draft, model=model, region=region, field=field, is_full=True)
    wish: Shown = [*before, path] if isinstance(field, FilesField) else path
    now = replace(draft, wishes={**draft.wishes, field.name: wish})
    return Placed(draft=now, model=model, region=region, field=field)


def _settings(model: Model, region: str) -> Iterator[Mapping[str, Shown]]:
    """Yield the unchanged values, then each other mode by the one choice that switches it."""
    yield {}
    for name in dict.fromkeys(mode.field for mode in model.modes):
        field = model.field(name, region)
        if isinstance(field, ChoiceField):
            yield from ({name: str(choice.value)} for choice in field.choices)
        elif isinstance(field, SwitchField):
            yield from ({name: value} for value in (field.default, not field.default))

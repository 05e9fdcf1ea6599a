"""The recipes that other tools write into their files, reduced to a prompt, a negative prompt and a seed.

Every tool is recognised by the shape of its text, never by trust: a text that does not parse is ignored.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from services.catalogue.schema import Scalar
from services.domain.json_values import list_in, mapping_in
from services.media.metadata.recipe import loaded, plain, scalars

_MAX_STEPS = 12
"""Links of a ComfyUI graph that are followed from the sampler to the text."""
_MAX_NODES = 2_000
_A1111_SETTINGS = re.compile(r"Steps: \d{1,6},")
"""The beginning of the last line. Only that is matched: a search for its end takes the square of its length."""
_SETTING = re.compile(r'([A-Za-z][\w /-]{0,40}): ("[^"\n]{0,2000}"|[^,\n]{0,2000})(?:, |$)')
_NEGATIVE = "\nNegative prompt:"
_WORDY_INPUTS = ("text", "prompt", "positive_prompt", "text_g", "string", "value", "clip_l", "t5xxl")
_LINKS = ("conditioning", "conditioning_1", "text", "string", "value", "prompt", "positive", "text_embeds", "a")


@dataclass(frozen=True, kw_only=True)
class Foreign:
    """Another tool's record of how a file was made. All of it is text from outside: show it as text only."""

    tool: str
    prompt: str
    negative_prompt: str = ""
    seed: int | None = None
    parameters: Mapping[str, Scalar] = field(default_factory=dict[str, Scalar])


def read_foreign(words: Mapping[str, str]) -> Foreign | None:
    """Return the recipe in a file's texts, keyed by lower-case names; None if none is of a tool we know."""
    readers = (_from_parameters, _from_graph, _from_invoke, _from_comment, _from_novel)
    return next((found for reader in readers if (found := reader(words)) and (found.prompt or found.seed)), None)


# Tools ---------------------------------------------------------------------------------------------------------------


def _from_parameters(words: Mapping[str, str]) -> Foreign | None:
    """Read the lines of text that A1111, Forge and similar tools write; Fooocus writes JSON into the same place."""
    text = words.get("parameters") or words.get("usercomment") or ""
    told = loaded(text.strip(), begins="{")
    if told is not None:
        return _from_members(told, tool="Fooocus") if "parameters" in words else None
    text = plain(text, most=40_000)
    before, _, settings = text.rpartition("\n")
    if not _A1111_SETTINGS.match(settings.lstrip()):
        return None
    said = {name.strip(): value.strip('" ') for name, value in _SETTING.findall(settings.lstrip())}
    prompt, _, negative = before.partition(_NEGATIVE)
    return Foreign(
        tool="Stable Diffusion web UI",
        prompt=plain(prompt),
        negative_prompt=plain(negative),
        seed=_seed(said.get("Seed")),
        parameters=scalars({re.sub(r"\W+", "_", name.lower()): value for name, value in said.items()}),
    )


def _from_graph(words: Mapping[str, str]) -> Foreign | None:
    """Read ComfyUI: the nodes that ran (`prompt`), or the graph as drawn (`workflow`), also inside a comment."""
    for name in ("prompt", "workflow", "comment", "description", "usercomment", "make", "model"):
        text = words.get(name, "").strip()
        told = loaded(text[text.find("{") :] if "{" in text[:20] else "")
        if told is None:
            continue
        inner = told.get("prompt", told.get("workflow"))
        inside = loaded(inner) if isinstance(inner, str) else mapping_in(inner)
        for graph in (told, inside or {}):
            found = _ran(graph) or _drawn(graph)
            if found:
                return found
    return None


def _from_invoke(words: Mapping[str, str]) -> Foreign | None:
    told = loaded(words.get("invokeai_metadata", ""), begins="{")
    return _from_members(told, tool="InvokeAI") if told is not None else None


def _from_comment(words: Mapping[str, str]) -> Foreign | None:
    """Read Wan2GP, which writes its settings as JSON: the comment of a film, or the user's comment of a picture."""
    for name in ("comment", "usercomment", "description"):
        told = loaded(words.get(name, "").strip(), begins="{")
        if told is not None and isinstance(told.get("prompt"), str):
            if "uc" in told or "v4_prompt" in told:
                return _from_members(told, tool="NovelAI")
            by_type = str(told.get("type", "")).lower().startswith("wangp")
            is_wan = by_type or "model_type" in told or "base_model_type" in told
            return _from_members(told, tool="Wan2GP" if is_wan else "another tool")
    return None


def _from_novel(words: Mapping[str, str]) -> Foreign | None:
    """Read NovelAI before its JSON, and any other tool that writes a description and names NovelAI."""
    if "novelai" not in words.get("software", "").lower():
        return None
    return Foreign(tool="NovelAI", prompt=plain(words.get("description")))


def _from_members(told: Mapping[str, object], *, tool: str) -> Foreign | None:
    prompt = next((plain(told[name]) for name in ("prompt", "positive_prompt") if plain(told.get(name))), "")
    negative = next((plain(told[n]) for n in ("negative_prompt", "uc", "undesired_content") if plain(told.get(n))), "")
    rest = {name: value for name, value in told.items() if name not in ("prompt", "positive_prompt")}
    return Foreign(
        tool=tool, prompt=prompt, negative_prompt=negative, seed=_seed(told.get("seed")), parameters=scalars(rest)
    )


# ComfyUI's graphs ----------------------------------------------------------------------------------------------------


def _ran(graph: Mapping[str, object]) -> Foreign | None:
    """Read nodes by number, each with its kind and inputs; an input is a value or [node, output]."""
    nodes: dict[str, Mapping[str, object]] = {}
    for number, each in list(graph.items())[:_MAX_NODES]:
        node = mapping_in(each)
        if isinstance(node.get("class_type"), str) and isinstance(node.get("inputs"), dict):
            nodes[number] = mapping_in(node.get("inputs"))
    if not nodes:
        return None
    positive = next((words for one in nodes.values() if (words := _followed(nodes, one.get("positive")))), "")
    negative = next((words for one in nodes.values() if (words := _followed(nodes, one.get("negative")))), "")
    if not positive:
        texts = [text for one in nodes.values() for text in _texts(one) if text != negative]
        positive = max(texts, key=len, default="")
    seeds = (one.get(name) for one in nodes.values() for name in ("seed", "noise_seed"))
    seed = next((found for value in seeds if (found := _seed(value)) is not None), None)
    return Foreign(tool="ComfyUI", prompt=positive, negative_prompt=negative, seed=seed)


def _followed(nodes: Mapping[str, Mapping[str, object]], link: object) -> str:
    """Return the text at the end of a link."""
    for _ in range(_MAX_STEPS):
        if isinstance(link, str):
            return plain(link)
        number = next(iter(list_in(link)), None)
        node = nodes.get(str(number)) if isinstance(number, str | int) else None
        if node is None:
            return ""
        text = next(_texts(node), "")
        if text:
            return text
        link = next((node[name] for name in _LINKS if isinstance(node.get(name), list)), None)
    return ""


def _texts(node: Mapping[str, object]) -> Iterator[str]:
    return (text for name in _WORDY_INPUTS if (text := plain(node.get(name))))


def _drawn(graph: Mapping[str, object]) -> Foreign | None:
    """Read a graph as drawn, which has no names of values: the texts of its text encoders, in their order."""
    texts: list[str] = []
    for each in list_in(graph.get("nodes"))[:_MAX_NODES]:
        node = mapping_in(each)
        values = list_in(node.get("widgets_values"))
        if values and "text" in str(node.get("type", "")).lower():
            text = max((plain(value) for value in values[:20]), key=len, default="")
            texts += [text] if text else []
    if not texts:
        return None
    return Foreign(tool="ComfyUI", prompt=texts[0], negative_prompt=texts[1] if len(texts) > 1 else "")


def _seed(value: object) -> int | None:
    if isinstance(value, str):
        value = int(value) if value.isascii() and value.isdecimal() and len(value) < 20 else None
    if not isinstance(value, int) or isinstance(value, bool):
        return None
    return value if 0 <= value < 1 << 64 else None

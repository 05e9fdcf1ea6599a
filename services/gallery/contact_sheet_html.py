"""A contact sheet as HTML: one file that opens anywhere, without scripts, links or external resources.

Pure: takes words and small pictures, returns text. Every word from outside is escaped, and the page forbids itself to
load or send anything. Knows nothing of jobs, files or catalogues.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from html import escape
from itertools import pairwise

_PIECES = re.compile(r"\s+|[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]|[^\W_]+(?:['’][^\W_]+)*|_+|[^\w\s]", re.UNICODE)
_MOST_PIECES = 2000
"""A longer text is shown as it is: comparing takes time quadratic in its length."""
_LONG = 28
"""Characters; a longer value is compared word by word."""
_ALIKE = 0.3
"""The share of words a text must have in common with another to be compared with it."""
_MOST_COLUMNS = 9
"""With more items than this, a table of them side by side would be unreadable."""
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u202a-\u202e\u2066-\u2069]")
"""Characters that are not text: they could end a file early or reverse a line."""


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One item: its name, its values in order (label, words), and the reason why it may have no picture."""

    name: str
    facts: str
    values: dict[str, str]
    """Words by label, including the prompts; a label without words is left out."""
    missing: str = ""


@dataclass(frozen=True, kw_only=True)
class Picture:
    """A small JPEG, and its description for screen readers. `strip` marks one of a clip's stills."""

    jpeg: bytes
    shows: str
    strip: bool = False


def head(title: str, *, count: int, made: str) -> str:
    """Return everything before the items."""
    return _HEAD.format(title=_words(title), style=_STYLE, count=f"{count} item{'' if count == 1 else 's'}", made=made)


def card(number: int, entry: Entry, pictures: Sequence[Picture]) -> str:
    """Return one item: its pictures, its name, and its short facts."""
    large = [_image(picture) for picture in pictures if not picture.strip]
    stills = [_image(picture) for picture in pictures if picture.strip]
    shown = f'<div class="large" data-count="{len(large)}">{"".join(large)}</div>' if large else ""
    strip = f'<div class="strip">{"".join(stills)}</div>' if stills else ""
    none = f'<p class="missing">{_words(entry.missing)}</p>' if entry.missing else ""
    return (
        f"<figure>{shown}{strip}{none}<figcaption><b>{number}</b> <span>{_words(entry.name)}"
        f"<small>{_words(entry.facts)}</small></span></figcaption></figure>\n"
    )


def tail(entries: Sequence[Entry]) -> Iterator[str]:
    """Yield everything after the pictures: the differences side by side, then all values of each item."""
    yield "</section>\n"
    labels = list(dict.fromkeys(label for entry in entries for label in entry.values))
    marked = {label: compared([entry.values.get(label, "") for entry in entries]) for label in labels}
    differing = [label for label in labels if len({entry.values.get(label, "") for entry in entries}) > 1]
    if differing and len(entries) <= _MOST_COLUMNS:
        yield _table(entries, {label: marked[label] for label in differing})
    yield "<section class=all><h2>Everything</h2>\n"
    for number, entry in enumerate(entries):
        rows = "".join(
            f"<dt>{_words(label)}</dt><dd{' class=differs' if label in differing else ''}>{marked[label][number]}</dd>"
            for label in labels
            if entry.values.get(label)
        )
        yield f"<article><h3><b>{number + 1}</b> {_words(entry.name)}</h3><dl>{rows}</dl></article>\n"
    yield "</section></main></html>\n"


def compared(values: Sequence[str]) -> list[str]:
    """Return the values as HTML, with differing words of long values marked.

    In every other value the words that are missing from the first are marked; in the first, the words that are missing
    from any other. A text with almost nothing in common with the first is a different text: no words of it are marked.
    """
    if len(set(values)) < 2 or max(map(len, values)) <= _LONG:
        return [_words(value) for value in values]
    split = [_PIECES.findall(value) for value in values]
    if max(map(len, split)) > _MOST_PIECES:
        return [_words(value) for value in values]
    in_all = [True] * len(split[0])
    kept: list[list[bool]] = [in_all]
    for other in split[1:]:
        in_first, in_other = _in_both(split[0], other)
        if not (_is_alike(other, in_other) or _is_alike(split[0], in_first)):
            kept.append([True] * len(other))
            continue
        in_all[:] = [both and here for both, here in zip(in_all, in_first, strict=True)]
        kept.append(in_other)
    return [_marked(pieces, flags) for pieces, flags in zip(split, kept, strict=True)]


def _is_alike(pieces: list[str], kept: list[bool]) -> bool:
    """Return whether enough of a text is in the other for marks on the rest to be meaningful."""
    words = [flag for piece, flag in zip(pieces, kept, strict=True) if not piece.isspace()]
    return sum(words) >= len(words) * _ALIKE


def _in_both(first: list[str], other: list[str]) -> tuple[list[bool], list[bool]]:
    in_first, in_other = [False] * len(first), [False] * len(other)
    for block in SequenceMatcher(None, first, other, autojunk=False).get_matching_blocks():
        in_first[block.a : block.a + block.size] = [True] * block.size
        in_other[block.b : block.b + block.size] = [True] * block.size
    return in_first, in_other


def _marked(pieces: list[str], kept: list[bool]) -> str:
    """Return the text with the words not kept marked. A space is marked if the words on both sides of it are."""
    own = [not flag and not piece.isspace() for piece, flag in zip(pieces, kept, strict=True)]
    for at in range(1, len(pieces) - 1):
        own[at] |= pieces[at].isspace() and own[at - 1] and own[at + 1]
    edges = [0, *(at for at, (one, next_) in enumerate(pairwise(own), 1) if one != next_), len(pieces)]
    parts = ((_words("".join(pieces[start:end])), own[start]) for start, end in pairwise(edges) if start < end)
    return "".join(f"<mark>{text}</mark>" if mark else text for text, mark in parts)


def _table(entries: Sequence[Entry], rows: dict[str, list[str]]) -> str:
    heads = "".join(
        f'<th scope="col"><b>{number}</b> {_words(entry.name)}</th>' for number, entry in enumerate(entries, 1)
    )
    body = "".join(
        f'<tr><th scope="row">{_words(label)}</th>{"".join(f"<td>{value or _NOTHING}</td>" for value in values)}</tr>\n'
        for label, values in rows.items()
    )
    return (
        "<section><h2>What differs</h2><div class=wide><table>"
        f"<thead><tr><td></td>{heads}</tr></thead><tbody>{body}</tbody></table></div></section>\n"
    )


def _image(picture: Picture) -> str:
    data = base64.b64encode(picture.jpeg).decode()
    return f'<img alt="{_words(picture.shows)}" src="data:image/jpeg;base64,{data}">'


def _words(text: str) -> str:
    return escape(_CONTROLS.sub("", text), quote=True)


_NOTHING = "<i>–</i>"
_STYLE = """
:root{color-scheme:light dark;--paper:#f7f5f2;--surface:#fff;--line:#ded9d1;--ink:#1b1a18;--soft:#57534c;--wash:#fbe3d6}
@media(prefers-color-scheme:dark){:root{--paper:#141311;--surface:#1d1b19;--line:#34312c;--ink:#f2efe9;--soft:#bdb7ac;--wash:#5a2e18}}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);
font:15px/1.5 system-ui,"PingFang SC","Noto Sans CJK SC","Microsoft YaHei",sans-serif}
main{max-width:1360px;margin:0 auto;padding:32px 24px 64px}
h1{margin:0;font-size:26px;line-height:1.2;letter-spacing:-.015em;overflow-wrap:anywhere}
h2{margin:40px 0 12px;font-size:17px}
h3{margin:0 0 8px;font-size:15px}
header p,small,i{color:var(--soft);font-style:normal}
header p{margin:4px 0 24px}
.items{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,400px),1fr));gap:20px}
figure{margin:0;overflow:hidden;border:1px solid var(--line);border-radius:12px;background:var(--surface);
break-inside:avoid}
img{display:block;width:100%;height:auto}
.large{display:grid;background:#000}
.large img{max-height:560px;object-fit:contain}
.large:not([data-count="1"]){grid-template-columns:1fr 1fr;gap:2px}
.strip{display:grid;grid-auto-flow:column;grid-auto-columns:1fr;gap:2px;padding-top:2px;background:#000}
.strip img{height:100%;object-fit:cover}
figcaption{display:flex;gap:10px;align-items:baseline;padding:12px 14px}
figcaption span{min-width:0;font-weight:600;overflow-wrap:anywhere}
small{display:block;font-size:13px;font-weight:400}
b{display:inline-block;min-width:22px;padding:0 6px;border-radius:99px;background:var(--line);
font-size:12px;line-height:20px;text-align:center}
.missing{margin:0;padding:48px 16px;text-align:center;color:var(--soft)}
.wide{overflow-x:auto}
table{width:100%;border-collapse:collapse;font-size:14px}
th,td{padding:8px 14px 8px 0;border-top:1px solid var(--line);text-align:left;vertical-align:top;
font-weight:400;overflow-wrap:anywhere;white-space:pre-wrap;min-width:120px}
thead th{font-weight:600;border:0}thead td{border:0}
tbody th,dt{color:var(--soft)}
mark,.differs{background:var(--wash);color:inherit;border-radius:3px}
.differs mark{background:none;text-decoration:underline;text-decoration-thickness:2px;text-underline-offset:3px}
.all article{padding:16px 0;border-top:1px solid var(--line);break-inside:avoid}
dl{display:grid;grid-template-columns:minmax(100px,220px) minmax(0,1fr);gap:4px 20px;margin:0;font-size:14px}
dd{margin:0;padding:0 4px;white-space:pre-wrap;overflow-wrap:anywhere}
@media(max-width:560px){main{padding:20px 14px}dl{grid-template-columns:1fr}dt{margin-top:6px}}
@media print{:root{color-scheme:light;--paper:#fff;--surface:#fff;--line:#ccc;--ink:#000;--soft:#444;--wash:#fbe3d6}
main{max-width:none;padding:0}.items{grid-template-columns:1fr 1fr}.wide{overflow:visible}
*{print-color-adjust:exact;-webkit-print-color-adjust:exact}}
"""
_HEAD = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'; \
base-uri 'none'; form-action 'none'">
<meta name="referrer" content="no-referrer">
<meta name="viewport" content="width=device-width,initial-scale=1">
<title>{title}</title>
<style>{style}</style>
</head>
<main>
<header><h1>{title}</h1><p>{count} · {made}</p></header>
<section class="items">
"""

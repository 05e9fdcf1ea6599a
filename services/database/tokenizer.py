"""Words as they are stored for search and as they are searched for: the same on SQLite and PostgreSQL.

Pure. A token holds only letters, marks and digits, in lower case and without accents on Latin letters. A script without
spaces (Chinese, Japanese, Korean) gives every single character and every pair of neighbours, so two characters are
found.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

_RUN = re.compile(r"[^\W_]+")
_LONGEST = 48
"""Characters in a token. Longer runs are not words, and both databases have limits."""
_UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"
    "\u2e80-\u2fdf\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff"
    "\U00020000-\U0003ffff]"
)
_PIECE = re.compile(f"({_UNSPACED.pattern}+)")


def tokens(text: str) -> list[str]:
    """Return every token of a text in order, for storing. A pair of characters follows the character it begins with."""
    found: list[str] = []
    for piece, unspaced in _pieces(text):
        if not unspaced:
            found.append(piece)
            continue
        for number, sign in enumerate(piece):
            found.append(sign)
            if number + 1 < len(piece):
                found.append(piece[number : number + 2])
    return found


def sought(text: str) -> list[str]:
    """Return the tokens a match must contain: pairs if there are any; a single character only if it is alone."""
    found: list[str] = []
    for piece, unspaced in _pieces(text):
        if unspaced and len(piece) > 1:
            found += [piece[number : number + 2] for number in range(len(piece) - 1)]
        else:
            found.append(piece)
    return list(dict.fromkeys(found))


def begins_a_word(token: str) -> bool:
    """Return whether the token also matches longer words: three letters or more in a script with spaces."""
    return len(token) >= 3 and _UNSPACED.match(token) is None


def _pieces(text: str) -> Iterator[tuple[str, bool]]:
    """Yield words and runs of unspaced characters; the second value is True for unspaced ones."""
    plain = _plain(text)
    if plain.isascii():
        yield from ((word[:_LONGEST], False) for word in _RUN.findall(plain))
        return
    for run in _RUN.findall(plain):
        for piece in _PIECE.split(run):
            if piece:
                unspaced = _UNSPACED.match(piece) is not None
                yield (piece if unspaced else piece[:_LONGEST]), unspaced


def _plain(text: str) -> str:
    """Return the text in lower case and composed form, with Latin letters stripped of their accents."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return folded if folded.isascii() else "".join(_bare(sign) for sign in folded if not "\u0300" <= sign <= "\u036f")


def _bare(sign: str) -> str:
    if not "\u00c0" <= sign <= "\u024f":  # Latin letters with accents; all others stay as they are
        return sign
    return unicodedata.normalize("NFKD", sign)[0]

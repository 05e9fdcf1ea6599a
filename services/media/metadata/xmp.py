"""XMP packets in pictures (ISO 16684-1): one is made or added to, and read without an XML parser.

A parser would follow any reference in a hostile packet; only one text is wanted.
"""

from __future__ import annotations

import html
import re

MAX_CHARACTERS = 4_000_000
_OURS = '<rdf:Description rdf:about="" xmlns:wan="urn:wan-studio:recipe#"><wan:recipe>{}</wan:recipe></rdf:Description>'
_EARLIER = re.compile(
    r'<rdf:Description rdf:about="" xmlns:wan="urn:wan-studio:recipe#"><wan:recipe>[^<]*</wan:recipe></rdf:Description>'
)
_END = "</rdf:RDF>"
_PACKET = (
    '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>'
    '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    f'{{}}{_END}</x:xmpmeta><?xpacket end="w"?>'
)
# A tool that rewrites a packet may choose another prefix, an attribute instead of an element, and `&quot;`.
_ELEMENT = re.compile(r"<[\w-]{1,40}:recipe(?: [^<>]{0,400})?>([^<]{1,200000})</")
_ATTRIBUTE = re.compile(r"""\s[\w-]{1,40}:recipe=(?:"([^"<]{1,200000})"|'([^'<]{1,200000})')""")


def packet(recipe: str, *, beside: str = "", most: int = MAX_CHARACTERS) -> str:
    """Build a packet with a recipe's JSON, and the contents of the packet `beside` if both fit into `most` bytes."""
    ours = _OURS.format(recipe)
    kept = _EARLIER.sub("", beside)
    head, end, tail = kept.rpartition(_END)
    if end and "xmlns:rdf" in head:
        both = f"{head}{ours}{end}{tail}"
        if len(both.encode("utf-8", "replace")) <= most:
            return both
    return _PACKET.format(ours)


def recipe_in(text: str) -> str | None:
    """Return the recipe's JSON in a packet, or None."""
    text = text[:MAX_CHARACTERS]
    found = _ELEMENT.search(text)
    if found:
        return html.unescape(found[1])
    found = _ATTRIBUTE.search(text)
    return html.unescape(found[1] or found[2]) if found else None

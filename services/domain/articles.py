"""An article: words and pictures in their order. How it grows, and how it becomes Markdown. Pure.

An article's items are described at services.domain.jobs.ArticleItem.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from services.domain.jobs import ArticleItem


def grow(items: list[ArticleItem], *, text: str = "", link: str = "") -> None:
    """Add what has come next: words continue the last paragraph, a picture begins an item of its own."""
    if link:
        items.append({"link": link})
    elif text and items and "text" in items[-1]:
        items[-1] = {"text": items[-1]["text"] + text}
    elif text:
        items.append({"text": text})


def shown(items: Sequence[ArticleItem]) -> list[dict[str, str]]:
    """The items that anybody may see: a picture that is still at the vendor is not among them."""
    return [dict(item) for item in items if "link" not in item]


def markdown(items: Sequence[ArticleItem], *, names: Mapping[str, str]) -> str:
    """The article as Markdown. `names` are the file names of its pictures by asset id: they lie beside it."""
    blocks: list[str] = []
    pictures = 0
    for item in items:
        if "output" in item and item["output"] in names:
            pictures += 1
            blocks.append(f"![Picture {pictures}]({names[item['output']]})")
        elif item.get("text", "").strip():
            blocks.append(item["text"].strip())
    return "\n\n".join(blocks) + "\n"

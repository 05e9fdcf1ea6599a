"""Articles: text and pictures in order. How an article grows, and how it becomes Markdown. Pure.

services.domain.jobs.ArticleItem describes the items of an article.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from services.domain.jobs import ArticleItem


def grow(items: list[ArticleItem], *, text: str = "", link: str = "") -> None:
    """Append the next piece. Text continues the last paragraph; a picture begins an item of its own."""
    if link:
        items.append({"link": link})
    elif text and items and "text" in items[-1]:
        items[-1] = {"text": items[-1]["text"] + text}
    elif text:
        items.append({"text": text})


def shown(items: Sequence[ArticleItem]) -> list[dict[str, str]]:
    """Return the items that may be shown. A picture that is still at the vendor is left out."""
    return [dict(item) for item in items if "link" not in item]


def markdown(items: Sequence[ArticleItem], *, names: Mapping[str, str]) -> str:
    """Return the article as Markdown.

    `names` maps asset ids to the file names of its pictures, which are stored beside it.
    """
    blocks: list[str] = []
    pictures = 0
    for item in items:
        if "output" in item and item["output"] in names:
            pictures += 1
            blocks.append(f"![Picture {pictures}]({names[item['output']]})")
        elif item.get("text", "").strip():
            blocks.append(item["text"].strip())
    return "\n\n".join(blocks) + "\n"

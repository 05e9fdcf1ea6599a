"""The text of an illustrated article, from a prompt: a title, an introduction, a paragraph for each picture.

Plain and pleasant, in English, or in Chinese if the prompt is. Markdown, like the vendor's own samples.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator

_CHINESE = re.compile(r"[\u4e00-\u9fff]")
_ASKING = re.compile(
    r"^(?:please\s+)?(?:write|create|make|give|show|draw|tell|generate)\s+(?:me\s+|us\s+)?(?:an?\s+|the\s+)?"
    r"(?:(?:short|illustrated|little)\s+)*|^(?:请|帮我|给我|为我)*(?:写|画|做|创作|生成|讲)?(?:一篇|一个|一份)?",
    re.IGNORECASE,
)
_LONGEST_TITLE = 60
_AROUND = " ,:，：\"'“”"

_HEADINGS = (
    *("A first look", "Closer", "The heart of it", "Another side", "A quiet moment", "One more thing", "Onwards"),
    *("A small surprise", "Looking back", "Almost there", "The last light", "Home again"),
)
_SENTENCES = (
    "It begins simply: {}. Take a moment with the colours before you go on.",
    "Here the details come forward. Look for the small things; they are what people remember.",
    "This is where it all comes together. Nothing is in a hurry, and there is room for every shape.",
    "Seen from here it is another story. The light is lower, and what was far away is suddenly close.",
    "Stay a little. A good picture, like a good walk, is better for a pause in the middle.",
    "And then something that nobody had planned: a change in the air, and the whole scene answers.",
    "From here the way leads on. What you have seen so far comes along with you.",
)
_INTRODUCTIONS = (
    "This is a short look at {}, in {} pictures. Read it from top to bottom, or only look.",
    "Everything about {} fits in {} pictures and a few words. Here they are.",
)
_ENDINGS = ("That is all there is to it. Now it is your turn.", "Thank you for reading. Try it yourself some day.")

_CHINESE_HEADINGS = (
    *("初见", "走近", "核心", "另一面", "片刻宁静", "还有一点", "继续前行", "小小惊喜", "回望", "将至"),
    *("最后的光", "归来"),
)
_CHINESE_SENTENCES = (
    "故事从这里开始：{}。先看看颜色，再慢慢往下读。",
    "细节在这里浮现。留意那些小小的地方，人们记住的往往是它们。",
    "一切在这里汇合。不必着急，每个形状都有自己的位置。",
    "换个角度，又是另一番景象。光线低了，远处的东西忽然近在眼前。",
    "停一停吧。好的画面像好的散步，中间需要歇一歇。",
    "接着发生了谁也没料到的事：空气变了，整个场景随之回应。",
    "路从这里继续。一路所见，都与你同行。",
)
_CHINESE_INTRODUCTIONS = ("用{1}幅图，简单说说{0}。可以从头读到尾，也可以只看图。",)
_CHINESE_ENDINGS = ("就这么简单，轮到你了。", "谢谢阅读，改天自己试试吧。")


def write_article(prompt: str, *, pictures: int, seed: int) -> tuple[str, ...]:
    """Return a text before each picture and a final one: `pictures` + 1 in all. The last may be empty."""
    chance = random.Random(f"{prompt}\0{seed}")
    chinese = bool(_CHINESE.search(prompt))
    topic = _topic(prompt, chinese=chinese)
    inside = topic if chinese else re.sub(r"^(?:An?|The)\b", lambda found: found[0].lower(), topic)
    headings = _CHINESE_HEADINGS if chinese else _HEADINGS
    sentences = _CHINESE_SENTENCES if chinese else _SENTENCES
    introduction = chance.choice(_CHINESE_INTRODUCTIONS if chinese else _INTRODUCTIONS).format(inside, pictures)
    texts: list[str] = []
    for number in range(pictures):
        said = sentences[number % len(sentences)].format(inside)
        before = f"# {_title(topic)}\n\n{introduction}\n\n" if number == 0 else "\n\n"
        texts.append(f"{before}## {number + 1}. {headings[number % len(headings)]}\n\n{said}\n\n")
    ending = chance.choice(_CHINESE_ENDINGS if chinese else _ENDINGS)
    return (*texts, f"\n\n{ending}" if chance.random() < 0.5 else "")


def heading_of(text: str) -> str:
    """Return the last heading of a text, to be written on its picture."""
    found = re.findall(r"^#+ (?:\d+\. )?(.+)$", text, re.MULTILINE)
    return found[-1] if found else ""


def fragments_of(text: str) -> Iterator[str]:
    """Yield the text a few words at a time, as in a stream. Joined, the fragments are the text again."""
    yield from re.findall(r"[^\u4e00-\u9fff]{1,24}(?:\s|$)|[\u4e00-\u9fff，。：；、]{1,8}|\s+|\S{1,24}", text)


def _topic(prompt: str, *, chinese: bool) -> str:
    """Guess the topic of the prompt, only by cutting words."""
    said = " ".join(prompt.split())
    first = re.split(r"[.!?。！？\n;；]", said, maxsplit=1)[0]
    before_list, _, _ = first.partition(":")  # the paragraphs cover the list after the colon
    first = before_list if before_list.count(" ") > 1 else first
    cut = _ASKING.sub("", first, count=1).strip(_AROUND) or first
    if len(cut) > _LONGEST_TITLE:
        cut = cut[:_LONGEST_TITLE] if chinese else cut[:_LONGEST_TITLE].rsplit(" ", 1)[0]
    return cut.strip(_AROUND) or ("这个主题" if chinese else "this")


def _title(topic: str) -> str:
    return topic[:1].upper() + topic[1:]

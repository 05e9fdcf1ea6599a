"""What is understood of a query, and that nothing a person can type breaks it."""

from __future__ import annotations

import math
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.catalogue import CATALOGUE
from services.database.tokenizer import begins_a_word, sought, tokens
from services.domain.search_query import Among, Between, Filter, Mark, Marked, Measure, Query, Trait, Words
from services.gallery.search_syntax import Names, names_of, parse_query

NOW = datetime(2026, 11, 23, 15, 30, tzinfo=UTC)
NAMES = Names(
    families={"text_to_video": ("Text to video",), "image_to_video": ("Image to video",), "edit_video": ("Edit",)},
    models={"wan9.1-t2v": ("Wan 9.1", "wan9.1-t2v-us"), "wan9.1-i2v": ("Wan 9.1 pictures",), "wan8-t2v": ("Wan 8",)},
)


def understood(text: str) -> Query:
    return parse_query(text, names=NAMES, now=NOW)


def only_filter(text: str) -> Filter:
    query = understood(text)
    assert (query.words, query.remarks) == ((), ())
    (found,) = query.filters
    return found


def moment(*parts: int) -> float:
    return datetime(*parts, tzinfo=UTC).timestamp() * 1000


def test_words_phrases_and_words_that_must_not_be_there() -> None:
    query = understood('red fox "on the snow" -cat -"a dog"')
    assert query.words == (
        Words(text="red"),
        Words(text="fox"),
        Words(text="on the snow", phrase=True),
        Words(text="cat", without=True),
        Words(text="a dog", phrase=True, without=True),
    )
    assert (query.filters, query.remarks) == ((), ())


@pytest.mark.parametrize(
    ("text", "trait", "values"),
    [
        ("family:text_to_video", Trait.FAMILY, ("text_to_video",)),
        ("family:image", Trait.FAMILY, ("image_to_video",)),
        ('family:"Text to"', Trait.FAMILY, ("text_to_video",)),
        ("family:text,edit", Trait.FAMILY, ("text_to_video", "edit_video")),
        ("model:wan9.1-t2v", Trait.MODEL, ("wan9.1-t2v",)),
        ("model:WAN9.1-T2V-US", Trait.MODEL, ("wan9.1-t2v",)),
        ("model:wan9.1", Trait.MODEL, ("wan9.1-t2v",)),
        ("model:wan9", Trait.MODEL, ("wan9.1-t2v", "wan9.1-i2v")),
        ("status:failed", Trait.STATUS, ("failed",)),
        ("status:Done", Trait.STATUS, ("succeeded",)),
        ("status:waiting", Trait.STATUS, ("queued", "uploading", "submitting", "pending")),
        ("is:done", Trait.STATUS, ("succeeded",)),
        ("kind:video", Trait.KIND, ("video",)),
        ("kind:Pictures,sound", Trait.KIND, ("image", "audio")),
        ("tag:cats", Trait.TAG, ("cats",)),
        ('tag:"for Ann"', Trait.TAG, ("for Ann",)),
        ("by:ann", Trait.PERSON, ("ann",)),
        ("in:print", Trait.COLLECTION, ("print",)),
        ("tag：猫", Trait.TAG, ("猫",)),
    ],
)
def test_one_of_several(text: str, trait: Trait, values: tuple[str, ...]) -> None:
    assert only_filter(text) == Among(trait=trait, values=values)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("seconds>5", Between(measure=Measure.SECONDS, low=5, low_open=True)),
        ("seconds<=5", Between(measure=Measure.SECONDS, high=5)),
        ("seconds:5", Between(measure=Measure.SECONDS, low=5, high=5)),
        ("seconds:>=5s", Between(measure=Measure.SECONDS, low=5)),
        ("seconds:4-8", Between(measure=Measure.SECONDS, low=4, high=8)),
        ("seconds:8..4", Between(measure=Measure.SECONDS, low=4, high=8)),
        ("cost<1", Between(measure=Measure.COST, high=1, high_open=True)),
        ("cost<¥0,75", Between(measure=Measure.COST, high=0.75, high_open=True)),
        ("rating>=3", Between(measure=Measure.RATING, low=3)),
        ("rating＞3", Between(measure=Measure.RATING, low=3, low_open=True)),
        ("-seconds>5", Between(measure=Measure.SECONDS, low=5, low_open=True, without=True)),
    ],
)
def test_numbers(text: str, wanted: Between) -> None:
    assert only_filter(text) == wanted


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("before:2026-11", -math.inf, moment(2026, 11, 1)),
        ("before:2026-11-20", -math.inf, moment(2026, 11, 20)),
        ("before:2026", -math.inf, moment(2026, 1, 1)),
        ("before:today", -math.inf, moment(2026, 11, 23)),
        ("after:yesterday", moment(2026, 11, 22), math.inf),
        ("after:7d", moment(2026, 11, 16, 15, 30), math.inf),
        ("after:2026/2/3", moment(2026, 2, 3), math.inf),
        ("on:2026-12", moment(2026, 12, 1), moment(2027, 1, 1)),
        ("on:2024-02-29", moment(2024, 2, 29), moment(2024, 3, 1)),
        ("on:2025", moment(2025, 1, 1), moment(2026, 1, 1)),
        ("on:yesterday", moment(2026, 11, 22), moment(2026, 11, 23)),
    ],
)
def test_days(text: str, low: float, high: float) -> None:
    assert only_filter(text) == Between(measure=Measure.CREATED, low=low, high=high, high_open=high < math.inf)


@pytest.mark.parametrize("text", ["fav", "FAV", "is:fav", "is:favourite", "favorite"])
def test_favourites(text: str) -> None:
    assert only_filter(text) == Marked(mark=Mark.FAVOURITE)
    assert only_filter(f"-{text}") == Marked(mark=Mark.FAVOURITE, without=True)


def test_the_word_fav_is_looked_for_in_quotes() -> None:
    assert understood('"fav"').words == (Words(text="fav", phrase=True),)


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("seconds>long", "seconds>long"),
        ("cost:>1-2", "cost>1-2"),
        ("rating>" + "9" * 40, "needs a number"),
        ("before:soon", "before:soon"),
        ("on:2026-02-30", "is no day"),
        ("after:99999", "is no day"),
        ("on:9999", "is no day"),
        ("on:0000", "is no day"),
        ("after:9999y", "is no day"),
        ("status:lovely", "There is no status “lovely”"),
        ("is:lovely", "is:lovely"),
    ],
)
def test_what_makes_no_sense_is_left_out_and_told(text: str, part: str) -> None:
    query = understood(f"fox {text}")
    assert (query.words, query.filters) == ((Words(text="fox"),), ())
    (remark,) = query.remarks
    assert part in remark
    assert remark.endswith(".")


def test_a_model_that_is_not_offered_any_more_is_still_found_and_told() -> None:
    query = understood("model:wan1 family:radio")
    assert query.filters == (
        Among(trait=Trait.MODEL, values=("wan1",)),
        Among(trait=Trait.FAMILY, values=("radio",)),
    )
    assert query.remarks == ("No model is called “wan1”.", "No family is called “radio”.")


def test_a_word_with_a_colon_is_searched_for_as_words() -> None:
    query = understood("style:noir 画面：雪")
    assert query.words == (Words(text="style noir"), Words(text="画面 雪"))
    assert query.remarks == ("There is no filter “style”: it was searched for as words.",)


def test_a_colon_before_a_space_is_no_filter() -> None:
    assert understood("Scene: a fox, 16:9 - and snow").remarks == ()


def test_a_query_without_end_is_cut() -> None:
    query = understood("fox " * 5_000)
    assert len(query.words) == 32
    assert len(query.remarks) == 1


@pytest.mark.parametrize("family", CATALOGUE.families, ids=lambda family: family.id)
def test_every_family_is_found_by_its_label(family: object) -> None:
    names = names_of(CATALOGUE.families, CATALOGUE.models)
    known = next(one for one in CATALOGUE.families if one is family)
    query = parse_query(f'family:"{known.label}"', names=names)
    assert query.filters == (Among(trait=Trait.FAMILY, values=(known.id,)),)


PIECES = st.sampled_from(
    (
        "fox", "狐狸", "-cat", '"', "“", ":", ">", "<", "=", "-", ".", ",", "(", ")", "*", "AND", "OR", "NOT", "NEAR",
        "fav", "is:", "is:fav", "tag:", "tag:x", "seconds>", "seconds>5", "cost<1", "cost::", "before:2026", "after:x",
        "on:2026-13", "rating>=9", 'in:"a', "family:te", "model:w", "status:done", "--", '-"', "'", "\\", "%", "_", "&",
        "|", "!", ":*", "<->", "\0", "💥",
    )
)  # fmt: skip


@given(st.lists(st.one_of(PIECES, st.text(max_size=8)), max_size=12), st.sampled_from(["", " "]))
def test_nothing_that_can_be_typed_breaks_it(parts: list[str], between: str) -> None:
    query = understood(between.join(parts))
    assert all(remark.endswith(".") for remark in query.remarks)
    assert all(any(sign.isalnum() for sign in words.text) for words in query.words)


# Tokens --------------------------------------------------------------------------------------------------------------


def test_tokens_are_words_in_lower_case_without_accents() -> None:
    assert tokens("The CAFÉ's ﬁlm_reel, 100% ＷＯＯＬ; Straße İzmir") == [
        "the", "cafe", "s", "film", "reel", "100", "wool", "strasse", "izmir",
    ]  # fmt: skip


def test_signs_without_spaces_are_stored_single_and_in_pairs() -> None:
    assert tokens("红狐狸x2") == ["红", "红狐", "狐", "狐狸", "狸", "x2"]
    assert sought("红狐狸") == ["红狐", "狐狸"]
    assert sought("狐") == ["狐"]
    assert tokens("カメラ") == ["カ", "カメ", "メ", "メラ", "ラ"]


def test_longer_words_are_found_by_three_letters_or_more() -> None:
    assert [begins_a_word(token) for token in ("fo", "fox", "狐狸", "лис")] == [False, True, False, True]


@given(st.text())
def test_tokens_hold_nothing_that_a_database_could_read_as_its_own(text: str) -> None:
    for token in tokens(text):
        assert token.isalnum()
        assert token == token.casefold()
        assert 0 < len(token) <= 48


@given(st.text(alphabet="ab红狐狸 É-", max_size=20), st.text(alphabet="ab红狐狸 É-", max_size=20))
def test_whatever_is_stored_is_found(before: str, after: str) -> None:
    text = "a红狐狸b"
    assert set(sought(text)) <= set(tokens(f"{before} {text} {after}"))

"""From a job back to the form that made it."""

from __future__ import annotations

from components.draft import Draft
from components.viewer import draft_of, with_words
from services.catalogue.schema import FilesField, ImageField, ImageLimit, Place, Taken, Wire

PICTURE = ImageLimit(formats=("PNG",), min_side=1, max_side=9, max_bytes=9)
FIELDS = (
    ImageField(name="image", label="Portrait", wire=Wire(Place.INPUT, "img_url"), vendor=PICTURE),
    FilesField(
        name="images", label="Pictures", wire=Wire(Place.CONTENT, "image"), takes=(Taken(vendor=PICTURE),), most=4
    ),
)


def job(**more: object) -> dict[str, object]:
    return {"model": "painter", "region": "beijing", "prompt": "A harbour", "parameters": {}, **more}


def test_words_numbers_and_switches_come_back_as_they_were() -> None:
    parameters = {"n": 4, "strength": 0.25, "watermark": False, "size": "1280*1280", "enable_interleave": True}
    draft = draft_of(job(parameters=parameters), {}, fields=FIELDS)
    assert (draft.model, draft.region) == ("painter", "beijing")
    assert draft.wishes == {"prompt": "A harbour", **parameters}


def test_a_list_comes_back_whole_and_in_order_and_a_single_file_alone() -> None:
    files = {"images": ["/up/b.png", "/up/a.png"], "image": ["/up/me.png"]}
    draft = draft_of(job(), files, fields=FIELDS)
    assert draft.wishes["images"] == ["/up/b.png", "/up/a.png"]
    assert draft.wishes["image"] == "/up/me.png"


def test_a_list_of_one_file_stays_a_list() -> None:
    assert draft_of(job(), {"images": ["/up/a.png"]}, fields=FIELDS).wishes["images"] == ["/up/a.png"]


def test_what_a_browser_sends_amiss_is_left_out() -> None:
    for files in (None, "x", ["x"], {"images": "/etc/passwd"}, {"images": [None, 3]}, {"images": []}):
        assert draft_of(job(), files, fields=FIELDS).wishes == {"prompt": "A harbour"}


def test_a_parameter_of_another_shape_is_left_out() -> None:
    draft = draft_of(job(parameters={"n": 2, "odd": {"a": 1}, "none": None}), {}, fields=FIELDS)
    assert draft.wishes == {"prompt": "A harbour", "n": 2}


def test_the_rewritten_prompt_takes_the_place_of_the_prompt_and_of_nothing_else() -> None:
    draft = Draft(model="mine", region="singapore", wishes={"prompt": "mine", "n": 2}, open=True)
    changed = with_words(draft, job(rewritten_prompt="A harbour at dawn"))
    assert changed.wishes == {"prompt": "A harbour at dawn", "n": 2}
    assert (changed.model, changed.region, changed.open) == ("mine", "singapore", True)

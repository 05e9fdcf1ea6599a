"""A job as a page or a caller of the API sees it."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from services.catalogue import CATALOGUE
from services.domain.jobs import Asset, Job, JobStatus, JobWithAssets, Page, place_of
from services.gallery.views import JobView, job_view, page_view
from tests.database.test_jobs import a_job, an_asset


def seen(job: Job, *files: Asset, **more: object) -> JobView:
    return job_view(replace(JobWithAssets(job, files), **more), CATALOGUE)


def test_a_new_job_has_every_member_in_plain_json() -> None:
    view = seen(a_job(1))
    assert json.loads(json.dumps(view)) == view
    assert (view["favourite"], view["rating"], view["tags"], view["collections"]) == (False, 0, [], [])
    assert (view["deleted_at"], view["expires_at"], view["safe"], view["source_job"]) == (None, None, None, None)
    assert (view["person"], view["imported"]) == ("local", False)


def test_a_place_is_a_string_because_a_page_cannot_count_so_far() -> None:
    place = place_of(1_800_000_000_000, "a")
    assert place > 2**53
    assert seen(a_job(1, place=place))["place"] == str(place)


def test_what_the_person_put_in_order_is_told() -> None:
    job = a_job(1, favourite=True, rating=4, deleted_at=1_000, expires_at=2_000, imported=True, source_job="s")
    view = seen(job, tags=("a", "b"), collections=("c",))
    assert (view["favourite"], view["rating"], view["tags"], view["collections"]) == (True, 4, ["a", "b"], ["c"])
    assert (view["deleted_at"], view["expires_at"]) == ("1970-01-01T00:00:01.000Z", "1970-01-01T00:00:02.000Z")
    assert (view["imported"], view["source_job"]) == (True, "s")


@pytest.mark.parametrize(
    ("status", "outputs", "article", "safe"),
    [
        (JobStatus.RUNNING, 0, None, None),
        (JobStatus.SAVING, 0, None, "provider"),
        (JobStatus.SAVING, 1, None, "provider"),
        (JobStatus.RUNNING, 1, [{"text": "a"}, {"link": "https://vendor.example/x"}], "provider"),
        (JobStatus.SUCCEEDED, 1, None, "disk"),
        (JobStatus.SUCCEEDED, 1, [{"text": "a"}, {"output": "b"}], "disk"),
        (JobStatus.SUCCEEDED, 0, None, None),
        (JobStatus.FAILED, 0, None, None),
        (JobStatus.CANCELED, 0, None, None),
    ],
)
def test_where_the_results_are_safe(
    status: JobStatus, outputs: int, article: list[dict[str, str]] | None, safe: str | None
) -> None:
    job = a_job(1, status=status, article=article)
    given = an_asset(job, "image")
    assert seen(job, given, *[an_asset(job)] * outputs)["safe"] == safe


def test_a_given_file_tells_what_it_was_cut_from() -> None:
    job = a_job(1)
    cut = replace(an_asset(job, "first_frame"), parent_id="parent", moment="last")
    plain = an_asset(job, "sound")
    first, second = seen(job, cut, plain, parent_jobs={"parent": "its-job"})["inputs"]
    assert (first["id"], first["parent"], first["parent_job"], first["moment"]) == (cut.id, "parent", "its-job", "last")
    assert (second["id"], second["parent"], second["parent_job"], second["moment"]) == (plain.id, None, None, None)


def test_a_parent_that_is_not_known_here_has_no_job() -> None:
    job = a_job(1)
    (given,) = seen(job, replace(an_asset(job, "image"), parent_id="elsewhere"))["inputs"]
    assert (given["parent"], given["parent_job"]) == ("elsewhere", None)


def test_a_page_tells_both_ways_on_and_what_was_not_understood() -> None:
    page = Page((JobWithAssets(a_job(1), ()),), "5", "9", ("There is no collection called “x”.",))
    view = page_view(page, CATALOGUE, remarks=["No model is called “y”."])
    assert (view["next_cursor"], view["previous_cursor"], len(view["items"])) == ("5", "9", 1)
    assert view["remarks"] == ["No model is called “y”.", "There is no collection called “x”."]

"""Files to the vendor's storage and results from it: streamed, verified, resumed, and never with the key."""

from __future__ import annotations

import hashlib
import re
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import httpx
import pytest

from services.dashscope import Downloaded, Retry
from services.dashscope.uploads import plain_name
from services.domain.errors import FileRefused, KeyRefused, Refused, Unavailable, Unreachable, VendorError
from tests.rig.dashscope import BASE, KEY, RECORDED, Answer, Naps, Vendor, client, recorded, refusal

CLIP = bytes(range(256)) * 4096
SIGNED = "https://results.example/1/clip.mp4?Expires=1&OSSAccessKeyId=a&Signature=s3cr3t-signature"
WHOLE = hashlib.sha256(CLIP).hexdigest()
EXPIRED_POLICY = (
    "<?xml version='1.0'?><Error><Code>AccessDenied</Code>"
    "<Message>Invalid according to Policy: Policy expired.</Message><RequestId>5</RequestId></Error>"
)
FOLDER = "dashscope-instant/52afe077fb4825c6d74411758cb1ab98/2025-07-12/b744f4f8-1a9c-9c6b-950d-0d327e331f2f"


class Storage(httpx.AsyncBaseTransport):
    """The vendor's API for policies and its storage for files, each with its own answers."""

    def __init__(self, *uploads: Answer, policy: httpx.Response | None = None) -> None:
        self.api = Vendor(policy or recorded("get-upload-policy"))
        self.files = Vendor(*(uploads or (httpx.Response(200),)))

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        side = self.api if request.url.host == "gateway.example" else self.files
        return await side.handle_async_request(request)


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    file = tmp_path / "p.png"
    file.write_bytes(CLIP)
    return file


async def put(storage: Storage, file: Path, *, name: str = "cat.png", naps: Naps | None = None) -> str:
    async with client(storage, naps=naps) as dashscope:
        return await dashscope.upload("a-model", file, name=name)


# Uploads -------------------------------------------------------------------------------------------------------------


async def test_an_upload_asks_for_a_policy_and_posts_the_form_it_allows(picture: Path) -> None:
    storage = Storage()
    assert await put(storage, picture) == f"oss://{FOLDER}/cat.png"
    (asked,) = storage.api.requests
    assert str(asked.url) == f"{BASE}/uploads?action=getPolicy&model=a-model"
    assert asked.headers["authorization"] == f"Bearer {KEY}"
    assert asked.headers["content-type"] == "application/json"
    (posted,) = storage.files.requests
    assert str(posted.url) == "https://dashscope-file-mgr.oss-cn-beijing.aliyuncs.com"
    assert int(posted.headers["content-length"]) == len(posted.content)
    assert "transfer-encoding" not in posted.headers


async def test_the_file_is_the_last_field_and_whole(picture: Path) -> None:
    storage = Storage()
    await put(storage, picture)
    (posted,) = storage.files.requests
    boundary = posted.headers["content-type"].partition("boundary=")[2].encode()
    first, *parts, end = posted.content.split(b"--" + boundary)
    assert (first, end) == (b"", b"--\r\n")
    names = [re.search(rb'form-data; name="([^"]+)"', part)[1].decode() for part in parts]  # type: ignore[index]
    assert names[-1] == "file"
    assert set(names[:-1]) == {
        "OSSAccessKeyId",
        "Signature",
        "policy",
        "x-oss-object-acl",
        "x-oss-forbid-overwrite",
        "key",
        "success_action_status",
    }
    head, _, body = parts[-1].partition(b"\r\n\r\n")
    assert b'filename="cat.png"' in head
    assert b"Content-Type: image/png" in head
    assert body == CLIP + b"\r\n"
    values = dict(zip(names, (part.partition(b"\r\n\r\n")[2].rstrip(b"\r\n") for part in parts), strict=True))
    assert values["key"].decode() == f"{FOLDER}/cat.png"
    assert values["success_action_status"] == b"200"


async def test_the_key_never_reaches_the_storage(picture: Path) -> None:
    storage = Storage(httpx.Response(500), httpx.Response(200))
    await put(storage, picture)
    for request in storage.files.requests:
        assert "authorization" not in request.headers
        assert KEY.encode() not in request.content
        assert KEY not in str(request.headers.raw) + str(request.url)


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(500),
        httpx.Response(503),
        httpx.Response(429),
        httpx.Response(403, text=EXPIRED_POLICY),
        httpx.ConnectError("refused"),
        httpx.WriteError("reset"),
        httpx.ReadTimeout("slow"),
    ],
    ids=lambda answer: repr(answer)[:40],
)
async def test_an_upload_that_broke_is_repeated_with_a_new_policy(
    picture: Path, answer: httpx.Response | Exception
) -> None:
    storage, naps = Storage(answer, answer, httpx.Response(204)), Naps()
    await put(storage, picture, naps=naps)
    assert len(storage.api.requests) == len(storage.files.requests) == 3
    assert len(naps.seconds) == 2


async def test_an_upload_is_given_up_in_the_end(picture: Path) -> None:
    storage = Storage(httpx.Response(500))
    with pytest.raises(Unavailable):
        await put(storage, picture)
    assert len(storage.files.requests) == 5


async def test_an_upload_refused_is_not_repeated_and_is_not_the_keys_fault(picture: Path) -> None:
    storage = Storage(httpx.Response(403, text="<Error><Code>EntityTooLarge</Code><Message>Too big</Message></Error>"))
    with pytest.raises(Refused) as caught:
        await put(storage, picture)
    assert type(caught.value) is Refused
    assert (caught.value.code, caught.value.vendor_message) == ("UploadRefused", "EntityTooLarge Too big")
    assert len(storage.files.requests) == 1


async def test_a_wrong_key_is_found_before_anything_is_sent(picture: Path) -> None:
    storage = Storage(policy=recorded("auth-error"))
    with pytest.raises(KeyRefused):
        await put(storage, picture)
    assert storage.files.requests == []


def _policy(**changes: object) -> httpx.Response:
    body = httpx.Response(200, text=RECORDED["get-upload-policy"]["body"]).json()
    body["data"].update(changes)
    return httpx.Response(200, json=body)


async def test_a_file_larger_than_the_policy_allows_is_not_sent(tmp_path: Path) -> None:
    large = tmp_path / "large.wav"
    large.write_bytes(b"0" * (1024 * 1024 + 1))
    storage = Storage(policy=_policy(max_file_size_mb=1))
    with pytest.raises(FileRefused, match="up to 1 MB"):
        await put(storage, large)
    assert storage.files.requests == []


async def test_a_missing_or_empty_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileRefused):
        await put(Storage(), tmp_path / "nowhere.png")
    (tmp_path / "empty.png").touch()
    with pytest.raises(FileRefused, match="empty"):
        await put(Storage(), tmp_path / "empty.png")


@pytest.mark.parametrize(
    "answer",
    [httpx.Response(status, headers={"location": "https://elsewhere.example/"}) for status in (301, 303, 307)],
    ids=str,
)
async def test_an_upload_sent_elsewhere_is_not_taken_for_done(picture: Path, answer: httpx.Response) -> None:
    storage = Storage(answer, httpx.Response(200))
    with pytest.raises(Refused) as caught:
        await put(storage, picture)
    assert caught.value.code == "UploadRefused"
    assert len(storage.files.requests) == 1


async def test_the_address_of_the_storage_may_come_without_its_scheme(picture: Path) -> None:
    storage = Storage(policy=_policy(upload_host="files.example"))
    await put(storage, picture)
    assert str(storage.files.requests[0].url) == "https://files.example"


@pytest.mark.parametrize("host", ["ftp://files.example", "https://", "/files"])
async def test_a_policy_that_leads_nowhere_costs_nobody_a_result(picture: Path, host: str) -> None:
    with pytest.raises(Refused) as caught:
        await put(Storage(policy=_policy(upload_host=host)), picture)
    assert caught.value.code == "UploadRefused"


@pytest.mark.parametrize("answer", [{}, {"data": None}, {"data": []}, {"data": "policy"}, {"request_id": 5}])
async def test_a_policy_of_another_shape_is_a_refusal(picture: Path, answer: dict[str, object]) -> None:
    with pytest.raises(Refused) as caught:
        await put(Storage(policy=httpx.Response(200, json=answer)), picture)
    assert caught.value.code == "UploadRefused"


@pytest.mark.parametrize("missing", ["policy", "signature", "upload_dir", "upload_host", "oss_access_key_id"])
async def test_half_a_policy_fails_loudly(picture: Path, missing: str) -> None:
    storage = Storage(policy=_policy(**{missing: None}))
    with pytest.raises(VendorError):
        await put(storage, picture)
    assert storage.files.requests == []


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("cat.png", "cat.png"),
        ("../../etc/passwd", "etc_passwd"),
        ('a"\r\nX-Evil: 1.png', "a_X-Evil_1.png"),
        ("雪.png", "png"),
        ("雪", "file"),
        ("x" * 300 + ".wav", "x" * 96 + ".wav"),
    ],
)
def test_a_name_cannot_break_out_of_the_form(given: str, kept: str) -> None:
    assert plain_name(given) == kept


# Downloads -----------------------------------------------------------------------------------------------------------


def serve(
    content: bytes = CLIP, *, cut_at: int | None = None, ranges: bool = True, etag: str = '"e1"'
) -> Callable[[httpx.Request], httpx.Response]:
    """A storage that hands out `content`, with Range; `cut_at` breaks the body off after so many bytes of it."""

    def answer(request: httpx.Request) -> httpx.Response:
        first = int((request.headers.get("range", "") or "bytes=0-")[6:-1]) if ranges else 0
        if request.headers.get("if-range", etag) != etag:
            first = 0
        headers = {"etag": etag, "content-length": str(len(content) - first)}
        if first >= len(content):
            return httpx.Response(416, headers={"content-range": f"bytes */{len(content)}"})
        if first:
            headers["content-range"] = f"bytes {first}-{len(content) - 1}/{len(content)}"
        rest = content[first:] if cut_at is None else content[first : first + cut_at]
        return httpx.Response(206 if first else 200, headers=headers, stream=_Body(rest, broken=cut_at is not None))

    return answer


class _Body(httpx.AsyncByteStream):
    def __init__(self, content: bytes, *, broken: bool) -> None:
        self._content = content
        self._broken = broken

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for start in range(0, len(self._content), 100_000):
            yield self._content[start : start + 100_000]
        if self._broken:
            raise httpx.ReadError("reset")


async def fetch(vendor: Vendor, target: Path, *, url: str = SIGNED, retry: Retry | None = None) -> Downloaded:
    async with client(vendor, retry=retry) as dashscope:
        return await dashscope.download(url, target)


async def test_a_result_is_fetched_whole_without_the_key(tmp_path: Path) -> None:
    vendor, target = Vendor(serve()), tmp_path / "clip.part"
    assert await fetch(vendor, target) == Downloaded(len(CLIP), WHOLE)
    assert target.read_bytes() == CLIP
    (request,) = vendor.requests
    assert str(request.url) == SIGNED
    assert "authorization" not in request.headers
    assert "range" not in request.headers
    assert request.headers["accept-encoding"] == "identity"


async def test_a_name_and_password_in_a_link_do_not_become_a_header(tmp_path: Path) -> None:
    vendor = Vendor(serve())
    await fetch(vendor, tmp_path / "a", url="http://name:word@results.example/a.mp4")
    assert "authorization" not in vendor.requests[0].headers


async def test_a_broken_download_goes_on_where_it_stopped(tmp_path: Path) -> None:
    vendor, target = Vendor(serve(cut_at=600_000), serve()), tmp_path / "clip.part"
    assert (await fetch(vendor, target)).sha256 == WHOLE
    first, second = vendor.requests
    assert "range" not in first.headers
    kept = int(second.headers["range"][6:-1])
    assert 0 < kept <= 600_000
    assert second.headers["if-range"] == '"e1"'
    assert target.read_bytes() == CLIP


async def test_a_download_goes_on_after_a_restart(tmp_path: Path) -> None:
    target = tmp_path / "clip.part"
    target.write_bytes(CLIP[:300_001])
    vendor = Vendor(serve())
    assert await fetch(vendor, target) == Downloaded(len(CLIP), WHOLE)
    assert vendor.requests[0].headers["range"] == "bytes=300001-"
    assert target.read_bytes() == CLIP


async def test_a_file_that_is_there_already_is_only_verified(tmp_path: Path) -> None:
    target = tmp_path / "clip.part"
    target.write_bytes(CLIP)
    assert await fetch(Vendor(serve()), target) == Downloaded(len(CLIP), WHOLE)


@pytest.mark.parametrize(
    "vendor",
    [
        Vendor(serve(ranges=False)),
        Vendor(httpx.Response(206, content=CLIP[9:], headers={"content-range": "bytes 9-99/100"}), serve()),
        Vendor(httpx.Response(206, content=CLIP), serve()),
        Vendor(httpx.Response(416), serve()),
        Vendor(serve(CLIP[:5]), serve()),
    ],
    ids=["no ranges", "another range", "no range told", "refused", "shorter than what is there"],
)
async def test_what_does_not_go_on_is_fetched_anew(tmp_path: Path, vendor: Vendor) -> None:
    target = tmp_path / "clip.part"
    target.write_bytes(CLIP[:300_000])
    assert (await fetch(vendor, target)).sha256 == WHOLE
    assert target.read_bytes() == CLIP


async def test_a_result_that_changed_in_between_is_not_glued_together(tmp_path: Path) -> None:
    other = bytes(reversed(CLIP))
    vendor, target = Vendor(serve(cut_at=600_000), serve(other, etag='"e2"')), tmp_path / "clip.part"
    assert (await fetch(vendor, target)).sha256 == hashlib.sha256(other).hexdigest()


async def test_a_body_shorter_than_announced_is_not_taken(tmp_path: Path) -> None:
    short = httpx.Response(200, content=CLIP[:1000], headers={"content-length": "2000"})
    with pytest.raises(Unavailable):
        await fetch(Vendor(short), tmp_path / "clip.part")


async def test_an_empty_result_is_not_taken(tmp_path: Path) -> None:
    with pytest.raises(Unavailable):
        await fetch(Vendor(httpx.Response(200)), tmp_path / "clip.part")


async def test_tries_count_only_while_nothing_arrives(tmp_path: Path) -> None:
    vendor = Vendor(serve(cut_at=300_000), serve(cut_at=300_000), serve(cut_at=300_000), serve())
    got = await fetch(vendor, tmp_path / "clip.part", retry=Retry(tries=2))
    assert got.sha256 == WHOLE
    assert len(vendor.requests) == 4


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (httpx.ConnectError("refused"), Unreachable),
        (httpx.ReadTimeout("slow"), Unavailable),
        (httpx.Response(503), Unavailable),
        (httpx.Response(429), Unavailable),
    ],
)
async def test_a_download_is_given_up_in_the_end(
    tmp_path: Path, answer: httpx.Response | Exception, kind: type[VendorError]
) -> None:
    vendor = Vendor(answer)
    with pytest.raises(kind):
        await fetch(vendor, tmp_path / "clip.part")
    assert len(vendor.requests) == 5


@pytest.mark.parametrize("status", [403, 404, 410])
async def test_a_dead_link_says_that_the_clip_was_paid_and_is_gone(tmp_path: Path, status: int) -> None:
    xml = "<Error><Code>AccessDenied</Code><Message>Request has expired.</Message></Error>"
    vendor = Vendor(httpx.Response(status, text=xml))
    with pytest.raises(Refused) as caught:
        await fetch(vendor, tmp_path / "clip.part")
    assert type(caught.value) is Refused
    assert (caught.value.code, caught.value.vendor_message) == ("ResultGone", "AccessDenied Request has expired.")
    assert len(vendor.requests) == 1


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://a/b", "data:text/plain,hi", "https://", ""])
async def test_only_web_links_are_followed(tmp_path: Path, url: str) -> None:
    vendor = Vendor(serve())
    with pytest.raises(Refused):
        await fetch(vendor, tmp_path / "clip.part", url=url)
    assert vendor.requests == []
    assert not (tmp_path / "clip.part").exists()


async def test_a_redirect_of_a_result_is_followed_a_few_times(tmp_path: Path) -> None:
    moved = httpx.Response(302, headers={"location": "https://cdn.example/clip.mp4"})
    vendor = Vendor(moved, serve())
    assert (await fetch(vendor, tmp_path / "clip.part")).sha256 == WHOLE
    assert [request.url.host for request in vendor.requests] == ["results.example", "cdn.example"]
    with pytest.raises(VendorError):
        await fetch(Vendor(moved), tmp_path / "b")


async def test_a_disk_that_will_not_take_it_is_told_apart(tmp_path: Path) -> None:
    with pytest.raises(FileRefused):
        await fetch(Vendor(serve()), tmp_path / "no" / "folder" / "clip.part")


async def test_signed_links_and_keys_are_in_no_log_and_no_error(
    tmp_path: Path, picture: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    errors: list[VendorError] = []
    for answer in (httpx.ReadError("reset"), httpx.Response(403), httpx.Response(500)):
        with pytest.raises(VendorError) as caught:
            await fetch(Vendor(answer), tmp_path / "clip.part")
        errors.append(caught.value)
    await fetch(Vendor(serve()), tmp_path / "clip.part")
    await put(Storage(), picture)
    with pytest.raises(VendorError) as caught:
        await put(Storage(policy=refusal(401, "InvalidApiKey", KEY)), picture)
    errors.append(caught.value)
    shown = caplog.text + "".join(f"{error!r}{error}{error.vendor_message}{error.__cause__!r}" for error in errors)
    assert "s3cr3t" not in shown
    assert KEY not in shown
    assert "results.example/1/clip.mp4" in caplog.text

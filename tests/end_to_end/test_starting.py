"""The studio started as a person starts it, in odd places: it starts, or says in a sentence why not."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import sqlite3
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from services.environment.python_version import refusal
from tests.rig.calling import called
from tests.rig.proxies import socks5_proxy
from tests.rig.starting import ROOT, Serving, copy_of_the_studio, plain_environment, run, serving
from tests.rig.studio import ENDED, KEY, simulated

APP = str(ROOT / "app.py")


@pytest.fixture
def here(tmp_path: Path) -> Path:
    """The folder that programs are started in; it stays empty."""
    folder = tmp_path / "started-here"
    folder.mkdir()
    return folder


async def make_a_clip(studio: Serving) -> None:
    """Order a clip through the API and wait until it is there."""
    async with httpx.AsyncClient(base_url=studio.url, timeout=60, trust_env=False) as client:
        await called(client, "text_to_video", prompt="a boat", model="wan2.6-t2v", duration=2)
        deadline = time.monotonic() + 120
        job: dict[str, object] = {}
        while job.get("status") not in ENDED:
            assert time.monotonic() < deadline, job
            items = (await client.get("/studio/jobs")).json()["items"]
            job = items[0] if items else {}
            await asyncio.sleep(0.1)
        assert job["status"] == "succeeded", job


def assert_500_is_told(studio: Serving, home: Path) -> None:
    """Break the studio from outside and ask: the log has the traceback, the console one line."""
    with sqlite3.connect(home / "studio.db") as database:
        database.execute("ALTER TABLE counters RENAME TO gone")
        database.execute("ALTER TABLE assets RENAME TO lost")
    assert studio.get("/studio/jobs").status_code == 500
    told: list[str] = []
    deadline = time.monotonic() + 30  # the answer goes out before the line is written
    while not told:
        assert time.monotonic() < deadline, studio.err()
        told = [line for line in studio.err().splitlines() if line.startswith("Error: ")]
    log = (home / "logs" / "studio.log").read_text(encoding="utf-8")
    assert "Traceback (most recent call last)" in log
    assert "no such table" in log
    assert all(str(home / "logs" / "studio.log") in line for line in told)
    assert "Traceback" not in studio.err()


# It starts -----------------------------------------------------------------------------------------------------------


async def test_demo_mode_works_in_an_environment_where_all_is_odd(here: Path, home: Path) -> None:
    environment = plain_environment(
        home,
        ALL_PROXY="socks://me:s3cret@127.0.0.1:9",
        HTTPS_PROXY="http://me:s3cret@proxy.corp:abc",
        NO_PROXY="[::1],fe80::/10,*.corp h:x",
        SSL_CERT_FILE=str(here / "missing.pem"),
        TMPDIR=str(here / "missing"),
        GRADIO_TEMP_DIR="",
        WEB_CONCURRENCY="four",
        STUDIO_PROT="1",
        PYTHONIOENCODING="ascii",
        LC_ALL="C",
    )
    with serving(environment, cwd=here.parent) as studio:
        assert studio.line.endswith("(demo mode: nothing is billed)")
        assert studio.get("/healthz").json()["demo"] is True
        await make_a_clip(studio)
        said = studio.err().splitlines()
        assert {line.split()[0] for line in said} == {
            "HTTPS_PROXY", "NO_PROXY", "SSL_CERT_FILE", "TMPDIR", "STUDIO_PROT",
        }  # fmt: skip
        log = (home / "logs" / "studio.log").read_text(encoding="utf-8")
        assert all(line in log for line in said)
        assert "s3cret" not in log + studio.err()
        assert_500_is_told(studio, home)


async def test_a_real_studio_buys_through_socks_and_its_errors_are_told(here: Path, home: Path, tmp_path: Path) -> None:
    async with simulated(tmp_path / "vendor", keys={KEY: {"singapore"}}) as (simulator, url):
        vendor = urlsplit(url)
        async with socks5_proxy(vendor.port or 0) as proxy:
            environment = plain_environment(
                home,
                ALL_PROXY=f"socks://127.0.0.1:{proxy.port}",
                DASHSCOPE_API_KEY=f'"{KEY}"',
                DASHSCOPE_BASE_URL=f"'http://dashscope.example{vendor.path}/'",
                STUDIO_HOST="[::1]",
                STUDIO_POLL_SECONDS="1",
            )
            with serving(environment, cwd=here.parent) as studio:
                assert studio.url.startswith("http://[::1]:")
                assert studio.line.endswith("(ready)")
                await make_a_clip(studio)
                assert len(simulator.creates) == 1
                assert set(proxy.asked) == {"dashscope.example:80"}
                assert studio.err() == ""
                await asyncio.to_thread(assert_500_is_told, studio, home)


def test_the_file_beside_the_program_is_found_and_the_home_may_have_any_name(here: Path, tmp_path: Path) -> None:
    app = copy_of_the_studio(tmp_path / "studio")
    home = tmp_path / "films %20?x=1#2 陈"
    lines = f'STUDIO_HOME="{home}"\r\nSTUDIO_ADMINS=mei,omar\r\nDASHSCOPE_REGION=cn-beijing\r\n'
    app.with_name(".env").write_bytes(lines.encode("utf-16"))
    environment = plain_environment(tmp_path / "not-this-one")
    for name in ("STUDIO_HOME", "STUDIO_ENV_FILE"):
        del environment[name]

    with serving(environment, cwd=here, app=app) as studio:
        assert studio.get("/healthz").json()["regions"][0] == "beijing"
        assert studio.get("/studio/jobs").status_code == 200
        (here / "stderr.log").unlink()

    assert {path.name for path in home.iterdir()} >= {"studio.db", "engine.db", "files", "logs"}
    assert list(here.iterdir()) == []
    assert {path.name for path in tmp_path.iterdir()} == {"studio", home.name, here.name}


# It does not ---------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def taken() -> Iterator[int]:
    """A port that another program listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"STUDIO_PORT": "{taken}"}, "Port {taken} is taken by another program"),
        ({"STUDIO_PORT": "{taken}", "DASHSCOPE_API_KEY": KEY}, "Port {taken} is taken by another program"),
        ({"STUDIO_PORT": "{taken}", "STUDIO_HOST": "0.0.0.0"}, "Port {taken} is taken by another program"),
        ({"STUDIO_HOST": "192.0.2.1"}, "192.0.2.1 is not an address of this machine"),
        ({"STUDIO_HOST": "2001:db8::1", "DASHSCOPE_API_KEY": KEY}, "2001:db8::1 is not an address of this machine"),
        ({"STUDIO_PORT": "abc"}, "STUDIO_PORT is"),
        ({"DASHSCOPE_REGION": "mars"}, "DASHSCOPE_REGION is"),
        ({"STUDIO_ADMINS": "{}"}, "STUDIO_ADMINS is"),
        ({"STUDIO_HOME": "/etc/passwd"}, "/etc/passwd is a file"),
        ({"STUDIO_HOME": "{here}/disk/studio"}, "The folder {here}/disk does not exist"),
        ({"STUDIO_HOME": "", "HOME": "{here}/nobody"}, "The folder {here}/nobody does not exist"),
        ({"STUDIO_HOME": "~nobody-at-all/studio"}, "~nobody-at-all/studio cannot be found"),
        ({"STUDIO_ENV_FILE": "{here}/missing"}, "STUDIO_ENV_FILE names"),
        ({"STUDIO_DATABASE_URL": "postgres://me:s3cret@127.0.0.1:9/x"}, "STUDIO_DATABASE_URL names"),
    ],
)
def test_what_stands_in_the_way_is_one_sentence(
    settings: dict[str, str], said: str, here: Path, home: Path, taken: int
) -> None:
    def filled(text: str) -> str:
        return text.replace("{taken}", str(taken)).replace("{here}", str(here))

    environment = plain_environment(home, **{name: filled(value) for name, value in settings.items()})

    ended = run(APP, environment=environment, cwd=here)

    (sentence,) = ended.sentences
    assert sentence.startswith(filled(said))
    assert (ended.code, ended.out) == (2, "")
    assert "s3cret" not in sentence
    assert list(here.iterdir()) == []


def test_a_second_studio_is_sent_to_the_first(here: Path, home: Path, tmp_path: Path) -> None:
    with serving(plain_environment(home), cwd=tmp_path) as studio:
        port = str(urlsplit(studio.url).port)
        same = run(APP, environment=plain_environment(home, STUDIO_PORT=port), cwd=here)
        other = run(APP, environment=plain_environment(tmp_path / "other", STUDIO_PORT=port), cwd=here)
        third = run(APP, environment=plain_environment(home), cwd=here)
        checked = run(APP, "--check", environment=plain_environment(home, STUDIO_PORT=port), cwd=here)

        assert same.sentences == [
            f"Wan Studio is running on {studio.url} already, with the same folder. Open it there."
        ]
        assert other.sentences[0].startswith(f"A Wan Studio is running on {studio.url} already.")
        assert third.sentences[0].startswith(f"Another studio is already using {home}.")
        assert f"running on {studio.url} already" in checked.out
        assert {ended.code for ended in (same, other, third, checked)} == {2}
        assert studio.get("/healthz").status_code == 200


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of one megabyte."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1M", "tmpfs", str(folder)], capture_output=True, check=False
    )
    yield folder
    if mounted.returncode == 0:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def _fill(disk: Path) -> dict[str, str]:
    """Fill a disk, or have no file grow if it is one of this machine's."""
    (disk / "home").mkdir()
    if os.path.ismount(disk):
        (disk / "filling").write_bytes(b"\0" * (shutil.disk_usage(disk).free))
    return {}


def _lock(disk: Path) -> None:
    """Make a disk read-only, or its folder if it is one of this machine's."""
    (disk / "home").mkdir()
    if os.path.ismount(disk):
        subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
    else:
        (disk / "home").chmod(stat.S_IRUSR | stat.S_IXUSR)


def _limited(command: list[str]) -> list[str]:
    """The command under a limit: no file may grow beyond 64 kB."""
    code = "import os, resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (65536, 65536)); "
    return ["-c", f"{code}os.execv(sys.executable, [sys.executable, *sys.argv[1:]])", *command]


@pytest.mark.parametrize("command", [[APP], [APP, "--check"], ["-m", "services.gallery.import_command", "."]])
def test_a_full_disk_is_told(command: list[str], here: Path, small_disk: Path) -> None:
    _fill(small_disk)
    environment = plain_environment(small_disk / "home")

    ended = run(*(command if os.path.ismount(small_disk) else _limited(command)), environment=environment, cwd=here)

    assert f"The disk with {small_disk}/home is full." in ended.out + ended.err
    assert "Traceback" not in ended.err
    assert ended.code == 2
    assert list((small_disk / "home").iterdir()) == []


@pytest.mark.parametrize("command", [[APP], [APP, "--check"], ["-m", "services.gallery.import_command", "."]])
def test_a_folder_that_cannot_be_written_to_is_told(command: list[str], here: Path, small_disk: Path) -> None:
    _lock(small_disk)

    ended = run(*command, environment=plain_environment(small_disk / "home"), cwd=here)

    assert f"{small_disk}/home" in ended.out + ended.err
    assert "Traceback" not in ended.err
    assert ended.code == 2
    assert list(here.iterdir()) == []


# Python --------------------------------------------------------------------------------------------------------------

_PRETENDING = """
import collections, runpy, sys
kind = collections.namedtuple("version_info", "major minor micro releaselevel serial")
sys.version_info = kind({version}, 1, "final", 0)
sys.argv = sys.argv[1:]
sys.path.insert(0, {root!r})
runpy.run_path(sys.argv[0], run_name="__main__")
"""


@pytest.mark.parametrize("version", ["3, 10", "3, 9", "3, 8"])
def test_an_older_python_is_refused_before_anything_is_loaded(version: str, here: Path, home: Path) -> None:
    code = _PRETENDING.format(version=version, root=str(ROOT))

    ended = run("-c", code, APP, environment=plain_environment(home), cwd=here)

    (sentence,) = ended.sentences
    assert sentence.startswith(
        f"Wan Studio needs Python 3.11 to 3.14, and this is Python {version.replace(', ', '.')}."
    )
    assert ended.code == 2
    assert not home.exists()


def test_what_an_older_python_reads_has_nothing_newer_in_it() -> None:
    import ast

    for path in ("app.py", "services/__init__.py", "services/environment/python_version.py"):
        ast.parse((ROOT / path).read_text(encoding="utf-8"), feature_version=(3, 7))
    assert [refusal(3, minor) for minor in (11, 12, 13, 14, 15)] == [""] * 5
    assert all(refusal(*version) for version in ((3, 10), (3, 6), (2, 7)))


# The other commands --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", ["services.gallery.import_command", "services.startup.doctor"])
def test_every_command_says_the_same_of_a_wrong_setting(command: str, here: Path, home: Path) -> None:
    environment = plain_environment(home, STUDIO_PORT="abc", DASHSCOPE_REGION="mars", STUDIO_CAP_DAY="much")
    told = run(APP, environment=environment, cwd=here).sentences
    more = [str(here)] if command == "services.gallery.import_command" else []

    ended = run("-m", command, *more, environment=environment, cwd=here)

    assert [sentence.split()[0] for sentence in told] == ["STUDIO_PORT", "STUDIO_CAP_DAY", "DASHSCOPE_REGION"]
    assert all(sentence in ended.out + ended.err for sentence in told)
    assert "Traceback" not in ended.err
    assert ended.code == 2


def test_the_simulators_port_is_told_in_the_same_words(here: Path, home: Path, taken: int) -> None:
    ended = run("-m", "services.simulator", "--port", str(taken), environment=plain_environment(home), cwd=here)

    assert f"Port {taken} is taken by another program on this machine." in ended.err
    assert "set --port to another number" in ended.err
    assert ended.code == 2


def test_the_check_says_what_is_set_and_where_and_never_a_key(here: Path, home: Path) -> None:
    (here / ".env").write_text(f"DASHSCOPE_API_KEY={KEY}\nSTUDIO_PORT=0\nSTUDIO_PROT=1\n", encoding="utf-8")
    environment = plain_environment(
        home, HTTPS_PROXY="http://me:s3cret@proxy.corp:3128", STUDIO_ADMINS="mei", DASHSCOPE_API_KEY_BEIJING=KEY
    )
    for name in ("STUDIO_PORT", "STUDIO_ENV_FILE"):
        del environment[name]

    ended = run(APP, "--check", environment=environment, cwd=here)

    lines = {tuple(line.split()) for line in ended.out.splitlines()}
    assert ("DASHSCOPE_API_KEY", "set", "from", str(here / ".env")) in lines
    assert ("DASHSCOPE_API_KEY_BEIJING", "set", "from", "the", "environment") in lines
    assert ("STUDIO_ADMINS", "mei", "from", "the", "environment") in lines
    assert ("STUDIO_HOST", "127.0.0.1", "default") in lines
    for told in ("Python", "http://proxy.corp:3128", "Did you mean STUDIO_PORT?", f"{home}", "The studio can start."):
        assert told in ended.out
    assert KEY not in ended.out + ended.err
    assert "s3cret" not in ended.out + ended.err
    assert ended.code == 0
    assert not home.exists()


def test_the_check_says_no_and_why(here: Path, home: Path, taken: int) -> None:
    home.mkdir()
    (home / "studio.db").write_bytes(b"this is no database" * 100)
    environment = plain_environment(home, STUDIO_PORT=str(taken), STUDIO_DATABASE_URL="")

    ended = run("-m", "services.startup.doctor", environment=environment, cwd=here)

    refused = [line for line in ended.out.splitlines() if line.startswith("NO ")]
    assert [line.split()[1] for line in refused] == ["Database", "Address"]
    assert "cannot be read" in refused[0]
    assert f"Port {taken} is taken" in refused[1]
    assert ended.code == 2


def test_a_package_that_is_missing_is_named(here: Path, home: Path) -> None:
    code = f"import sys; sys.modules['pydantic_settings'] = None; sys.path.insert(0, {str(ROOT)!r}); "

    ended = run("-c", f"{code}import app; sys.exit(app.main([]))", environment=plain_environment(home), cwd=here)

    assert ended.sentences[0] == "The package pydantic_settings is missing. Install what the studio needs:"
    assert sys.executable in ended.sentences[1]
    assert ended.code == 2

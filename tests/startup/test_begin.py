"""Odd environments, files of settings and values: each is mended, worked round, or refused in a sentence."""

from __future__ import annotations

import codecs
import errno
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from services.catalogue.regions import REGIONS, region_named
from services.environment.console import CannotStart
from services.environment.home import expanded, look_at_home, make_home, settle_temporary_files
from services.environment.variables import BESIDE_APP, USUAL_PLACES, cleaned
from services.settings import Settings
from services.startup.begin import look_at_settings, mend_environment
from services.startup.listening import is_a_studio, origin, reserve, why_not_listening
from services.startup.network import CERTIFICATES, PROXIES, mend_network
from services.startup.unknown_settings import known_names
from tests.rig.starting import ROOT, plain_environment

SECRET = "s3cret-canary"
KEY = "sk-canary-0123456789abcdef"

# Proxies and certificates --------------------------------------------------------------------------------------------

NETWORKS: list[tuple[dict[str, str], tuple[str, ...]]] = [
    # What is set, and the variables that have to be named in a sentence: none if all of it can be used.
    ({"ALL_PROXY": "socks5://127.0.0.1:9"}, ()),
    ({"all_proxy": "socks://127.0.0.1:9/"}, ()),
    ({"ALL_PROXY": "socks5h://[::1]:9"}, ()),
    ({"ALL_PROXY": "Socks5://h"}, ()),
    ({"HTTP_PROXY": "proxy.corp:3128", "https_proxy": "proxy.corp:3128"}, ()),
    ({"HTTP_PROXY": "  http://h:1\n", "HTTPS_PROXY": '"http://h:1"'}, ()),
    ({"HTTP_PROXY": f"http://me:{SECRET}@ss/#@h:1"}, ()),
    ({"HTTP_PROXY": "", "https_proxy": "  ", "ALL_PROXY": "''"}, ()),
    ({"HTTP_PROXY": "http://[fe80::1]:8080/"}, ()),
    ({"ALL_PROXY": f"socks4://me:{SECRET}@h:1"}, ("ALL_PROXY",)),
    ({"HTTP_PROXY": f"http://me:{SECRET}@h:abc"}, ("HTTP_PROXY",)),
    ({"HTTP_PROXY": "http://", "HTTPS_PROXY": "http:/h", "ALL_PROXY": "ftp://h"}, PROXIES),
    ({"https_proxy": f"http://me:{SECRET}@a b:1", "HTTP_PROXY": "http://h:99999"}, ("https_proxy", "HTTP_PROXY")),
    ({"HTTP_PROXY": "http://[::1", "ALL_PROXY": "://h"}, ("HTTP_PROXY", "ALL_PROXY")),
    ({"HTTP_PROXY": "http://h\\x", "HTTPS_PROXY": "<none>"}, ("HTTP_PROXY", "HTTPS_PROXY")),
    ({"HTTP_PROXY": "http://h:1", "NO_PROXY": "::1"}, ()),
    ({"HTTP_PROXY": "http://h:1", "NO_PROXY": "[::1]:80, [fe80::1%eth0]"}, ()),
    ({"HTTP_PROXY": "http://h:1", "no_proxy": "10.0.0.0/8,fe80::/10,192.168.1.1:80"}, ()),
    ({"HTTP_PROXY": "http://h:1", "NO_PROXY": "*.corp .example.org;h:80\thttp://x.example:1/"}, ()),
    ({"HTTP_PROXY": "http://h:1", "NO_PROXY": "*", "no_proxy": "<local>"}, ()),
    ({"HTTP_PROXY": "http://h:1", "NO_PROXY": '"localhost,a.example"'}, ()),
    ({"HTTP_PROXY": "http://h:1", "NO_PROXY": "h:x"}, ("NO_PROXY",)),
    ({"HTTP_PROXY": "http://h:1", "no_proxy": "a*b,[x]:1,10.0.0.0/99"}, ("no_proxy",)),
    ({"SSL_CERT_FILE": "{folder}/missing.pem"}, ("SSL_CERT_FILE",)),
    ({"SSL_CERT_FILE": "{folder}/empty.pem"}, ("SSL_CERT_FILE",)),
    ({"SSL_CERT_FILE": "{folder}"}, ("SSL_CERT_FILE",)),
    ({"SSL_CERT_FILE": "{folder}/words.pem", "SSL_CERT_DIR": "{folder}/missing"}, ("SSL_CERT_FILE", "SSL_CERT_DIR")),
    ({"SSL_CERT_DIR": "{folder}"}, ("SSL_CERT_DIR",)),
    ({"SSL_CERT_FILE": "", "SSL_CERT_DIR": " "}, ()),
    ({"REQUESTS_CA_BUNDLE": "{folder}/missing", "CURL_CA_BUNDLE": "{folder}/empty.pem"}, CERTIFICATES[2:]),
    ({"SSL_CERT_FILE": "{folder}/empty.pem", "ALL_PROXY": "socks://127.0.0.1:9"}, ("SSL_CERT_FILE",)),
    ({"SSLKEYLOGFILE": "{folder}/missing/keys"}, ("SSLKEYLOGFILE",)),
]


@pytest.fixture
def clean(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with odd files of certificates, and an environment that names none and no proxy."""
    for name in (*PROXIES, "NO_PROXY", *CERTIFICATES, "SSLKEYLOGFILE"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    folder = tmp_path / "certificates"
    folder.mkdir()
    (folder / "empty.pem").touch()
    (folder / "words.pem").write_text("this is no certificate", encoding="utf-8")
    return folder


@pytest.mark.parametrize(("given", "named"), NETWORKS, ids=lambda part: ",".join(part) or "-")
async def test_every_http_client_can_be_opened_whatever_the_environment_says(
    given: dict[str, str], named: tuple[str, ...], clean: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in given.items():
        monkeypatch.setenv(name, value.replace("{folder}", str(clean)))

    said = mend_environment(Settings())

    httpx.Client().close()
    async with httpx.AsyncClient():
        pass
    assert sorted({sentence.split()[0] for sentence in said}) == sorted(named)
    for sentence in said:
        assert sentence.endswith(".")
        assert SECRET not in sentence


@pytest.mark.parametrize("value", ["abc", "", "7860.5"])
def test_a_number_that_gradio_reads_is_taken_out_if_it_is_none(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRADIO_SERVER_PORT", value)
    monkeypatch.setenv("GRADIO_NUM_PORTS", "10")

    said = mend_environment(Settings())

    assert [sentence.split()[0] for sentence in said] == (["GRADIO_SERVER_PORT"] if value else [])
    assert "GRADIO_SERVER_PORT" not in os.environ
    assert os.environ["GRADIO_NUM_PORTS"] == "10"


def test_loopback_is_never_behind_a_proxy_and_ranges_count_for_the_hosts_that_are_named() -> None:
    environ = {"HTTP_PROXY": "http://h:1", "NO_PROXY": "a.example,10.0.0.0/8,fd00::/8", "no_proxy": ""}

    assert mend_network(environ, hosts=["10.1.2.3", "fd00::5", "11.1.1.1", "b.example"]) == []

    assert environ["NO_PROXY"].split(",") == [
        "a.example", "10.0.0.0/8", "10.1.2.3", "fd00::5", "127.0.0.1", "localhost", "::1",
    ]  # fmt: skip
    assert environ["no_proxy"].split(",") == ["127.0.0.1", "localhost", "::1"]


def test_without_a_proxy_nothing_is_said_of_exceptions() -> None:
    environ: dict[str, str] = {"PATH": "/bin"}
    assert mend_network(environ) == []
    assert environ == {"PATH": "/bin"}, "NO_PROXY alone would hide the proxies of Windows and macOS from Python"


@pytest.mark.parametrize(
    "given",
    [
        {"ALL_PROXY": "socks://127.0.0.1:9", "NO_PROXY": "[::1],fe80::/10,10.0.0.0/8"},
        {"HTTPS_PROXY": f"http://me:{SECRET}@h:abc", "http_proxy": "socks4://h", "SSL_CERT_FILE": "/dev/null"},
        {"SSL_CERT_FILE": "/nowhere/at.all", "SSL_CERT_DIR": "/nowhere", "ALL_PROXY": "socks5h://127.0.0.1:9"},
    ],
    ids=["socks", "malformed", "certificates"],
)
def test_gradio_can_be_loaded_whatever_the_environment_says(given: dict[str, str], home: Path, tmp_path: Path) -> None:
    code = (
        "from services.startup.begin import look_at_settings, mend_environment\n"
        "mend_environment(look_at_settings().settings)\n"
        "import gradio"
    )
    environment = plain_environment(home, GRADIO_ANALYTICS_ENABLED="False", **given)
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True, check=False)

    assert done.returncode == 0, done.stderr.decode()


# Files of settings ---------------------------------------------------------------------------------------------------

LINES = f"# 你好\r\nDASHSCOPE_API_KEY='{KEY}'\r\nexport STUDIO_PORT = 9001\r\nSTUDIO_ADMINS=\"mei, omar\"\r\n"


@pytest.fixture
def env_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the settings are looked for; nothing is there yet."""
    path = tmp_path / ".env"
    monkeypatch.setitem(Settings.model_config, "env_file", str(path))
    return path


@pytest.mark.parametrize(
    "encoded",
    [
        LINES.encode(),
        codecs.BOM_UTF8 + LINES.encode(),
        LINES.encode("utf-16"),
        codecs.BOM_UTF16_BE + LINES.encode("utf-16-be"),
        LINES.encode("utf-16-le"),
        LINES.encode("utf-32"),
        LINES.encode("gbk"),
        LINES.replace("你好", "déjà vu").encode("latin-1"),
        LINES.replace("\r\n", "\n").encode(),
        LINES.replace("\r\n", "\r").encode(),
        LINES.replace("DASHSCOPE", "$env:DASHSCOPE").encode("utf-16"),
        LINES.replace("export ", "set ").encode(),
    ],
    ids=["utf-8", "bom", "utf-16", "utf-16-be", "no-mark", "utf-32", "gbk", "latin-1", "lf", "cr", "powershell", "cmd"],
)
def test_a_file_is_read_in_whatever_encoding_it_was_saved(encoded: bytes, env_file: Path) -> None:
    env_file.write_bytes(encoded)

    found = look_at_settings()

    assert found.settings.studio_port == 9001
    assert found.settings.studio_admins == ("mei", "omar")
    key = found.settings.key("singapore")
    assert key
    assert key.get_secret_value() == KEY
    assert found.given["STUDIO_PORT"].origin == str(env_file)
    assert found.remarks == ()


@pytest.mark.parametrize("encoding", ["gbk", "latin-1", "cp1252"])
def test_a_value_that_cannot_be_read_is_named(encoding: str, env_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("STUDIO_HOME")
    env_file.write_bytes(f"STUDIO_HOME=/tmp/{'视频' if encoding == 'gbk' else 'déjà'}\n".encode(encoding))

    with pytest.raises(CannotStart, match=rf"^STUDIO_HOME in {env_file} .*UTF-8") as refused:
        look_at_settings()
    assert len(refused.value.sentences) == 1


def test_a_value_that_counts_for_nothing_need_not_be_read(env_file: Path, home: Path) -> None:
    env_file.write_bytes("STUDIO_HOME=/tmp/déjà\nSTUDIO_PORT=9002\n".encode("latin-1"))  # the environment has another

    assert look_at_settings().settings.studio_port == 9002
    assert Settings().home == home


def test_a_folder_in_its_place_is_told_and_an_environment_of_packages_is_not(env_file: Path) -> None:
    env_file.mkdir()
    assert "is a folder" in look_at_settings().remarks[0]

    (env_file / "pyvenv.cfg").touch()
    assert look_at_settings().remarks == ()


@pytest.mark.parametrize("kind", ["loop", "nowhere", "large"])
def test_a_file_that_cannot_be_read_is_refused(kind: str, env_file: Path) -> None:
    if kind == "large":
        env_file.write_bytes(b"#" * 2_000_000)
    else:
        env_file.symlink_to(env_file if kind == "loop" else env_file.with_name("missing"))

    with pytest.raises(CannotStart, match=str(env_file)):
        look_at_settings()


def test_a_line_that_is_no_setting_is_told_by_its_number_and_not_repeated(env_file: Path) -> None:
    env_file.write_text(f"STUDIO_PORT=9001\n{KEY}: x\n\n'{KEY}\n", encoding="utf-8")

    remarks = look_at_settings().remarks

    assert remarks
    assert all("Line " in remark and KEY not in remark for remark in remarks)


def test_the_folder_one_starts_in_counts_more_than_the_one_of_the_program(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    beside, here = tmp_path / "app" / ".env", tmp_path / "here" / ".env"
    for path, text in ((beside, "STUDIO_PORT=9001\nSTUDIO_DEMO=yes\n"), (here, "STUDIO_PORT=9002\n")):
        path.parent.mkdir()
        path.write_text(text, encoding="utf-8")
    monkeypatch.chdir(here.parent)
    monkeypatch.setitem(Settings.model_config, "env_file", (beside, Path(".env")))

    found = look_at_settings()

    assert (found.settings.studio_port, found.settings.studio_demo) == (9002, True)
    assert found.given["STUDIO_PORT"].origin == str(here)
    assert found.given["STUDIO_DEMO"].origin == str(beside)
    assert (BESIDE_APP, Path(".env")) == USUAL_PLACES
    assert BESIDE_APP == ROOT / ".env"


def test_another_file_can_be_named_and_has_to_be_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(Settings.model_config, "env_file", USUAL_PLACES)
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".env").write_text("STUDIO_PORT=9001\n", encoding="utf-8")
    (tmp_path / "other").write_text("STUDIO_PORT=9003\n", encoding="utf-8")
    monkeypatch.setenv("STUDIO_ENV_FILE", str(tmp_path / "other"))
    assert look_at_settings().settings.studio_port == 9003

    monkeypatch.setenv("STUDIO_ENV_FILE", str(tmp_path / "missing"))
    with pytest.raises(CannotStart, match="STUDIO_ENV_FILE"):
        look_at_settings()


# Values --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("STUDIO_PORT", "abc"),
        ("STUDIO_PORT", "-1"),
        ("STUDIO_PORT", "70000"),
        ("STUDIO_PORT", "tcp://10.0.0.1:7860"),
        ("STUDIO_HOST", "http://127.0.0.1"),
        ("STUDIO_HOST", "127.0.0.1:7860"),
        ("STUDIO_POLL_SECONDS", "often"),
        ("STUDIO_POLL_SECONDS", "nan"),
        ("STUDIO_POLL_SECONDS", "inf"),
        ("STUDIO_DEMO", "perhaps"),
        ("STUDIO_ADMINS", '{"mei": 1}'),
        ("STUDIO_ADMINS", "[1, 2]"),
        ("STUDIO_NAMES", "studio example com"),
        ("STUDIO_PERSON_HEADER", "X Forwarded User"),
        ("STUDIO_CAP_DAY", "20"),
        ("STUDIO_CAP_DAY", "-5 USD"),
        ("STUDIO_CAP_MONTH", "20 USD, 30 USD"),
        ("STUDIO_CAP_PERSON_EVER", "20 EUR"),
        ("STUDIO_DATABASE_URL", f"mysql://me:{SECRET}@h/x"),
        ("STUDIO_DATABASE_URL", f"postgresql://me:{SECRET}@h:port/x"),
        ("STUDIO_DATABASE_URL", "postgresql://h"),
        ("STUDIO_DATABASE_URL", "studio"),
        ("DASHSCOPE_REGION", "mars"),
        ("DASHSCOPE_REGION", "cn-hangzhou"),
        ("DASHSCOPE_BASE_URL", "ftp://h/api/v1"),
        ("DASHSCOPE_BASE_URL", f"https://me:{SECRET}@h/api/v1"),
        ("DASHSCOPE_BASE_URL_BEIJING", "https://h:port/api/v1"),
        ("DASHSCOPE_BASE_URL", "https://h/api/v1?x=1"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "grpc://h"),
        ("DASHSCOPE_API_KEY", f"{KEY}\n{KEY}"),
        ("STUDIO_HOME", "/tmp/a\tb"),
    ],
)
def test_a_wrong_setting_is_one_sentence_that_says_which_and_what_is_allowed(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)

    with pytest.raises(CannotStart) as refused:
        look_at_settings()

    (sentence,) = refused.value.sentences
    assert sentence.startswith(name)
    assert "in the environment" in sentence
    assert sentence.endswith(".")
    assert "pydantic" not in sentence
    assert SECRET not in sentence
    assert KEY not in sentence


def test_of_several_wrong_settings_each_has_its_line_and_its_place(
    env_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    env_file.write_text("DASHSCOPE_REGION=mars\n", encoding="utf-8")
    monkeypatch.setenv("STUDIO_PORT", "abc")
    monkeypatch.setenv("STUDIO_DEMO", "perhaps")

    with pytest.raises(CannotStart) as refused:
        look_at_settings()

    told = sorted(refused.value.sentences)
    assert [sentence.split()[0] for sentence in told] == ["DASHSCOPE_REGION", "STUDIO_DEMO", "STUDIO_PORT"]
    assert f"in {env_file}" in told[0]
    assert "must be one of singapore, virginia" in told[0]


@pytest.mark.parametrize(
    ("name", "value", "field", "wanted"),
    [
        ("STUDIO_PORT", ' "9001"\r', "studio_port", 9001),
        ("STUDIO_PORT", ":9001", "studio_port", 9001),
        ("STUDIO_HOST", "[::1]", "studio_host", "::1"),
        ("STUDIO_POLL_SECONDS", "2.5 s", "studio_poll_seconds", 2.5),
        ("STUDIO_DEMO", "Yes", "studio_demo", True),
        ("STUDIO_METRICS", "off", "studio_metrics", False),
        ("STUDIO_ADMINS", "mei", "studio_admins", ("mei",)),
        ("STUDIO_ADMINS", "mei, omar;陈,", "studio_admins", ("mei", "omar", "陈")),
        ("STUDIO_ADMINS", '["mei", "omar"]', "studio_admins", ("mei", "omar")),
        ("STUDIO_ADMINS", "'[\"mei\"]'", "studio_admins", ("mei",)),
        ("STUDIO_ADMINS", "[mei, 'omar']", "studio_admins", ("mei", "omar")),
        ("STUDIO_ADMINS", '"mei","omar"', "studio_admins", ("mei", "omar")),
        ("STUDIO_NAMES", "https://Studio.example:8443/x,b.example", "studio_names", ("studio.example", "b.example")),
        ("STUDIO_PERSON_HEADER", "X-Forwarded-User:", "studio_person_header", "X-Forwarded-User"),
        ("STUDIO_CAP_DAY", "$20", "studio_cap_day", "20 USD"),
        ("STUDIO_CAP_DAY", "usd 20; 150 ¥", "studio_cap_day", "20 USD, 150 CNY"),
        ("DASHSCOPE_REGION", " SINGAPORE ", "dashscope_region", "singapore"),
        ("DASHSCOPE_REGION", "intl", "dashscope_region", "singapore"),
        ("DASHSCOPE_REGION", "ap-southeast-1", "dashscope_region", "singapore"),
        ("DASHSCOPE_REGION", "us_east_1", "dashscope_region", "virginia"),
        ("DASHSCOPE_REGION", "cn-beijing", "dashscope_region", "beijing"),
        ("DASHSCOPE_REGION", "Hong Kong", "dashscope_region", "hongkong"),
        ("DASHSCOPE_BASE_URL", '"https://h/api/v1//"', "dashscope_base_url", "https://h/api/v1"),
        ("DASHSCOPE_BASE_URL", "gateway.example/api/v1/", "dashscope_base_url", "https://gateway.example/api/v1"),
        ("DASHSCOPE_BASE_URL", "localhost:8900/api/v1", "dashscope_base_url", "http://localhost:8900/api/v1"),
    ],
)
def test_near_misses_are_understood(
    name: str, value: str, field: str, wanted: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)

    found = look_at_settings()

    assert getattr(found.settings, field) == wanted
    assert found.remarks == ()


def test_every_region_is_known_by_the_vendors_code_and_its_host() -> None:
    for region in REGIONS:
        for name in (region.id, region.label, region.code, region.code.upper().replace("-", "_")):
            assert region_named(name) is region
    assert region_named("dashscope-us") is region_named("virginia")
    assert region_named("") is None


@pytest.mark.parametrize(
    "written",
    [f'"{KEY}"', f"'{KEY}'", f"  {KEY}\r\n", f"Bearer {KEY}", f'"bearer  {KEY}"', f"“{KEY}”", f"\ufeff{KEY}\u200b"],
)
@pytest.mark.parametrize(("name", "region"), [("DASHSCOPE_API_KEY", "singapore"), ("DASHSCOPE_API_KEY_US", "virginia")])
def test_a_key_is_sent_without_what_was_put_around_it(
    written: str, name: str, region: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, written)

    found = look_at_settings()

    key = found.settings.key(region)
    assert key
    assert key.get_secret_value() == KEY
    assert found.remarks == ()


def test_a_regions_own_name_counts_more_than_its_code(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CN_BEIJING", "BEIJING", "CN"):
        monkeypatch.setenv(f"DASHSCOPE_API_KEY_{name}", f"{KEY}-{name}")

    key = Settings().key("beijing")

    assert key
    assert key.get_secret_value() == f"{KEY}-BEIJING"


@pytest.mark.parametrize("written", ["your key", "sk-1", f"{KEY} # mine", "sk-陈陈陈陈陈陈"])
def test_what_is_no_key_is_told_and_the_studio_starts(written: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DASHSCOPE_API_KEY", written)

    (remark,) = look_at_settings().remarks

    assert "DASHSCOPE_API_KEY does not look like a key" in remark
    assert written not in remark


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("STUDIO_PROT", "STUDIO_PORT"),
        ("DASHSCOPE_APIKEY", "DASHSCOPE_API_KEY"),
        ("DASHCOPE_API_KEY", "DASHSCOPE_API_KEY"),
        ("DASHSCOPE_API_KEY_SINGAPOR", "DASHSCOPE_API_KEY_SINGAPORE"),
        ("STUDIO_ADMIN", "STUDIO_ADMINS"),
        ("STUDIO_SOMETHING_ELSE", ""),
    ],
)
def test_a_misspelt_name_is_told_with_the_nearest_that_is_known(
    name: str, meant: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, SECRET)

    (remark,) = look_at_settings().remarks

    assert remark.startswith(f"{name} (in the environment)")
    assert f"Did you mean {meant}?" in remark if meant else "Did you mean" not in remark
    assert SECRET not in remark


def test_what_is_meant_for_others_is_not_told(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DASHSCOPE_HTTP_BASE_URL", "OTEL_EXPORTER_OTLP_HEADERS", "STUDIO_SERVICE_HOST", "PORT", "HOME_PORT"):
        monkeypatch.setenv(name, "x")
    for name in known_names():
        assert name == name.upper()

    assert look_at_settings().remarks == ()


@pytest.mark.parametrize(
    ("written", "wanted"), [("'a'", "a"), ('"a" ', "a"), ('"a","b"', '"a","b"'), ("\"'a'\"", "a"), ('"', '"'), ("", "")]
)
def test_quotes_are_taken_off_in_pairs(written: str, wanted: str) -> None:
    assert cleaned(written) == wanted


# The home ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["a b", "100%", "%20", "what?", "#1", "a?b=c#d%3F", "陈", "é'\"", "$x & y;z"])
def test_the_database_lies_in_the_home_whatever_its_name(name: str, tmp_path: Path) -> None:
    import sqlalchemy as sa

    url = sa.make_url(Settings(studio_home=tmp_path / name).database_url)

    assert url.database == str(tmp_path / name / "studio.db")
    assert not url.query


def test_a_home_is_made_for_its_owner_alone_and_nothing_else_is(tmp_path: Path) -> None:
    before = os.umask(0o777)
    try:
        made = make_home(tmp_path / "home")
        (tmp_path / "home" / "inside").mkdir()
    finally:
        os.umask(before)

    assert made.exists
    assert made.path.stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "home" / "inside").stat().st_mode & 0o700 == 0o700
    with pytest.raises(CannotStart, match=f"{tmp_path}/disk/films does not exist"):
        make_home(tmp_path / "disk" / "films" / "home")
    assert not (tmp_path / "disk").exists()


def _file(path: Path) -> None:
    path.write_text("x", encoding="utf-8")


def _loop(path: Path) -> None:
    path.symlink_to(path)


def _unplugged(path: Path) -> None:
    path.symlink_to(path.parent / "disk" / "studio")


@pytest.mark.parametrize("odd", [_file, _loop, _unplugged])
def test_a_home_that_is_no_folder_is_refused(odd: Callable[[Path], None], tmp_path: Path) -> None:
    odd(tmp_path / "home")

    with pytest.raises(CannotStart, match="STUDIO_HOME"):
        make_home(expanded(tmp_path / "home"))


def test_looking_at_a_home_leaves_nothing(tmp_path: Path) -> None:
    assert not look_at_home(tmp_path).problem
    assert not look_at_home(tmp_path / "home").problem
    assert list(tmp_path.iterdir()) == []


def test_a_program_may_be_started_in_a_folder_that_is_gone(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    monkeypatch.setitem(Settings.model_config, "env_file", USUAL_PLACES)
    monkeypatch.delenv("STUDIO_ENV_FILE")

    assert look_at_settings().settings.home == home
    with pytest.raises(CannotStart, match="STUDIO_HOME"):
        expanded(Path("films"))


@pytest.mark.parametrize("own", ["", "films", None])
def test_a_person_without_a_home_is_looked_up(own: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    if own is None:
        monkeypatch.delenv("HOME")
    else:
        monkeypatch.setenv("HOME", own)

    found = expanded(Path("~/.wan-studio"))

    assert found.is_absolute()
    assert not found.is_relative_to(Path.cwd())


def test_variables_in_the_home_are_those_of_a_shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FILMS", str(tmp_path))
    assert expanded(Path("$FILMS/a")) == expanded(Path("${FILMS}/a")) == tmp_path / "a"
    assert expanded(tmp_path / "$NOT_SET_AT_ALL") == tmp_path / "$NOT_SET_AT_ALL"


def test_temporary_files_have_a_folder(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", None)
    environ = {"TMPDIR": str(tmp_path / "missing"), "TMP": "", "GRADIO_TEMP_DIR": "/proc/nowhere"}

    said = settle_temporary_files(home, environ)

    assert [sentence.split()[0] for sentence in said] == ["TMPDIR", "TMP", "GRADIO_TEMP_DIR"]
    assert environ == {"TMPDIR": str(home / "cache" / "temporary")}
    assert Path(environ["TMPDIR"]).is_dir()
    usable = {"TMPDIR": str(tmp_path), "GRADIO_TEMP_DIR": str(tmp_path / "a" / "b")}
    assert settle_temporary_files(home, usable) == []


# The address ---------------------------------------------------------------------------------------------------------


def test_an_address_in_a_browser_has_brackets_where_it_needs_them() -> None:
    assert origin("127.0.0.1", 80) == "http://127.0.0.1:80"
    assert origin("::1", 80) == "http://[::1]:80"


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (errno.EACCES, "This account may not listen on port 80."),
        (errno.EPERM, "This account may not listen on port 80."),
        (errno.EADDRNOTAVAIL, "192.0.2.1 is not an address of this machine"),
        (errno.ENOBUFS, "The studio cannot listen on http://192.0.2.1:80"),
    ],
)
def test_every_refusal_of_an_address_is_a_sentence(number: int, said: str) -> None:
    sentence = why_not_listening(OSError(number, os.strerror(number)), "192.0.2.1", 80)

    assert sentence.startswith(said)
    assert sentence.endswith(".")


def test_a_name_with_several_addresses_is_listened_on_with_one_port() -> None:
    taken = reserve("localhost", 0)
    try:
        assert len({each.getsockname()[1] for each in taken}) == 1
    finally:
        for each in taken:
            each.close()


def test_what_is_taken_is_not_ours_unless_it_says_so(free_port: int) -> None:
    (taken,) = reserve("127.0.0.1", free_port)
    with taken:
        taken.listen()
        with pytest.raises(CannotStart, match=rf"Port {free_port} is taken .* for example \d+\.$"):
            reserve("127.0.0.1", free_port)
        assert not is_a_studio("127.0.0.1", free_port)
    assert reserve("127.0.0.1", free_port)[0].close() is None

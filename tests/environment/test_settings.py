"""Settings: their defaults, where they are read from, and that a key never shows."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from services.catalogue.regions import REGIONS
from services.settings import Settings

KEY = "sk-canary-never-shown"


def test_with_nothing_set_the_studio_listens_here_in_demo_mode(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("STUDIO_HOME")

    settings = Settings()

    assert settings.home == Path("~/.wan-studio").expanduser().resolve()
    assert (settings.studio_host, settings.studio_port, settings.studio_poll_seconds) == ("127.0.0.1", 7860, 15)
    assert settings.demo
    assert settings.regions_with_a_key == ()


def test_the_environment_is_read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name, value in {
        "STUDIO_HOME": str(tmp_path / "a b"),
        "STUDIO_HOST": "0.0.0.0",
        "STUDIO_PORT": "8000",
        "STUDIO_POLL_SECONDS": "2.5",
        "DASHSCOPE_API_KEY": KEY,
        "DASHSCOPE_REGION": "beijing",
        "DASHSCOPE_BASE_URL": "http://127.0.0.1:9000/api/v1",
    }.items():
        monkeypatch.setenv(name, value)

    settings = Settings()

    assert settings.home == tmp_path / "a b"
    assert (settings.studio_host, settings.studio_port, settings.studio_poll_seconds) == ("0.0.0.0", 8000, 2.5)
    assert settings.dashscope_region == "beijing"
    assert settings.dashscope_base_url == "http://127.0.0.1:9000/api/v1"
    assert not settings.demo


def test_an_empty_variable_is_as_good_as_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DASHSCOPE_API_KEY", "")
    monkeypatch.setenv("STUDIO_PORT", "")

    assert Settings().demo
    assert Settings().studio_port == 7860


def test_a_file_called_env_is_read_and_the_environment_outranks_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".env").write_text(f"DASHSCOPE_API_KEY={KEY}\nSTUDIO_PORT=9001\nUNRELATED=x\n", encoding="utf-8")
    monkeypatch.setitem(Settings.model_config, "env_file", str(tmp_path / ".env"))
    monkeypatch.setenv("STUDIO_PORT", "9002")

    settings = Settings()

    assert settings.studio_port == 9002
    assert settings.regions_with_a_key == ("singapore",)


def test_a_key_counts_for_its_region_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DASHSCOPE_API_KEY", "general")
    monkeypatch.setenv("DASHSCOPE_API_KEY_BEIJING", "of-beijing")

    settings = Settings()

    found = {region: key.get_secret_value() for region in ("singapore", "beijing") if (key := settings.key(region))}
    assert found == {"singapore": "general", "beijing": "of-beijing"}
    assert settings.key("virginia") is None
    assert settings.key("mars") is None
    assert settings.regions_with_a_key == ("singapore", "beijing")


def test_a_regions_own_key_outranks_the_general_one_and_the_default_region_comes_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DASHSCOPE_REGION", "virginia")
    monkeypatch.setenv("DASHSCOPE_API_KEY", "general")
    monkeypatch.setenv("DASHSCOPE_API_KEY_VIRGINIA", "of-virginia")
    monkeypatch.setenv("DASHSCOPE_API_KEY_SINGAPORE", "of-singapore")

    settings = Settings()

    key = settings.key("virginia")
    assert key
    assert key.get_secret_value() == "of-virginia"
    assert settings.regions_with_a_key == ("virginia", "singapore")


def test_demo_can_be_forced_where_a_key_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DASHSCOPE_API_KEY", KEY)
    monkeypatch.setenv("STUDIO_DEMO", "1")

    assert Settings().demo


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ("postgres://me@db/studio", "postgresql+psycopg://me@db/studio"),
        ("postgresql://me@db:5433/studio", "postgresql+psycopg://me@db:5433/studio"),
        ("postgresql+psycopg://db/studio", "postgresql+psycopg://db/studio"),
        ("sqlite:////tmp/x.db", "sqlite+aiosqlite:////tmp/x.db"),
    ],
)
def test_a_database_url_gets_an_async_driver(given: str, wanted: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STUDIO_DATABASE_URL", given)

    assert Settings().database_url == wanted


def test_without_one_the_database_is_a_file_at_home(home: Path) -> None:
    assert Settings().database_url == f"sqlite+aiosqlite:///{home / 'studio.db'}"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("STUDIO_PORT", "-1"),
        ("STUDIO_PORT", "99999"),
        ("STUDIO_POLL_SECONDS", "0"),
        ("DASHSCOPE_REGION", "mars"),
        ("STUDIO_DEMO", "perhaps"),
    ],
)
def test_a_setting_that_makes_no_sense_is_refused_by_name(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)

    with pytest.raises(ValidationError, match=name.lower()):
        Settings()


def test_a_key_is_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DASHSCOPE_API_KEY", KEY)
    for region in REGIONS:
        monkeypatch.setenv(f"DASHSCOPE_API_KEY_{region.id.upper()}", KEY)

    settings = Settings()

    assert all(settings.key(region.id) for region in REGIONS)

    assert KEY not in f"{settings!r} {settings} {settings.model_dump()} {settings.model_dump_json()}"


def test_every_setting_says_what_it_is() -> None:
    assert [name for name, field in Settings.model_fields.items() if not field.description] == []


def test_each_region_has_a_key_and_an_address_of_its_own_and_the_environment_outranks_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = "DASHSCOPE_API_KEY_VIRGINIA=from-the-file\nDASHSCOPE_BASE_URL_VIRGINIA=http://127.0.0.1:1/api/v1/\n"
    (tmp_path / ".env").write_text(f"{lines}DASHSCOPE_API_KEY_BEIJING=from-the-file\n", encoding="utf-8")
    monkeypatch.setitem(Settings.model_config, "env_file", str(tmp_path / ".env"))
    monkeypatch.setenv("DASHSCOPE_API_KEY_BEIJING", "from-the-environment")

    settings = Settings()

    found = {region: key.get_secret_value() for region in ("virginia", "beijing") if (key := settings.key(region))}
    assert found == {"virginia": "from-the-file", "beijing": "from-the-environment"}
    assert settings.base_url("virginia") == "http://127.0.0.1:1/api/v1"
    assert settings.base_url("beijing") == "https://dashscope.aliyuncs.com/api/v1"


def test_a_region_that_does_not_exist_is_refused_with_those_that_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DASHSCOPE_REGION", "mars")

    with pytest.raises(ValidationError, match="must be one of singapore"):
        Settings()


@pytest.mark.parametrize(
    ("given", "names"),
    [
        ({}, set()),
        ({"studio_names": ("Studio.example",)}, {"studio.example"}),
        ({"studio_host": "0.0.0.0"}, None),
        ({"studio_person_header": "X-Forwarded-User"}, None),
    ],
)
def test_only_a_studio_for_this_machine_alone_minds_its_name(given: dict[str, object], names: set[str] | None) -> None:
    assert Settings(**given).names == names  # type: ignore[arg-type]  # pydantic checks them

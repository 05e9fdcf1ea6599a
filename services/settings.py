"""Every setting of the studio, read once from the environment and `.env`. Built in app.py and passed down."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import sqlalchemy as sa
from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, field_validator
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from services.catalogue.regions import REGIONS, region_named
from services.environment import setting_values
from services.environment.env_files import read_env_file
from services.environment.home import expanded
from services.environment.variables import USUAL_PLACES, Given, cleaned, gathered, places

REGIONAL = {"dashscope_api_keys": "DASHSCOPE_API_KEY_", "dashscope_base_urls": "DASHSCOPE_BASE_URL_"}
"""Settings with one variable per region: our field, and the prefix of the variable's name before the region."""


_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


def _key(given: object) -> object:
    """Return a key in the form that is sent."""
    if isinstance(given, SecretStr):
        return SecretStr(setting_values.key(cleaned(given.get_secret_value())))
    return setting_values.key(given) if isinstance(given, str) else given


Amounts = Annotated[str | None, AfterValidator(setting_values.amounts)]
"""Amounts of money with their currencies, such as `20 USD, 150 CNY`."""
Key = Annotated[SecretStr, BeforeValidator(_key)]
WebAddress = Annotated[str, AfterValidator(setting_values.web_address)]
Switch = Annotated[bool, BeforeValidator(setting_values.switch)]
Names = Annotated[tuple[str, ...], BeforeValidator(setting_values.names)]


class Settings(BaseSettings):
    """The settings. Each name in capitals is an environment variable. SETTINGS.md is generated from them."""

    model_config = SettingsConfigDict(
        env_file=USUAL_PLACES,
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,
    )

    studio_home: Path = Field(
        default=Path("~/.wan-studio"),
        description=(
            "The folder for the database and its copies, your clips and the logs. It is made if the folder "
            "above it exists. Nothing is written anywhere else"
        ),
    )
    studio_host: Annotated[str, AfterValidator(setting_values.listening_host)] = Field(
        default="127.0.0.1",
        description=("The address to listen on. There is no login: open it to others only behind one"),
    )
    studio_port: Annotated[int, BeforeValidator(setting_values.port)] = Field(
        default=7860, description=("The port to listen on. 0 takes a free one, which is said at the start")
    )
    studio_demo: Switch = Field(default=False, description=("`true` forces demo mode even if a key is set"))
    studio_poll_seconds: Annotated[float, BeforeValidator(setting_values.seconds)] = Field(
        default=15,
        description=(
            "How often the vendor is polled: about as often as one poll a job every so many seconds, but at "
            "better moments. A pause is never more than four times as long"
        ),
    )
    studio_names: Annotated[tuple[str, ...], BeforeValidator(setting_values.host_names)] = Field(
        default=(),
        description=(
            "While `STUDIO_HOST` is this machine and there is no sign-in, the studio answers only to numeric "
            "addresses and to names without a dot, such as `localhost`, so that no web page can point its "
            "own name to it. Behind a proxy with another name: a list of names, for example "
            "`studio.example.com`"
        ),
    )
    studio_database_url: Annotated[str | None, AfterValidator(setting_values.database_url)] = Field(
        default=None,
        description=(
            "PostgreSQL instead: `postgresql://user:password@host/name`. Several studios may share one, each "
            "with a `STUDIO_HOME` of its own and the same `files` folder in it. If one dies, another "
            "continues its jobs after 20 s"
        ),
    )
    studio_person_header: Annotated[str | None, AfterValidator(setting_values.header)] = Field(
        default=None,
        description=(
            "The header in which your sign-in proxy names the person, for example `X-Forwarded-User`. "
            "Without it everyone is one person; with it, people see only their own works. Set it only behind "
            "a proxy that removes this header from incoming requests"
        ),
    )
    studio_admins: Names = Field(
        default=(),
        description=("The people who see all works and may add keys: a list of names, for example `mei, omar`"),
    )
    studio_cap_person_day: Amounts = Field(
        default=None,
        description=(
            "The most that each person may spend in a day, with its currency: `20 USD`, or `20 USD, 150 CNY` "
            "for several. A currency that is not named has no cap; the vendor bills in USD and CNY"
        ),
    )
    studio_cap_person_month: Amounts = Field(default=None, description=("The same in a month"))
    studio_cap_person_ever: Amounts = Field(default=None, description=("The same in all"))
    studio_cap_day: Amounts = Field(default=None, description=("The most that all people together may spend in a day"))
    studio_cap_month: Amounts = Field(default=None, description=("The same in a month"))
    studio_cap_ever: Amounts = Field(default=None, description=("The same in all"))
    studio_log_json: Switch = Field(
        default=False, description=("`true` writes the log as one JSON object a line, with `job_id` and `task_id`")
    )
    studio_metrics: Switch = Field(
        default=False,
        description=(
            "`true` answers `GET /metrics` with numbers for Prometheus: jobs, slots, failures, disk. They "
            "name no person, and need no sign-in"
        ),
    )
    studio_env_file: Path | None = Field(
        default=None, description=("The file to read settings from, instead of `.env`. Set it in the environment")
    )
    otel_exporter_otlp_endpoint: WebAddress | None = Field(
        default=None,
        description=(
            "The address to which traces of jobs are sent, for example `http://127.0.0.1:4318`. Needs `pip "
            "install opentelemetry-sdk opentelemetry-exporter-otlp-proto-http`"
        ),
    )
    dashscope_api_key: Key | None = Field(default=None, description=("The key of the default region"))
    dashscope_region: Annotated[str, AfterValidator(setting_values.region)] = Field(
        default=REGIONS[0].id,
        description=("The default region: `singapore`, `virginia`, `beijing`, `frankfurt`, `tokyo` or `hongkong`"),
    )
    dashscope_base_url: WebAddress | None = Field(
        default=None,
        description=(
            "Replaces the default region's base URL: a gateway, a test server, or a workspace's own address, "
            "`https://{WorkspaceId}.ap-southeast-1.maas.aliyuncs.com/api/v1`"
        ),
    )
    dashscope_api_keys: Mapping[str, Key] = Field(
        default_factory=dict,
        description=(
            "A key for one region, for example `DASHSCOPE_API_KEY_BEIJING`. A key can also be added in "
            "Settings; it is then used until the studio stops"
        ),
    )
    dashscope_base_urls: Mapping[str, WebAddress] = Field(
        default_factory=dict,
        description=("The base URL of one region. Frankfurt and Tokyo have no shared one: they need their workspace's"),
    )

    if not TYPE_CHECKING:  # type checkers still see the fields as the arguments

        def __init__(self, **values: object) -> None:
            # pydantic's own reader would open the files too, and raises a traceback if one is not UTF-8.
            super().__init__(_env_file=None, **values)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Use our own reader only: files in any encoding, quoted values, near misses, keys by region."""
        return init_settings, _Variables(settings_cls)

    @field_validator("*", mode="before")
    @classmethod
    def _one_line(cls, value: object) -> object:
        if isinstance(value, str) and any(letter < " " or letter == "\x7f" for letter in value):
            raise ValueError("it must be one line of plain text, without tabs and signs that cannot be seen")
        return value

    @property
    def home(self) -> Path:
        """The studio's folder, absolute."""
        return expanded(self.studio_home)

    @property
    def names(self) -> frozenset[str] | None:
        """The names with a dot under which a browser may reach the studio, or None if any name is allowed.

        Without this check, a studio that listens on this machine only and has no sign-in would obey any web page whose
        name was made to point here.
        """
        if self.studio_person_header or self.studio_host not in _LOOPBACK:
            return None
        return frozenset(name.strip().lower() for name in self.studio_names)

    @property
    def database_url(self) -> str:
        """The database URL for SQLAlchemy, with an async driver."""
        if self.studio_database_url:
            return setting_values.with_driver(self.studio_database_url)
        # The name of a folder may contain `?`, `#` and `%`, which are special in a URL.
        return str(sa.URL.create("sqlite+aiosqlite", database=str(self.home / "studio.db")))

    def key(self, region: str) -> SecretStr | None:
        """Return the key for a region, or None."""
        own = self.dashscope_api_keys.get(region)
        return own or (self.dashscope_api_key if region == self.dashscope_region else None)

    def base_url(self, region: str) -> str:
        """Return the base URL for a region: the one set for it, else the shared one. Empty if there is none."""
        general = self.dashscope_base_url if region == self.dashscope_region else None
        shared = next((known.base_url for known in REGIONS if known.id == region), "")
        return (self.dashscope_base_urls.get(region) or general or shared).rstrip("/")

    @property
    def regions_with_a_key(self) -> tuple[str, ...]:
        """The regions with a key and a base URL, which can be used for real. The default one comes first."""
        ordered = sorted((known.id for known in REGIONS), key=lambda name: name != self.dashscope_region)
        return tuple(name for name in ordered if self.key(name) and self.base_url(name))

    @property
    def demo(self) -> bool:
        """Whether the studio can or should buy nothing real."""
        return self.studio_demo or not self.regions_with_a_key


class _Variables(PydanticBaseSettingsSource):
    """The values from the environment and the settings files, by our fields."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:  # Any: pydantic's signature
        """Return the value of one field."""
        return self().get(field_name), field_name, False

    def __call__(self) -> dict[str, Any]:  # Any: pydantic's signature
        """Return every field that is set."""
        files = [file for path in places(self.config.get("env_file"), os.environ) if (file := read_env_file(path))]
        return by_field(gathered(os.environ, files))


def by_field(given: Mapping[str, Given]) -> dict[str, Any]:  # Any: text, or text by region
    """Sort variables into our fields. Those that end with a region are grouped by region."""
    found: dict[str, Any] = {}
    for name in Settings.model_fields:
        begins = REGIONAL.get(name)
        if begins is None:
            found |= {name: given[name.upper()].value} if name.upper() in given else {}
            continue
        found |= {name: own} if (own := _by_region(begins, given)) else {}
    return found


def _by_region(begins: str, given: Mapping[str, Given]) -> dict[str, str]:
    """Sort the variables with this prefix by region. A name with the region's id overrides one with its code."""
    ordered = sorted(given, key=lambda upper: region_of(upper).upper() == upper.removeprefix(begins))
    return {region: given[n].value for n in ordered if n.startswith(begins) and (region := region_of(n))}


def region_of(variable: str) -> str:
    """Return the id of the region that a variable's name ends with, or an empty string."""
    for begins in REGIONAL.values():
        if variable.startswith(begins):
            found = region_named(variable.removeprefix(begins))
            return found.id if found else ""
    return ""

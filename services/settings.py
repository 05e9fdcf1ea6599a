"""Every setting of the studio, read once from the environment and `.env`. Built in app.py and handed down."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, Field, SecretStr
from pydantic.fields import FieldInfo
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from services.catalogue.regions import REGIONS
from services.money.amounts import parse_amounts

_REGIONAL = {"dashscope_api_keys": "dashscope_api_key_", "dashscope_base_urls": "dashscope_base_url_"}
"""Settings that each region has: our field, and how a variable begins that ends with the region."""


_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


def _known(region: str) -> str:
    named = region.strip().lower()
    if named not in {known.id for known in REGIONS}:
        raise ValueError(f"must be one of {', '.join(known.id for known in REGIONS)}")
    return named


def _amounts(text: str | None) -> str | None:
    if text is not None:
        parse_amounts(text)
    return text


Amounts = Annotated[str | None, AfterValidator(_amounts)]
"""Amounts of money with their currencies: `20 USD, 150 CNY`."""


class Settings(BaseSettings):
    """The settings. A name here is an environment variable in capitals; each has its line in the README."""

    model_config = SettingsConfigDict(
        env_file=".env", env_file_encoding="utf-8", extra="ignore", frozen=True, env_ignore_empty=True
    )

    studio_home: Path = Field(default=Path("~/.wan-studio"), description="Database, results, logs")
    studio_host: str = Field(default="127.0.0.1", description="Address to listen on")
    studio_port: int = Field(default=7860, description="Port to listen on", ge=0, le=65535)
    studio_demo: bool = Field(default=False, description="Use the built-in simulator even where a key is set")
    studio_poll_seconds: float = Field(
        default=15, description="A job is polled as often, all in all, as by polling every so many seconds", gt=0
    )
    studio_names: tuple[str, ...] = Field(
        default=(), description="JSON list of the names under which browsers reach a studio that listens here only"
    )
    studio_database_url: str | None = Field(default=None, description="PostgreSQL instead of the SQLite file")
    studio_person_header: str | None = Field(
        default=None, description="Header in which a trusted proxy names the person who asks"
    )
    studio_admins: tuple[str, ...] = Field(default=(), description="JSON list of the persons who see everybody's work")
    studio_cap_person_day: Amounts = Field(default=None, description="The most that each person spends in a day")
    studio_cap_person_month: Amounts = Field(default=None, description="The most that each person spends in a month")
    studio_cap_person_ever: Amounts = Field(default=None, description="The most that each person spends in all")
    studio_cap_day: Amounts = Field(default=None, description="The most that everybody together spends in a day")
    studio_cap_month: Amounts = Field(default=None, description="The most that everybody together spends in a month")
    studio_cap_ever: Amounts = Field(default=None, description="The most that everybody together spends in all")
    studio_log_json: bool = Field(default=False, description="Log one JSON object per line")
    studio_metrics: bool = Field(default=False, description="Answer /metrics with numbers for Prometheus")
    otel_exporter_otlp_endpoint: str | None = Field(
        default=None, description="Where traces are sent, OpenTelemetry over HTTP"
    )
    dashscope_api_key: SecretStr | None = Field(default=None, description="Key of the default region")
    dashscope_region: Annotated[str, AfterValidator(_known)] = Field(
        default=REGIONS[0].id, description="Default region"
    )
    dashscope_base_url: str | None = Field(default=None, description="Replaces the default region's base URL")
    dashscope_api_keys: Mapping[str, SecretStr] = Field(
        default_factory=dict, description="A key by region, each in a variable of its own"
    )
    dashscope_base_urls: Mapping[str, str] = Field(
        default_factory=dict, description="A base URL by region, each in a variable of its own"
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Read the variables that end with a region too; the environment outranks the file."""
        regional = _Regional(settings_cls, dotenv_settings, env_settings)
        return init_settings, env_settings, dotenv_settings, file_secret_settings, regional

    @property
    def home(self) -> Path:
        """The studio's folder, absolute."""
        return self.studio_home.expanduser().resolve()

    @property
    def names(self) -> frozenset[str] | None:
        """The names with a dot under which a browser may have come here; None where any will do.

        A studio that listens to this machine alone and asks nobody who they are would obey any web page whose name was
        made to point here.
        """
        if self.studio_person_header or self.studio_host not in _LOOPBACK:
            return None
        return frozenset(name.strip().lower() for name in self.studio_names)

    @property
    def database_url(self) -> str:
        """The database as SQLAlchemy names it, with an async driver."""
        given = self.studio_database_url
        if not given:
            return f"sqlite+aiosqlite:///{self.home / 'studio.db'}"
        scheme, _, rest = given.partition("://")
        drivers = {"postgres": "postgresql+psycopg", "postgresql": "postgresql+psycopg", "sqlite": "sqlite+aiosqlite"}
        return f"{drivers.get(scheme, scheme)}://{rest}"

    def key(self, region: str) -> SecretStr | None:
        """The key for a region, or None."""
        own = self.dashscope_api_keys.get(region)
        return own or (self.dashscope_api_key if region == self.dashscope_region else None)

    def base_url(self, region: str) -> str:
        """The address to use for a region: the one set for it, else the shared one; empty where there is none."""
        general = self.dashscope_base_url if region == self.dashscope_region else None
        shared = next((known.base_url for known in REGIONS if known.id == region), "")
        return (self.dashscope_base_urls.get(region) or general or shared).rstrip("/")

    @property
    def regions_with_a_key(self) -> tuple[str, ...]:
        """The regions that can be used for real, the default one first: they have a key and an address."""
        ordered = sorted((known.id for known in REGIONS), key=lambda name: name != self.dashscope_region)
        return tuple(name for name in ordered if self.key(name) and self.base_url(name))

    @property
    def demo(self) -> bool:
        """Whether nothing real can or should be bought."""
        return self.studio_demo or not self.regions_with_a_key


class _Regional(PydanticBaseSettingsSource):
    """Gathers the variables that end with a region, the later sources outranking the earlier ones."""

    def __init__(self, settings_cls: type[BaseSettings], *sources: PydanticBaseSettingsSource) -> None:
        super().__init__(settings_cls)
        self._sources = sources

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:  # Any: pydantic's signature
        """What the variables say of one field."""
        begins = _REGIONAL.get(field_name)
        if begins is None:
            return None, field_name, False
        found: dict[str, str] = {}
        for source in self._sources:
            variables: Mapping[str, str | None] = source.env_vars if isinstance(source, EnvSettingsSource) else {}
            for region in REGIONS:
                value = variables.get(begins + region.id)
                found |= {region.id: value} if value else {}
        return found, field_name, False

    def __call__(self) -> dict[str, Any]:  # Any: pydantic's signature
        """Every field that has such variables."""
        fields = self.settings_cls.model_fields.items()
        return {name: value for name, field in fields if (value := self.get_field_value(field, name)[0])}

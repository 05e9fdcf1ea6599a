"""Every setting of the studio, read once from the environment and `.env`. Built in app.py and handed down."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

RegionName = Literal["singapore", "virginia", "beijing"]


class Settings(BaseSettings):
    """The settings. A name here is an environment variable in capitals; each has its line in the README."""

    model_config = SettingsConfigDict(
        env_file=".env", env_file_encoding="utf-8", extra="ignore", frozen=True, env_ignore_empty=True
    )

    studio_home: Path = Field(default=Path("~/.wan-studio"), description="Database, results, logs")
    studio_host: str = Field(default="127.0.0.1", description="Address to listen on")
    studio_port: int = Field(default=7860, description="Port to listen on", ge=0, le=65535)
    studio_demo: bool = Field(default=False, description="Use the built-in simulator even where a key is set")
    studio_poll_seconds: float = Field(default=15, description="Longest pause between two polls of a job", gt=0)
    studio_database_url: str | None = Field(default=None, description="PostgreSQL instead of the SQLite file")
    dashscope_api_key: SecretStr | None = Field(default=None, description="Key of the default region")
    dashscope_region: RegionName = Field(default="singapore", description="Default region")
    dashscope_api_key_singapore: SecretStr | None = Field(default=None, description="Key for Singapore")
    dashscope_api_key_virginia: SecretStr | None = Field(default=None, description="Key for Virginia")
    dashscope_api_key_beijing: SecretStr | None = Field(default=None, description="Key for Beijing")
    dashscope_base_url: str | None = Field(default=None, description="Replaces the default region's base URL")

    @property
    def home(self) -> Path:
        """The studio's folder, absolute."""
        return self.studio_home.expanduser().resolve()

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
        own: dict[str, SecretStr | None] = {
            "singapore": self.dashscope_api_key_singapore,
            "virginia": self.dashscope_api_key_virginia,
            "beijing": self.dashscope_api_key_beijing,
        }
        if own.get(region):
            return own[region]
        return self.dashscope_api_key if region == self.dashscope_region else None

    @property
    def regions_with_a_key(self) -> tuple[str, ...]:
        """The regions that can be used for real, the default one first."""
        names: tuple[RegionName, ...] = ("singapore", "virginia", "beijing")
        ordered = sorted(names, key=lambda name: name != self.dashscope_region)
        return tuple(name for name in ordered if self.key(name))

    @property
    def demo(self) -> bool:
        """Whether nothing real can or should be bought."""
        return self.studio_demo or not self.regions_with_a_key

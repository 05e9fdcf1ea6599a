"""Which vendor key serves which job. A key itself never leaves this module and the client.

An account's alias names a region and a fingerprint of the key, so that a job stays with the key, the region and the
host it was bought with, whatever the settings say later. Demo accounts are the built-in simulator's.
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Self

import httpx
from pydantic import SecretStr

from services.catalogue import Catalogue
from services.dashscope import Account, DashScope, QueryBudget
from services.errors import NotConfigured
from services.settings import Settings

_DEMO = "demo"
_DEMO_KEY = SecretStr("sk-demo-nothing-is-billed")


class Accounts:
    """The accounts of this run, each with one open client for each host it is used with."""

    def __init__(
        self,
        settings: Settings,
        catalogue: Catalogue,
        *,
        demo_origin: str | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._settings = settings
        self._catalogue = catalogue
        self._demo_origin = demo_origin
        self._transport = transport
        self._clients: dict[tuple[str, str], DashScope] = {}
        self._budgets: dict[str, QueryBudget] = {}
        self._stack = AsyncExitStack()

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Self]:
        """Close every client at the end."""
        async with self._stack:
            yield self

    @property
    def regions(self) -> tuple[str, ...]:
        """The regions that new jobs can use, the default one first."""
        if self._settings.demo:
            default = self._settings.dashscope_region
            names = [region.id for region in self._catalogue.regions]
            return tuple(sorted(names, key=lambda name: name != default))
        return self._settings.regions_with_a_key

    def hint(self, region: str) -> str:
        """The last characters of a region's key, for a person to recognise it by; nothing in demo mode."""
        key = None if self._settings.demo else self._settings.key(region)
        text = key.get_secret_value() if key else ""
        return text[-4:] if len(text) >= 16 else ""  # four of a short key would tell too much

    def for_new_job(self, region: str) -> Account:
        """The account and host that a job of this region is pinned to. Raises NotConfigured."""
        if self._settings.demo:
            return self._demo(region)
        key = self._settings.key(region)
        if key is None:
            label = self._label(region)
            raise NotConfigured(
                f"There is no key for {label}. Set DASHSCOPE_API_KEY_{region.upper()} and start the studio again."
            )
        return Account(alias=_alias(region, key), region=region, base_url=self._base_url(region), key=key)

    async def client(self, *, alias: str, region: str, base_url: str) -> DashScope | None:
        """The client for a pinned account, or None where its key is not here in this run."""
        account = self._find(alias, region, base_url)
        if account is None:
            return None
        place = (alias, account.base_url)
        if place not in self._clients:
            budget = self._budgets.setdefault(alias, QueryBudget())
            client = DashScope(account, transport=self._transport, budget=budget)
            self._clients[place] = await self._stack.enter_async_context(client)
        return self._clients[place]

    def _find(self, alias: str, region: str, base_url: str) -> Account | None:
        if alias.startswith(_DEMO):
            return self._demo(region) if self._demo_origin else None
        key = self._settings.key(region)
        if key is None or _alias(region, key) != alias:
            return None
        return Account(alias=alias, region=region, base_url=base_url, key=key)

    def _demo(self, region: str) -> Account:
        if self._demo_origin is None:
            raise NotConfigured("Demo mode is not running.")
        base_url = f"{self._demo_origin}/{region}/api/v1"
        return Account(alias=f"{_DEMO}-{region}", region=region, base_url=base_url, key=_DEMO_KEY)

    def _base_url(self, region: str) -> str:
        if region == self._settings.dashscope_region and self._settings.dashscope_base_url:
            return self._settings.dashscope_base_url.rstrip("/")
        found = self._catalogue.region(region)
        if found is None:
            raise NotConfigured(f"There is no region {region!r}.")
        return found.base_url

    def _label(self, region: str) -> str:
        found = self._catalogue.region(region)
        return found.label if found else region


def _alias(region: str, key: SecretStr) -> str:
    fingerprint = hashlib.sha256(key.get_secret_value().encode()).hexdigest()[:8]
    return f"{region}-{fingerprint}"


def labels(catalogue: Catalogue) -> Mapping[str, str]:
    """The names of the regions, by id."""
    return {region.id: region.label for region in catalogue.regions}

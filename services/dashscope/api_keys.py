"""The choice of the vendor key that serves a job. A key itself never leaves this module and the client.

An account's alias names a region and a fingerprint of the key. A job therefore stays with the key, the region and the
host it was bought with, even if the settings change later. Demo accounts belong to the built-in simulator. A key that
is added on the page is kept in memory until the studio stops.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Self

import httpx
from pydantic import SecretStr

from services.catalogue import Catalogue
from services.catalogue.schema import Region
from services.dashscope import Account, DashScope, QueryBudget, Retry
from services.domain.errors import KeyRefused, NotConfigured, StudioError, VendorError
from services.settings import Settings

_DEMO = "demo"
_RETRY = Retry(create_tries=1, create_when_throttled=False)
"""A submission is sent once for each row of the database: services.jobs decides about another."""
"""A throttled submission goes back into the queue: services.jobs.scheduling."""
_DEMO_KEY = SecretStr("sk-demo-nothing-is-billed")


_KEY = re.compile(r"[!-~]{8,400}")
"""The characters of a key: visible ASCII without a space; anything else would not even make a header."""
_WORKSPACE = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{1,62}")
"""The characters of a workspace id that are valid in a host name."""


@dataclass(frozen=True, kw_only=True)
class KeyState:
    """The public state of a region's key."""

    region: str
    label: str
    found: bool
    added: bool
    """True if it was added on the page; it is then gone when the studio stops."""
    hint: str
    """The last characters, for a person to recognise it."""
    address: str
    """The base URL in use; empty if the region needs a workspace's own and none is set."""
    shared: bool
    """True if that is the address shared by all users."""


@dataclass(frozen=True, kw_only=True)
class KeyTest:
    """The result of testing a key. `works` is None if the vendor could not be asked."""

    works: bool | None
    region: str
    """The region that the key belongs to, if one accepts it; else the region that was asked."""
    message: str


@dataclass(frozen=True)
class _Added:
    key: SecretStr
    base_url: str


class Accounts:
    """The accounts of this run, each with one open client for each host it is used with."""

    def __init__(
        self,
        settings: Settings,
        catalogue: Catalogue,
        *,
        demo_origin: str | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
        sharers: Callable[[], int] = lambda: 1,
    ) -> None:
        """`sharers` returns how many processes use these accounts at present, this one included."""
        self._settings = settings
        self._catalogue = catalogue
        self._demo_origin = demo_origin
        self._transport = transport
        self._sharers = sharers
        self._added: dict[str, _Added] = {}
        self._clients: dict[tuple[str, str], DashScope] = {}
        self._budgets: dict[str, QueryBudget] = {}
        self._stack = AsyncExitStack()

    @asynccontextmanager
    async def open(self) -> AsyncGenerator[Self, None]:
        """Close every client at the end."""
        async with self._stack:
            yield self

    @property
    def regions(self) -> tuple[str, ...]:
        """The regions that new jobs can use, the default one first."""
        default = self._settings.dashscope_region
        names = sorted((region.id for region in self._catalogue.regions), key=lambda name: name != default)
        if self._settings.demo:
            return tuple(names)
        return tuple(name for name in names if self._key(name) and self._base_url(name))

    def hint(self, region: str) -> str:
        """Return the last characters of a region's key, for a person to recognise it; empty in demo mode."""
        key = None if self._settings.demo else self._key(region)
        text = key.get_secret_value() if key else ""
        return text[-4:] if len(text) >= 16 else ""  # four characters of a short key would reveal too much

    def is_shared(self, region: str) -> bool:
        """Return True if new jobs of a region go to the address shared by all users."""
        found = self._catalogue.region(region)
        return not self._settings.demo and found is not None and self._base_url(region) == found.base_url

    def key_states(self) -> tuple[KeyState, ...]:
        """Return every region with the public state of its key."""
        return tuple(
            KeyState(
                region=region.id,
                label=region.label,
                found=self._key(region.id) is not None,
                added=region.id in self._added,
                hint=self.hint(region.id),
                address=self._base_url(region.id),
                shared=self._base_url(region.id) == region.base_url,
            )
            for region in self._catalogue.regions
        )

    def for_new_job(self, region: str) -> Account:
        """Return the account and host that a job of this region is pinned to. Raises NotConfigured."""
        if self._settings.demo:
            return self._demo(region)
        key, base_url = self._key(region), self._base_url(region)
        if key is None or not base_url:
            what = "key" if key is None else "workspace address"
            raise NotConfigured(f"There is no {what} for {self._label(region)}. Add it in Settings.")
        return Account(alias=_alias(region, key), region=region, base_url=base_url, key=key)

    # Trying keys -----------------------------------------------------------------------------------------------------

    async def test(self, region: str) -> KeyTest:
        """Test a region's key by reading its task list, which buys nothing. Raises NotConfigured."""
        account = self.for_new_job(region)
        return await self._try(account)

    async def add(self, region: str, key: str, *, workspace: str = "") -> KeyTest:
        """Test a key and, if its region accepts it, use it until the studio stops. Raises StudioError.

        A key of another region is reported as such if that region's shared address accepts it. `workspace` is the id of
        a workspace, for regions and models that are available only at its own address.
        """
        found, secret = self._catalogue.region(region), SecretStr(key.strip())
        if self._settings.demo:
            raise StudioError("This studio is in demo mode. Put your key into .env and start it again.")
        if found is None or not _KEY.fullmatch(secret.get_secret_value()):
            raise StudioError("This does not look like a key. Copy it whole from the Model Studio console.")
        tested = await self._try(self._candidate(found, secret, workspace=workspace.strip()))
        if tested.works:
            self._added[region] = _Added(secret, self._candidate(found, secret, workspace=workspace.strip()).base_url)
            return tested
        return tested if tested.works is None else await self._where_else(found, secret)

    def _candidate(self, region: Region, key: SecretStr, *, workspace: str = "") -> Account:
        if workspace and not _WORKSPACE.fullmatch(workspace):
            raise StudioError("A workspace id has letters, digits and hyphens only. Copy it from the console.")
        own = region.workspace_url.format(workspace=workspace) if workspace else ""
        base_url = own or self._settings.base_url(region.id)
        if not base_url:
            raise StudioError(f"{region.label} has no shared address: enter the id of your workspace there, too.")
        return Account(alias=_alias(region.id, key), region=region.id, base_url=base_url, key=key)

    async def _where_else(self, asked: Region, key: SecretStr) -> KeyTest:
        """Look for the region that a refused key belongs to. Only the vendor's own shared addresses are asked."""
        others = [r for r in self._catalogue.regions if r.base_url and r.id != asked.id]
        tests = await asyncio.gather(
            *(
                self._try(Account(alias=_alias(r.id, key), region=r.id, base_url=r.base_url, key=key))
                for r in others
                if self._settings.base_url(r.id) == r.base_url
            )
        )
        home = next((test for test in tests if test.works), None)
        if home:
            label = self._label(home.region)
            return KeyTest(works=False, region=home.region, message=f"This key belongs to {label}. Add it there.")
        return KeyTest(
            works=False,
            region=asked.id,
            message=f"{asked.label} does not accept this key. Check that it was copied whole and was made there.",
        )

    async def _try(self, account: Account) -> KeyTest:
        label, now = self._label(account.region), datetime.now(UTC)
        offered = next((o.id for m in self._catalogue.models if (o := m.offer(account.region))), "")
        try:
            async with DashScope(account, transport=self._transport) as client:
                await client.list_tasks(model=offered, start=now - timedelta(minutes=1), end=now)
        except KeyRefused:
            return KeyTest(works=False, region=account.region, message=f"{label} does not accept this key.")
        except VendorError as error:
            return KeyTest(works=None, region=account.region, message=f"{label} could not be asked. {error.message}")
        return KeyTest(works=True, region=account.region, message=f"The key works. It belongs to {label}.")

    async def client(self, *, alias: str, region: str, base_url: str) -> DashScope | None:
        """Return the client for a pinned account, or None if its key is not available in this run."""
        account = self._find(alias, region, base_url)
        if account is None:
            return None
        place = (alias, account.base_url)
        if place not in self._clients:
            budget = self._budgets.setdefault(alias, QueryBudget(sharers=self._sharers))
            client = DashScope(account, transport=self._transport, budget=budget, retry=_RETRY)
            self._clients[place] = await self._stack.enter_async_context(client)
        return self._clients[place]

    def _find(self, alias: str, region: str, base_url: str) -> Account | None:
        if alias.startswith(_DEMO):
            return self._demo(region) if self._demo_origin else None
        added = self._added.get(region)
        keys = (self._settings.key(region), added.key if added else None)
        key = next((key for key in keys if key and _alias(region, key) == alias), None)
        return Account(alias=alias, region=region, base_url=base_url, key=key) if key else None

    def _demo(self, region: str) -> Account:
        if self._demo_origin is None:
            raise NotConfigured("Demo mode is not running.")
        base_url = f"{self._demo_origin}/{region}/api/v1"
        return Account(alias=f"{_DEMO}-{region}", region=region, base_url=base_url, key=_DEMO_KEY)

    def _key(self, region: str) -> SecretStr | None:
        added = self._added.get(region)
        return added.key if added else self._settings.key(region)

    def _base_url(self, region: str) -> str:
        added = self._added.get(region)
        return added.base_url if added else self._settings.base_url(region)

    def _label(self, region: str) -> str:
        found = self._catalogue.region(region)
        return found.label if found else region


def _alias(region: str, key: SecretStr) -> str:
    fingerprint = hashlib.sha256(key.get_secret_value().encode()).hexdigest()[:8]
    return f"{region}-{fingerprint}"


def labels(catalogue: Catalogue) -> Mapping[str, str]:
    """Return the names of the regions, by id."""
    return {region.id: region.label for region in catalogue.regions}

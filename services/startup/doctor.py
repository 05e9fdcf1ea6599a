"""`python app.py --check` or `python -m services.startup.doctor`: the settings, their origins, and a start check.

It changes nothing and makes no folder. It never shows a key. The exit code is 0 if the studio can start, else 2.
"""

from __future__ import annotations

import argparse
import os
import sqlite3
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from services.catalogue.regions import REGIONS
from services.environment.console import EXIT_CODE, CannotStart, let_every_letter_through, say
from services.environment.home import Home, look_at_home
from services.environment.python_version import NEWEST, SUPPORTED
from services.environment.variables import BESIDE_APP, Given
from services.settings import REGIONAL, Settings, region_of
from services.startup.begin import Found, look_at_settings, mend_environment
from services.startup.database import place_of, server_of, why_too_new, why_unreachable
from services.startup.listening import close, origin, reserve
from services.startup.lock import is_locked, why_locked
from services.startup.network import certificates_in_force, proxies_in_force, shown

_CONNECT_SECONDS = 5
_WIDTH = 13
_GB, _MB = 1_000_000_000, 1_000_000


@dataclass(frozen=True, kw_only=True)
class Line:
    """The result of one check."""

    title: str
    text: str
    stops: bool = False
    """Whether this prevents a start."""
    warns: bool = False
    """Whether the studio starts, but a person should look at this."""

    def __str__(self) -> str:
        mark = "NO" if self.stops else "!!" if self.warns else "ok"
        return f"{mark}  {self.title:<{_WIDTH}} {self.text}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the report. Returns the exit code."""
    argparse.ArgumentParser(
        prog="python -m services.startup.doctor", description="Say what is set, and whether the studio can start."
    ).parse_args(arguments)
    let_every_letter_through()
    try:
        found = look_at_settings()
    except CannotStart as error:
        _write(["These settings have to be changed before the studio can start:", ""])
        _write([f"NO  {sentence}" for sentence in error.sentences])
        return EXIT_CODE
    _write(["Settings", "", *_settings(found), "", "Checks", ""])
    lines = examine(found)
    _write([str(line) for line in lines])
    stopped = [line for line in lines if line.stops]
    _write(["", "The studio cannot start yet: see NO above." if stopped else "The studio can start."])
    return EXIT_CODE if stopped else 0


def _write(lines: Sequence[str]) -> None:
    for line in lines:
        say(line, to=sys.stdout)


# Settings --------------------------------------------------------------------------------------------------------


def _settings(found: Found) -> list[str]:
    """List every setting, its value and its origin."""
    rows = [row for name in Settings.model_fields for row in _rows(name, found)]
    width = max(len(name) for name, _, _ in rows)
    value_width = min(max(len(value) for _, value, _ in rows), 40)
    return [f"{name:<{width}}  {value:<{value_width}}  {origin}" for name, value, origin in rows]


def _rows(field: str, found: Found) -> list[tuple[str, str, str]]:
    begins = REGIONAL.get(field)
    if begins:
        own = {name: v for name, v in found.given.items() if name.startswith(begins) and region_of(name)}
        return [(variable.name, _value(variable), _origin(variable)) for _, variable in sorted(own.items())]
    variable = found.given.get(field.upper())
    if variable is not None:
        return [(variable.name, _value(variable), _origin(variable))]
    default = Settings.model_fields[field].default
    return [(field.upper(), _default(default), "default")]


def _value(variable: Given) -> str:
    if "API_KEY" in variable.name.upper():
        return "set"
    return shown(variable.value) if "://" in variable.value else variable.value


def _default(value: object) -> str:
    if value is None or value == ():
        return "none"
    return str(value).lower() if isinstance(value, bool) else str(value)


def _origin(variable: Given) -> str:
    return f"from {variable.origin}"


# Checks ----------------------------------------------------------------------------------------------------------


def examine(found: Found) -> list[Line]:
    """Check everything that may prevent a start."""
    settings = found.settings
    mended = mend_environment(settings)
    home = look_at_home(settings.home)
    running = home.exists and is_locked(settings)
    return [
        _python(sys.version_info[:3]),
        _files(found),
        *_access(settings),
        *_network(mended, os.environ),
        *[Line(title="Note", text=remark, warns=True) for remark in (*found.remarks, *mended)],
        _home(home),
        *_space(home),
        database_line(settings),
        _address(settings, running=running),
    ]


def _python(version: tuple[int, ...]) -> Line:
    told = ".".join(str(part) for part in version)
    if tuple(version[:2]) > NEWEST:
        return Line(title="Python", text=f"{told}, which is newer than what is tested ({SUPPORTED})", warns=True)
    return Line(title="Python", text=told)


def _files(found: Found) -> Line:
    read = [str(file.path) for file in found.files]
    if not read:
        return Line(title=".env", text=f"none was found, neither in this folder nor at {BESIDE_APP}")
    return Line(title=".env", text=", then ".join(reversed(read)))


def _access(settings: Settings) -> list[Line]:
    regions = settings.regions_with_a_key
    if settings.demo:
        why = "STUDIO_DEMO asks for it" if settings.studio_demo else "no key is set"
        return [Line(title="Mode", text=f"demo mode, since {why}: nothing is billed"), *_without_address(settings)]
    default = settings.dashscope_region
    lines = [Line(title="Mode", text="real: what is made is billed by the provider")]
    lines += [
        Line(title="Key", text=f"set for {region}{' (the default)' if region == default else ''}, "
             f"used at {settings.base_url(region)}")
        for region in regions
    ]  # fmt: skip
    if default not in regions:
        lines.append(Line(title="Region", text=f"the default region {default} has no key", warns=True))
    return lines + _without_address(settings)


def _without_address(settings: Settings) -> list[Line]:
    return [
        Line(
            title="Region",
            text=f"{region.id} has a key and no address: set DASHSCOPE_BASE_URL_{region.id.upper()}",
            warns=True,
        )
        for region in REGIONS
        if settings.key(region.id) and not settings.base_url(region.id)
    ]


def _network(mended: Sequence[str], environ: Mapping[str, str]) -> list[Line]:
    proxies = [f"{name} = {address}" for name, address in proxies_in_force(environ).items()]
    trusted = [f"{name} = {path}" for name, path in certificates_in_force(environ).items()]
    unused = " (what is set cannot be used, see below)" if mended else ""
    return [
        Line(title="Proxy", text=", ".join(proxies) or f"none{unused}"),
        Line(title="Certificates", text=", ".join(trusted) or "the usual ones"),
    ]


def _home(home: Home) -> Line:
    if home.problem:
        return Line(title="Folder", text=home.problem, stops=True)
    return Line(title="Folder", text=str(home.path) if home.exists else f"{home.path} (is made at the first start)")


def _space(home: Home) -> list[Line]:
    if home.problem:
        return []
    size = home.free_bytes
    text = f"{size / _GB:.1f} GB free" if size >= _GB else f"{size // _MB} MB free"
    return [Line(title="Disk", text=f"{text}, which is little" if home.is_low else text, warns=home.is_low)]


def database_line(settings: Settings) -> Line:
    """Report the kind of the database and whether it can be read."""
    server = server_of(settings)
    if server is None:
        return _sqlite(settings, Path(sa.make_url(settings.database_url).database or ""))
    why = why_unreachable(server)
    if why:
        return Line(title="Database", text=f"{place_of(server)} cannot be reached: {why}", stops=True)
    return _unless_too_new(settings, f"{place_of(server)} answers")


def _unless_too_new(settings: Settings, text: str) -> Line:
    why = why_too_new(settings)
    return Line(title="Database", text=why or text, stops=bool(why))


def _sqlite(settings: Settings, path: Path) -> Line:
    if not path.exists():
        return Line(title="Database", text=f"{path} (SQLite, is made at the first start)")
    try:
        connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=_CONNECT_SECONDS)
        try:
            (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        finally:
            connection.close()
    except sqlite3.Error as error:
        return Line(title="Database", text=f"{path} cannot be read ({error})", stops=True)
    if not tables:
        return Line(title="Database", text=f"{path} is empty", warns=True)
    return _unless_too_new(settings, f"{path} (SQLite), can be read")


def _address(settings: Settings, *, running: bool) -> Line:
    host, port = settings.studio_host, settings.studio_port
    if running:
        return Line(title="Address", text=why_locked(settings), stops=True)
    try:
        close(reserve(host, port))
    except CannotStart as error:
        return Line(title="Address", text=str(error), stops=True)
    return Line(title="Address", text=f"{origin(host, port)} is free" if port else "a free port is taken at the start")


if __name__ == "__main__":
    sys.exit(main())

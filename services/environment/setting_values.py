"""Parsers for each kind of setting. They understand near misses, and return the value or raise ValueError.

The messages follow "STUDIO_PORT is abc:" and state the allowed values.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Sequence
from ipaddress import ip_address
from typing import cast
from urllib.parse import SplitResult, urlsplit

from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from services.catalogue.regions import REGIONS, region_named
from services.domain.money import parse_amounts

CURRENCIES = ("USD", "CNY")
"""The currencies that the vendor bills in."""

_LONGEST_POLL_SECONDS = 3600.0
_HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_HOST = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9_])?\.?")
_AMOUNT_FIRST = re.compile(r"([A-Za-z]{3})\s*([\d.]+)")
_SIGNS = {"$": "USD", "US$": "USD", "¥": "CNY", "￥": "CNY", "CN¥": "CNY", "RMB": "CNY"}
_SIGN = re.compile(r"(US\$|CN¥|[$¥￥])\s*([\d.]+)|([\d.]+)\s*(US\$|CN¥|[$¥￥]|RMB)", re.IGNORECASE)
_DRIVERS = {"postgres": "postgresql+psycopg", "postgresql": "postgresql+psycopg", "sqlite": "sqlite+aiosqlite"}


def region(text: str) -> str:
    """Return the id of a region, given its id, name, code or a usual short form."""
    found = region_named(text)
    if found is None:
        raise ValueError(f"it must be one of {', '.join(known.id for known in REGIONS)}")
    return found.id


def port(text: object) -> object:
    """Parse a TCP port."""
    number = text.removeprefix(":").strip() if isinstance(text, str) else str(text)
    if not number.isascii() or not number.isdigit() or int(number) > 65535:
        raise ValueError("it must be a whole number from 0 to 65535, for example 7860")
    return int(number)


def seconds(text: object) -> object:
    """Parse a pause in seconds."""
    try:
        number = float(re.sub(r"\s*s(ec(onds)?)?$", "", str(text).lower()))
    except ValueError:
        number = math.nan
    if not 0 < number <= _LONGEST_POLL_SECONDS:
        raise ValueError("it must be a number of seconds above 0 and up to 3600, for example 15")
    return number


def switch(text: object) -> object:
    """Parse a switch that is on or off."""
    if isinstance(text, str):
        word = text.lower()
        if word in {"1", "true", "yes", "on", "y", "t"}:
            return True
        if word in {"0", "false", "no", "off", "n", "f"}:
            return False
        raise ValueError("it must be true or false")
    return text


def names(text: object) -> object:
    """Parse several names: a JSON list, or names separated by commas."""
    if not isinstance(text, str):
        return text
    if text.startswith("["):
        try:
            given = json.loads(text)
        except (ValueError, RecursionError):
            given = text.removeprefix("[").removesuffix("]").split(",")
        if not all(isinstance(name, str) for name in given):
            raise ValueError('it must be a list of names, for example mei,omar or ["mei", "omar"]')
        return tuple(filter(None, (str(name).strip(" \t\"'") for name in given)))
    if text.startswith("{"):
        raise ValueError('it must be a list of names, for example mei,omar or ["mei", "omar"]')
    return tuple(filter(None, (name.strip(" \t\"'") for name in re.split(r"[,;\n]", text))))


def host_names(text: object) -> object:
    """Parse several host names. Of a full URL, only the host is used."""
    given = names(text)
    if not isinstance(given, tuple | list):
        return given
    hosts = tuple(_host_of(str(name)) for name in cast("Sequence[object]", given))
    if not all(_HOST.fullmatch(host) for host in hosts):
        raise ValueError("it must be a list of names, for example studio.example.com")
    return hosts


def _host_of(name: str) -> str:
    try:
        return urlsplit(name if "//" in name else f"//{name}").hostname or ""
    except ValueError:
        return ""


def listening_host(text: str) -> str:
    """Parse an address of this machine, or a name for one."""
    host = text.strip().removeprefix("[").removesuffix("]")
    try:
        ip_address(host)
    except ValueError:
        if not _HOST.fullmatch(host):
            raise ValueError(
                "it must be an address of this machine without http:// and port, for example 127.0.0.1, "
                "or 0.0.0.0 for all its addresses"
            ) from None
    return host


def header(text: str | None) -> str | None:
    """Parse the name of an HTTP header."""
    if text is None:
        return None
    name = text.rstrip(": ")
    if not _HEADER.fullmatch(name):
        raise ValueError("it must be the name of a header, for example X-Forwarded-User")
    return name


def amounts(text: str | None) -> str | None:
    """Parse amounts of money, each in a currency that the vendor bills in."""
    if text is None:
        return None
    written = ", ".join(_amount(piece.strip()) for piece in re.split(r"[,;]", text))
    try:
        parsed = parse_amounts(written)
    except ValueError:
        raise ValueError("it must be an amount with its currency, one for each: 20 USD, 150 CNY") from None
    unknown = sorted(set(parsed) - set(CURRENCIES))
    if unknown:
        raise ValueError(f"the provider does not bill in {unknown[0]}, so it must be in {' or '.join(CURRENCIES)}")
    return written


def _amount(piece: str) -> str:
    """Rewrite `$20`, `20$` and `USD 20` as `20 USD`. Other text stays as it is."""
    turned = _AMOUNT_FIRST.fullmatch(piece)
    if turned:
        return f"{turned[2]} {turned[1].upper()}"
    signed = _SIGN.fullmatch(piece)
    if signed:
        return f"{signed[2] or signed[3]} {_SIGNS[(signed[1] or signed[4]).upper()]}"
    return piece


def web_address(text: str | None) -> str | None:
    """Parse a URL that begins with http:// or https://. A trailing slash is removed."""
    if text is None:
        return None
    written = text.strip().rstrip("/")
    address = written if "://" in written else f"{_usual_scheme(written)}://{written}"
    parts = _split(address)
    if parts is None or parts.scheme.lower() not in {"http", "https"} or parts.query or parts.fragment:
        raise ValueError("it must be a web address, for example https://host/api/v1")
    if parts.username or parts.password:
        raise ValueError("it must be a web address without a name and password in it")
    return address


def _usual_scheme(address: str) -> str:
    host = _host_of(address)
    return "http" if host in {"localhost", "127.0.0.1", "::1"} else "https"


def _split(address: str) -> SplitResult | None:
    """Split a URL into its parts. Returns None if it is not a URL."""
    try:
        parts = urlsplit(address)
        usable = parts.hostname and (parts.port is None or parts.port) and not re.search(r"[\s\\]", address)
    except ValueError:
        return None
    return parts if usable and _is_host(parts.hostname or "") else None


def _is_host(host: str) -> bool:
    """Return whether this may be a host. Names in other scripts are accepted too."""
    try:
        ip_address(host.partition("%")[0])
    except ValueError:
        return re.fullmatch(r"[^\s/?#@:\[\]<>\"'{}|^`,;]+", host) is not None
    return True


def database_url(text: str | None) -> str | None:
    """Parse the URL of a PostgreSQL database, or of an SQLite file."""
    if text is None:
        return None
    scheme, _, rest = text.partition("://")
    known = scheme.lower().partition("+")[0]
    if known not in _DRIVERS or not rest:
        raise ValueError("it must look like postgresql://user:password@host/name")
    try:
        url = make_url(f"{_DRIVERS[known]}://{rest}")
    except (ArgumentError, ValueError):  # a port that is not a number
        raise ValueError("it must look like postgresql://user:password@host/name") from None
    if known != "sqlite" and not url.database:
        raise ValueError("the name of the database is missing: postgresql://user:password@host/name")
    return text


def with_driver(url: str) -> str:
    """Return the database URL for SQLAlchemy, with the driver that we use."""
    scheme, _, rest = url.partition("://")
    return f"{_DRIVERS.get(scheme.lower().partition('+')[0], scheme)}://{rest}"


def key(text: str) -> str:
    """Return a key without the word `Bearer` that precedes it in examples of calls."""
    return re.sub(r"^(authorization\s*:\s*)?bearer\s+", "", text, flags=re.IGNORECASE).strip()


def looks_like_a_key(text: str) -> bool:
    """Return whether this can be sent in a header as a key: visible ASCII without a space."""
    return re.fullmatch(r"[!-~]{8,400}", text) is not None

"""Fixes the proxy and certificate variables of the environment, which our HTTP library uses unchecked.

One bad variable would end the studio while its libraries load. Each unusable variable is removed from this process's
environment, and a sentence names it and the fallback. A password in an address is never repeated.
"""

from __future__ import annotations

import importlib.util
import os
import re
import ssl
from collections.abc import Iterable, Mapping, MutableMapping
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from pathlib import Path
from urllib.parse import quote, urlsplit

from services.environment.variables import cleaned

PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")
CERTIFICATES = ("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_SCHEMES = {
    "http": "http",
    "https": "https",
    "socks": "socks5",
    "socks5": "socks5",
    "socks5h": "socks5h",
}
"""Proxy schemes as written, and their names in our HTTP library."""
_DIRECTLY = "it is not used, and the studio connects without it"
_HASHED = re.compile(r"[0-9a-f]{8}\.\d+")
"""The names of files in a usable folder of certificates."""


def mend_network(environ: MutableMapping[str, str], *, hosts: Iterable[str] = ()) -> list[str]:
    """Make the environment safe for HTTP clients. Returns the changes, as sentences.

    `hosts` are the hosts in the settings. A host in a range of NO_PROXY is written out, since our HTTP library does
    not support ranges.
    """
    said = [*_mend_proxies(environ), *_mend_certificates(environ)]
    if any(environ.get(name) for proxy in PROXIES for name in _both(proxy)):
        # Without any proxy, leave NO_PROXY alone: it would hide the proxies of Windows and macOS from Python.
        said += _mend_exceptions(environ, hosts=tuple(hosts))
    return said


def _both(name: str) -> tuple[str, str]:
    return name, name.lower()


# Proxies ---------------------------------------------------------------------------------------------------------


def _mend_proxies(environ: MutableMapping[str, str]) -> list[str]:
    said: list[str] = []
    for name in (both for proxy in PROXIES for both in _both(proxy)):
        if name not in environ:
            continue
        given = cleaned(environ[name])
        if not given:
            del environ[name]
            continue
        address, why = proxy_address(given)
        if why:
            del environ[name]
            said.append(f"{name} {why}: {_DIRECTLY}.")
        else:
            environ[name] = address
    return list(dict.fromkeys(said))


def proxy_address(given: str) -> tuple[str, str]:
    """Return a proxy's address in the form our HTTP library accepts, or the reason why it cannot be used."""
    scheme, found, rest = given.partition("://")
    if not found:
        scheme, rest = "http", given
    kind = _SCHEMES.get(scheme.lower())
    if kind is None:
        known = re.fullmatch(r"[A-Za-z][A-Za-z0-9+.-]{0,20}", scheme)
        return (
            "",
            f"begins with {scheme if known else 'something else than'}://, and must begin with http:// or socks5://",
        )
    if kind.startswith("socks") and importlib.util.find_spec("socksio") is None:
        return "", "names a SOCKS proxy, which needs the package socksio (pip install -r requirements.txt)"
    # A user name or password may contain characters that a URL cannot: both end at the last @.
    person, at, place = rest.rstrip("/").rpartition("@")
    address = f"{kind}://{_safe(person)}{at}{place}"
    try:
        parts = urlsplit(address)
        usable = bool(parts.hostname) and not parts.netloc.endswith(":") and not parts.query
        usable = usable and (parts.port is None or parts.port > 0)
    except ValueError:
        usable = False
    if not usable or re.search(r"[\s<>\"\\^`{|}]", place) or "%" in place.partition("]")[2]:
        return "", "is not the address of a proxy, which looks like http://host:port"
    return address, ""


def _safe(person: str) -> str:
    return quote(person, safe="%:!$&'()*+,;=~-._")


def shown(address: str) -> str:
    """Return a proxy's or a database's address without user name and password, safe to show."""
    scheme, found, rest = address.partition("://")
    return f"{scheme}{found}{rest.rpartition('@')[2]}" if found else address.rpartition("@")[2]


# Exceptions from them --------------------------------------------------------------------------------------------


def _mend_exceptions(environ: MutableMapping[str, str], *, hosts: tuple[str, ...]) -> list[str]:
    """Make NO_PROXY readable, and always include this machine in it: demo mode's simulator runs here."""
    said: list[str] = []
    present = [name for name in _both("NO_PROXY") if name in environ] or ["NO_PROXY"]
    for name in present:
        entries: list[str] = []
        for written in re.split(r"[,;\s]+", cleaned(environ.get(name, ""))):
            entry, why = _exception(cleaned(written), hosts=hosts)
            entries += entry
            said += [f"{name} has {_brief(written)} in it, {why}."] if why else []
        environ[name] = ",".join(dict.fromkeys([*entries, *([] if "*" in entries else _LOOPBACK)]))
    return list(dict.fromkeys(said))


def _exception(written: str, *, hosts: tuple[str, ...]) -> tuple[list[str], str]:
    """Return one exception in the form our HTTP library accepts, and a remark on it."""
    if not written or written.lower() == "<local>":
        return [], ""
    if written == "*":
        return ["*"], ""
    bare = urlsplit(written).netloc if "://" in written else written
    network = _network(bare)
    if network is not None:
        within = [host for host in hosts if _lies_in(host, network)]
        # An IPv4 range is harmless, and other programs use it. Our HTTP library cannot read an IPv6 range.
        return [*([bare] if network.version == 4 else []), *within], ""
    host = _without_port(bare)
    try:
        return [str(ip_address(host))], ""
    except ValueError:
        pass
    host = host.removeprefix("*") if host.startswith("*.") else host
    if re.fullmatch(r"\.?[\w-]+(\.[\w-]+)*\.?", host):
        return [host.rstrip(".")], ""
    return [], "which is neither a host nor an address: it is left out"


def _network(entry: str) -> IPv4Network | IPv6Network | None:
    if "/" not in entry:
        return None
    try:
        return ip_network(entry.replace("[", "").replace("]", ""), strict=False)
    except ValueError:
        return None


def _lies_in(host: str, network: IPv4Network | IPv6Network) -> bool:
    try:
        return ip_address(host) in network
    except ValueError:
        return False


def _without_port(entry: str) -> str:
    bracketed = re.fullmatch(r"\[([^\]]+)\](:\d*)?", entry)
    if bracketed:
        return bracketed[1].partition("%")[0]
    return re.sub(r"(?<=[^:]):\d*$", "", entry) if entry.count(":") == 1 else entry


def _brief(text: str) -> str:
    text = shown(text)
    return text if len(text) <= 60 else f"{text[:57]}..."


# Certificates ----------------------------------------------------------------------------------------------------


def _mend_certificates(environ: MutableMapping[str, str]) -> list[str]:
    said: list[str] = []
    for name in CERTIFICATES:
        if name not in environ:
            continue
        given = cleaned(environ[name])
        if not given:
            del environ[name]
            continue
        why = _why_not_trusted(name, given)
        if why:
            del environ[name]
            said.append(f"{name} names {given}, {why}: it is not used, and the usual certificates are.")
        else:
            environ[name] = given
    keys = environ.get("SSLKEYLOGFILE")
    if keys is not None and not _can_be_appended(keys):
        del environ["SSLKEYLOGFILE"]
        said += [f"SSLKEYLOGFILE names {keys}, which cannot be written to: it is not used."] if keys.strip() else []
    return said


def _why_not_trusted(name: str, given: str) -> str:
    """Return why these certificates cannot be used, or an empty string if they can."""
    paths = [Path(part) for part in given.split(os.pathsep)] if name == "SSL_CERT_DIR" else [Path(given)]
    try:
        if name == "SSL_CERT_DIR":
            return "" if any(_has_certificates(path) for path in paths) else "where no certificates are"
        (path,) = paths
        if path.is_dir():
            usable = name != "SSL_CERT_FILE" and _has_certificates(path)
            return "" if usable else "which is a folder and not a file of certificates"
        if not path.exists():
            return "which does not exist"
        if path.stat().st_size == 0:
            return "which is empty"
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cafile=str(path))
    except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
        if isinstance(error, OSError) and not isinstance(error, ssl.SSLError):
            return f"which cannot be read ({error.strerror or error})"
        return "which holds no certificates in PEM format"
    return ""


def _has_certificates(folder: Path) -> bool:
    return folder.is_dir() and any(_HASHED.fullmatch(file.name) for file in folder.iterdir())


def _can_be_appended(given: str) -> bool:
    try:
        with Path(given).open("ab"):
            return True
    except (OSError, ValueError):
        return False


# In force --------------------------------------------------------------------------------------------------------


def proxies_in_force(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the proxies that are set, by variable, safe to show."""
    found = {name: environ[name] for proxy in PROXIES for name in _both(proxy) if environ.get(name)}
    return {name: shown(address) for name, address in found.items()}


def certificates_in_force(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the certificates that are set, by variable."""
    return {name: environ[name] for name in CERTIFICATES if environ.get(name)}

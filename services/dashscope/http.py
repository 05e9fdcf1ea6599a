"""HTTP as the vendor's modules use it: opening clients, timeouts, logging rules.

Hides httpx's settings. Knows no endpoint and no key.
"""

from __future__ import annotations

import logging
import os
import ssl
from email.utils import parsedate_to_datetime
from urllib.parse import urljoin

import httpx

log = logging.getLogger(__name__)

AT_ONCE = 20
"""Requests in flight per client: httpx's pool slows down sharply beyond."""

CONNECT_SECONDS = 10.0
READ_SECONDS = 30.0
CREATE_READ_SECONDS = 60.0
CREATE_SECONDS = 75.0
"""The time limit of a create call as a whole, even if its response arrives slowly."""
LONGEST_CREATE_SECONDS = 170.0
"""The longest a create lasts, with its waits and retries. A search for a lost task can stop there."""
TRANSFER_READ_SECONDS = 60.0
STREAM_SILENT_SECONDS = 180.0
"""A stream may be silent while a picture is drawn. Source: wan-image-api.md 1.7."""
LONGEST_STREAM_SECONDS = 1800.0
"""The time limit of a whole stream: the vendor itself gives up after five minutes."""

_MOST_HOPS = 3

NOT_SENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
)
"""The request certainly did not leave: no connection, no free one, or a proxy that refused to connect."""


def timeout(read_seconds: float) -> httpx.Timeout:
    """Build a timeout with every wait spelt out, in seconds."""
    return httpx.Timeout(connect=CONNECT_SECONDS, read=read_seconds, write=60.0, pool=CONNECT_SECONDS)


def trusted_certificates() -> ssl.SSLContext:
    """Load the trusted certificates: those of SSL_CERT_FILE or SSL_CERT_DIR, else the usual ones and this machine's.

    A company's own certificate is often known to the machine, or named only in the variable of another library.
    """
    context = httpx.create_ssl_context()
    if not os.environ.get("SSL_CERT_FILE") and not os.environ.get("SSL_CERT_DIR"):
        context.load_default_certs()
        named = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE")
        if named:
            where = {"capath": named} if os.path.isdir(named) else {"cafile": named}  # noqa: PTH112 - a word, not a path
            context.load_verify_locations(**where)
    return context


def proxies_are_usable() -> bool:
    """Check that a client can be opened with the proxies that the environment names. Connects to nothing."""
    try:
        httpx.Client(verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)).close()
    except Exception as error:  # noqa: BLE001 - the library raises five kinds, some of them by accident
        log.debug("the proxies cannot be used: %s", type(error).__name__)
        return False
    return True


def open_client(
    transport: httpx.AsyncBaseTransport | None,
    *,
    tls: ssl.SSLContext | None,
    read_seconds: float,
    keep_alive: bool,
    redirects: int = 0,
) -> httpx.AsyncClient:
    """Open a client without any key in it."""
    return httpx.AsyncClient(
        transport=transport,
        verify=tls or True,
        timeout=timeout(read_seconds),
        limits=httpx.Limits(max_connections=AT_ONCE, max_keepalive_connections=AT_ONCE if keep_alive else 0),
        follow_redirects=redirects > 0,
        max_redirects=redirects,
        # A proxy in the environment is for outside hosts; the simulator of demo mode is on this machine.
        mounts={"all://127.0.0.1": None, "all://localhost": None, "all://[::1]": None},
        headers={"User-Agent": "wan-studio"},
    )


async def send_reading(client: httpx.AsyncClient, request: httpx.Request) -> httpx.Response:
    """Send a call that only reads. Follow redirects on the same host only.

    The service redirects a URL with a superfluous slash, for example. Nothing is carried to another host: the request
    contains the key.
    """
    response = await client.send(request)
    for _ in range(_MOST_HOPS):
        onward = response.next_request
        if request.method != "GET" or onward is None or _origin(onward.url) != _origin(request.url):
            break
        response = await client.send(onward)
    return response


def _origin(url: httpx.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.host, url.port


def joined(base: str, link: str) -> str:
    """Return a link as an absolute one; the vendor may give it relative to `base`."""
    try:
        return urljoin(base, link.strip()) if link else ""
    except ValueError:
        return link  # the download will report it


def quiet_loggers() -> None:
    """Keep httpx and httpcore from logging requests: a signed link in a log gives access to a person's results."""
    for name in ("httpx", "httpcore"):
        logger = logging.getLogger(name)
        if logger.level < logging.WARNING:
            logger.setLevel(logging.WARNING)


def without_query(url: httpx.URL) -> str:
    """Return host and path, the parts of a link that may be logged."""
    return f"{url.host}{url.path}"


def retry_after(response: httpx.Response) -> float | None:
    """Return the seconds that the service asks us to wait, or None. A date is read against the service's own clock."""
    value = response.headers.get("retry-after", "").strip()
    if value.isdecimal():
        return float(value)
    try:
        span = parsedate_to_datetime(value) - parsedate_to_datetime(response.headers["date"])
    except (ValueError, TypeError, KeyError):
        return None
    return max(0.0, span.total_seconds())

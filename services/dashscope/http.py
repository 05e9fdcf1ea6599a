"""HTTP as the vendor's modules use it: how clients are opened, how long they wait, what may be logged.

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
"""A create call is given up as a whole after this, even when its answer drips in."""
LONGEST_CREATE_SECONDS = 170.0
"""The longest a create lasts with its waits and repeats: whoever looks for a lost one knows where to stop looking."""
TRANSFER_READ_SECONDS = 60.0
STREAM_SILENT_SECONDS = 180.0
"""A stream may be silent while a picture is drawn. Source: wan-image-api.md 1.7."""
LONGEST_STREAM_SECONDS = 1800.0
"""A stream that goes on for longer than this is given up: the provider itself gives up after five minutes."""

_MOST_HOPS = 3

NOT_SENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
)
"""The request certainly did not leave: no connection, no free one, or a proxy that would not open the way."""


def timeout(read_seconds: float) -> httpx.Timeout:
    """Every wait spelt out, in seconds."""
    return httpx.Timeout(connect=CONNECT_SECONDS, read=read_seconds, write=60.0, pool=CONNECT_SECONDS)


def trusted_certificates() -> ssl.SSLContext:
    """Load the certificates to trust: what SSL_CERT_FILE or SSL_CERT_DIR names, else the usual ones and this machine's.

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
    """Try whether a client can be opened with the proxies that the environment names. Connects to nothing."""
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
    """A client without any key in it."""
    return httpx.AsyncClient(
        transport=transport,
        verify=tls or True,
        timeout=timeout(read_seconds),
        limits=httpx.Limits(max_connections=AT_ONCE, max_keepalive_connections=AT_ONCE if keep_alive else 0),
        follow_redirects=redirects > 0,
        max_redirects=redirects,
        # A proxy in the environment is for the outside; the simulator of demo mode is on this machine.
        mounts={"all://127.0.0.1": None, "all://localhost": None, "all://[::1]": None},
        headers={"User-Agent": "wan-studio"},
    )


async def send_reading(client: httpx.AsyncClient, request: httpx.Request) -> httpx.Response:
    """The answer to a call that only reads. Where the same host says that it is elsewhere on it, there: so it goes with
    a slash too many. To another host nothing is carried: the key is in it."""
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
    """A link whole: one may be told as it is seen from `base`."""
    try:
        return urljoin(base, link.strip()) if link else ""
    except ValueError:
        return link  # whoever fetches it will say so


def quiet_loggers() -> None:
    """Keep httpx and httpcore from logging requests: a signed link in a log is a key to somebody's work."""
    for name in ("httpx", "httpcore"):
        logger = logging.getLogger(name)
        if logger.level < logging.WARNING:
            logger.setLevel(logging.WARNING)


def without_query(url: httpx.URL) -> str:
    """Host and path: what may be logged of a link."""
    return f"{url.host}{url.path}"


def retry_after(response: httpx.Response) -> float | None:
    """Seconds the service asks us to wait, or None. A date is read against the service's own clock."""
    value = response.headers.get("retry-after", "").strip()
    if value.isdecimal():
        return float(value)
    try:
        span = parsedate_to_datetime(value) - parsedate_to_datetime(response.headers["date"])
    except (ValueError, TypeError, KeyError):
        return None
    return max(0.0, span.total_seconds())

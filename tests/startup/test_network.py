"""The way to the vendor through real proxies on this machine: SOCKS5 and HTTP, with and without a password."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from pydantic import SecretStr

from services.dashscope import Account, DashScope, Retry, Task, TaskStatus
from services.dashscope.http import proxies_are_usable, trusted_certificates
from services.domain.errors import VendorError
from services.startup.network import mend_network
from tests.rig.proxies import Proxy, http_proxy, socks5_proxy
from tests.rig.studio import KEY, simulated

ONCE = Retry(tries=1)
PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")


@pytest.fixture(autouse=True)
def _no_proxy_yet(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*PROXIES, "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


def set_and_mend(monkeypatch: pytest.MonkeyPatch, **variables: str) -> list[str]:
    """Set variables and let the start of the studio look at them."""
    environ = dict(variables)
    said = mend_network(environ)
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    return said


async def ask_for_a_task(base_url: str) -> Task:
    """One call that buys nothing. A vendor that was reached answers that it knows no such task."""
    account = Account("singapore-x", "singapore", base_url, SecretStr(KEY))
    async with DashScope(account, retry=ONCE) as client:
        return await client.query("0b7c2d3e-0000-0000-0000-000000000000")


@pytest.mark.parametrize(
    ("variable", "address", "kind", "person"),
    [
        ("ALL_PROXY", "socks5://127.0.0.1:{port}", socks5_proxy, ""),
        ("all_proxy", "socks://127.0.0.1:{port}/", socks5_proxy, ""),
        ("HTTP_PROXY", "socks5h://127.0.0.1:{port}", socks5_proxy, ""),
        ("ALL_PROXY", "SOCKS5://mei:p@ss/w#rd@127.0.0.1:{port}", socks5_proxy, "mei:p@ss/w#rd"),
        ("HTTP_PROXY", "127.0.0.1:{port}", http_proxy, ""),
        ("http_proxy", "'http://127.0.0.1:{port}' ", http_proxy, ""),
        ("ALL_PROXY", "http://mei:p@ss@127.0.0.1:{port}", http_proxy, "mei:p@ss"),
    ],
)
async def test_the_vendor_is_asked_through_the_proxy(
    variable: str,
    address: str,
    kind: Callable[..., AbstractAsyncContextManager[Proxy]],
    person: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with simulated(tmp_path / "vendor", keys={KEY: {"singapore"}}) as (_, url):
        vendor = urlsplit(url)
        more = {"password": True} if person and kind is socks5_proxy else {}
        async with kind(vendor.port, **more) as proxy:
            assert set_and_mend(monkeypatch, **{variable: address.format(port=proxy.port)}) == []
            task = await ask_for_a_task(f"http://dashscope.example{vendor.path}")

            assert task.status is TaskStatus.UNKNOWN, "the vendor itself has answered"
            assert proxy.asked == [f"dashscope.example{'' if kind is http_proxy else ':80'}"]
            assert proxy.people == ([person] if person else [])


async def test_a_secure_address_is_asked_for_by_connect(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with simulated(tmp_path / "vendor") as (_, url), http_proxy(urlsplit(url).port or 0) as proxy:
        set_and_mend(monkeypatch, HTTPS_PROXY=f"http://127.0.0.1:{proxy.port}")
        with pytest.raises(VendorError):  # the simulator does not speak TLS
            await ask_for_a_task("https://dashscope.example/api/v1")

        assert proxy.asked == ["dashscope.example:443"]


@pytest.mark.parametrize("exceptions", ["", "example.org", "*.corp, 10.0.0.0/8", "[fe80::]/10 h:x"])
async def test_this_machine_is_never_asked_through_a_proxy(
    exceptions: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with simulated(tmp_path / "vendor", keys={KEY: {"singapore"}}) as (_, url), http_proxy(9) as proxy:
        set_and_mend(monkeypatch, ALL_PROXY=f"http://127.0.0.1:{proxy.port}", NO_PROXY=exceptions)
        for base in (url, url.replace("127.0.0.1", "localhost")):
            assert (await ask_for_a_task(base)).status is TaskStatus.UNKNOWN
        async with httpx.AsyncClient() as library:  # as Gradio opens its own
            assert (await library.get(f"{url}/tasks/x")).status_code == 401

        assert proxy.asked == []


async def test_a_proxy_that_is_not_there_is_said_and_nothing_is_bought(
    free_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_and_mend(monkeypatch, ALL_PROXY=f"socks5://127.0.0.1:{free_port}")
    with pytest.raises(VendorError, match=r"\.$"):
        await ask_for_a_task("http://dashscope.example/api/v1")


def test_what_no_client_takes_is_found_without_connecting(monkeypatch: pytest.MonkeyPatch) -> None:
    assert proxies_are_usable()
    monkeypatch.setenv("ALL_PROXY", "gopher://h")
    assert not proxies_are_usable()


# Certificates --------------------------------------------------------------------------------------------------------


COMPANY = """\
-----BEGIN CERTIFICATE-----
MIIBfzCCASWgAwIBAgIUU01Fx5dRSio99aQqRx+Q/40StpIwCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJQSBjb21wYW55MCAXDTI2MTEzMDIwMjAwMloYDzIxMjYxMTA2
MjAyMDAyWjAUMRIwEAYDVQQDDAlBIGNvbXBhbnkwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAARCCsTj5ubSaGuMniEHcJmEB2GorhnjDzGPK1kMAgllhjIE2tCIFcO6
Z+WNuAuewl+gucg3x8ttW9To5T1GcgFUo1MwUTAdBgNVHQ4EFgQUXDbCoEAIc0Ha
EdfmuHTlwstJHicwHwYDVR0jBBgwFoAUXDbCoEAIc0HaEdfmuHTlwstJHicwDwYD
VR0TAQH/BAUwAwEB/zAKBggqhkjOPQQDAgNIADBFAiEA2YiPGO8r/Uhtu3P/nMnI
nr1Eug5FZ6ZomdtCM3MfpqgCIHClUAXwUh7wFxQ5Vy4qxphHZGZACl+jfkmA++Jf
4ILp
-----END CERTIFICATE-----
"""
"""A certificate that no machine knows. Its key was thrown away."""


@pytest.fixture
def company(tmp_path: Path) -> Path:
    """A file with the one certificate of a company."""
    path = tmp_path / "company.pem"
    path.write_text(COMPANY, encoding="utf-8")
    return path


def trusted() -> list[bytes]:
    return trusted_certificates().get_ca_certs(binary_form=True)


def test_a_file_of_certificates_is_all_that_is_trusted(company: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert set_and_mend(monkeypatch, SSL_CERT_FILE=f'"{company}"') == []
    assert trusted() == [ssl.PEM_cert_to_DER_cert(COMPANY)]


@pytest.mark.parametrize("variable", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_the_file_that_other_programs_are_given_is_trusted_too(
    variable: str, company: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual = trusted()
    assert ssl.PEM_cert_to_DER_cert(COMPANY) not in usual
    assert set_and_mend(monkeypatch, **{variable: str(company)}) == []
    assert {*usual, ssl.PEM_cert_to_DER_cert(COMPANY)} <= set(trusted())

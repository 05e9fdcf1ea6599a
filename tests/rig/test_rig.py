"""The rig itself: the net is really off, the database really there."""

from __future__ import annotations

import os
import socket
import subprocess
import sys

import httpx
import psycopg
import pytest

from services.settings import Settings
from tests.rig import install
from tests.rig.offline import sitecustomize as offline


@pytest.mark.parametrize("host", ["example.org", "93.184.215.14", "2606:2800:21f::1"])
def test_no_test_can_reach_the_net(host: str) -> None:
    with pytest.raises(offline.NetForbidden):
        socket.create_connection((host, 80), timeout=1)

    assert offline.attempts
    offline.attempts.clear()


def test_an_installer_still_has_the_net() -> None:
    assert os.environ["HTTPS_PROXY"] not in install.BEFORE.values(), "in one of two processes that run them, too"


async def test_no_async_client_can_reach_the_net() -> None:
    async with httpx.AsyncClient(trust_env=False) as client:
        with pytest.raises(httpx.ConnectError):
            await client.get("http://example.org/")

    assert offline.attempts == ["example.org"]
    offline.attempts.clear()


def test_a_process_a_test_starts_cannot_reach_the_net_either() -> None:
    code = "import socket; socket.create_connection(('93.184.215.14', 80), timeout=1)"

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)

    assert "NetForbidden" in done.stderr


def test_this_machine_can_be_reached(free_port: int) -> None:
    with (
        socket.create_server(("127.0.0.1", free_port)),
        socket.create_connection(("localhost", free_port), timeout=1) as near,
    ):
        assert near.getpeername()[1] == free_port


def test_settings_of_the_machine_do_not_reach_a_test(home: object) -> None:
    assert not [name for name in os.environ if name.startswith("DASHSCOPE_")]
    assert Settings().demo
    assert str(Settings().home) == str(home)


def test_postgres_answers(postgres_url: str) -> None:
    with psycopg.connect(postgres_url) as connection:
        row = connection.execute("SELECT current_database()").fetchone()

    assert row == ("studio",)

"""The net is off: only this machine may be reached.

Python imports a module of this name at start-up wherever its folder is on PYTHONPATH, so every Python process that a
test starts obeys too; conftest.py imports it for the tests themselves. An audit hook cannot be taken away or got round
by a library, and it sees names being looked up as well as connections being made.
"""

import ipaddress
import sys
from collections.abc import Sequence

THIS_MACHINE = ("localhost", "localhost.", "")

attempts: list[str] = []
"""What was tried, in order; a test whose code swallows the refusal fails by this list."""


class NetForbidden(OSError):
    """A test tried to leave this machine. Hand in a transport, or serve a stand-in on 127.0.0.1.

    An OSError, since that is what libraries clean up after.
    """


def _is_here(host: object) -> bool:
    name = host.decode("ascii", "replace") if isinstance(host, bytes) else str(host or "")
    if name in THIS_MACHINE:
        return True
    try:
        address = ipaddress.ip_address(name.partition("%")[0])
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified


def _refuse(what: str) -> None:
    attempts.append(what)
    raise NetForbidden(f"The tests tried to reach {what}. The net is off here.")


def _hook(event: str, details: Sequence[object]) -> None:
    if event in {"socket.connect", "socket.sendto", "socket.sendmsg"}:
        address = details[1]
        # A path is a socket of this machine; None is a connected socket, judged when it was connected.
        if isinstance(address, tuple) and address and not _is_here(address[0]):
            _refuse(f"{address[0]}")
    elif event in {"socket.getaddrinfo", "socket.gethostbyname"}:
        host = details[0]
        name = host.decode("ascii", "replace") if isinstance(host, bytes) else str(host or "")
        # A number needs no look-up; whether it may be connected to is asked then.
        if not _is_here(name) and not name.replace(".", "").isdigit() and ":" not in name:
            _refuse(name)


sys.addaudithook(_hook)
# The processes that the tests are shared out to imported it at start-up: one list of attempts, by either name.
sys.modules.setdefault("tests.rig.offline.sitecustomize", sys.modules[__name__])

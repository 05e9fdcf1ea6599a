"""`python -m services.simulator`: serves the DashScope simulator on a local port."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import logging
import signal
import tempfile
from collections.abc import Generator
from pathlib import Path

from services.catalogue import CATALOGUE
from services.environment.console import EXIT_CODE, let_every_letter_through
from services.simulator import Simulator, serve
from services.startup.listening import why_not_listening


def main() -> None:
    """Serve a simulator of DashScope on a port of this machine until stopped."""
    parser = _parser()
    options = parser.parse_args()
    let_every_letter_through()
    logging.basicConfig(level=logging.WARNING)
    try:
        with contextlib.suppress(KeyboardInterrupt), _home(options.home) as home:
            asyncio.run(_run(options, home))
    except _NoStart as error:
        parser.exit(EXIT_CODE, f"{parser.prog}: {error}\n")


class _NoStart(Exception):
    """The address or the home folder is not available."""


def _parser() -> argparse.ArgumentParser:
    regions = [region.id for region in CATALOGUE.regions]
    parser = argparse.ArgumentParser(prog="python -m services.simulator", description=main.__doc__)
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (127.0.0.1)")
    parser.add_argument("--port", type=_port, default=0, help="port to listen on (a free one)")
    parser.add_argument("--speed", type=_positive, default=1.0, help="divides waiting and running (1)")
    parser.add_argument("--run-seconds", type=_positive, help="one run time for all tasks, before --speed")
    parser.add_argument("--home", type=Path, help="where tasks and files are kept (a folder removed at the end)")
    parser.add_argument("--region", choices=regions, default=regions[0], help="the region of /api/v1")
    parser.add_argument("--seed", type=int, default=0, help="decides run times and seeds")
    parser.add_argument("--no-limits", action="store_true", help="no rate and running limits")
    parser.add_argument("--refuse-over-running", action="store_true", help="429 beyond the running limit")
    parser.add_argument("--late-verdicts", action="store_true", help="wrong values fail the task instead of the call")
    parser.add_argument("--lose-pictures", action="store_true", help="the last picture of several fails alone")
    parser.add_argument("--list-lag", type=float, default=0.0, help="seconds until a new task may be in the list (0)")
    parser.add_argument(
        "--key", action="append", metavar="KEY=REGION", type=_key, help="take only these keys; may be given often"
    )
    return parser


def _positive(text: str) -> float:
    number = float(text)
    if not 0 < number < float("inf"):
        raise argparse.ArgumentTypeError("must be more than 0")
    return number


def _port(text: str) -> int:
    number = int(text)
    if not 0 <= number <= 65535:
        raise argparse.ArgumentTypeError("must be 0 to 65535")
    return number


def _key(text: str) -> tuple[str, str]:
    key, _, region = text.rpartition("=")
    if not key or CATALOGUE.region(region) is None:
        raise argparse.ArgumentTypeError("must be KEY=REGION")
    return key, region


@contextlib.contextmanager
def _home(given: Path | None) -> Generator[Path, None, None]:
    if given is not None:
        yield given.expanduser().resolve()
        return
    with tempfile.TemporaryDirectory(prefix="wan-simulator-", ignore_cleanup_errors=True) as folder:
        yield Path(folder)


def _why(error: OSError, options: argparse.Namespace) -> str:
    if error.filename:
        return f"cannot write to {error.filename}: {error.strerror or error}"
    sentence = why_not_listening(error, options.host, options.port, setting="--port")
    return f"cannot listen on {options.host} port {options.port}. {sentence}"


async def _run(options: argparse.Namespace, home: Path) -> None:
    keys: dict[str, set[str]] | None = None
    for key, region in options.key or ():
        keys = keys or {}
        keys.setdefault(key, set()).add(region)
    simulator = Simulator(
        CATALOGUE,
        home=home,
        speed=options.speed,
        run_seconds=options.run_seconds,
        keys=keys,
        region=options.region,
        limits=not options.no_limits,
        refuse_over_running=options.refuse_over_running,
        late_verdicts=options.late_verdicts,
        lose_pictures=options.lose_pictures,
        list_lag_seconds=options.list_lag,
        seed=options.seed,
    )
    stopped = asyncio.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        with contextlib.suppress(NotImplementedError):  # Windows: Ctrl-C arrives as KeyboardInterrupt
            asyncio.get_running_loop().add_signal_handler(name, stopped.set)
    async with contextlib.AsyncExitStack() as serving:
        try:
            origin = await serving.enter_async_context(serve(simulator, host=options.host, port=options.port))
        except OSError as error:
            raise _NoStart(_why(error, options)) from error
        print(f"{origin}/api/v1", flush=True)
        await stopped.wait()


if __name__ == "__main__":
    main()

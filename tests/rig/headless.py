"""A studio without its page, as a process of its own that can be killed: it takes one order and goes on with all.

python -m tests.rig.headless HOME BASE_URL FAMILY MODEL VALUES_AS_JSON
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from tests.rig.studio import ROOT, studio_at


async def _run(home: Path, base_url: str, family: str, model: str, given: Mapping[str, object]) -> None:
    async with studio_at(home, base_url) as studio:
        await studio.submit(family=family, model=model, given=given)
        await asyncio.Event().wait()


def launch(
    home: Path, base_url: str, *, family: str, model: str, given: Mapping[str, object]
) -> subprocess.Popen[bytes]:
    """Start one. Kill it with `kill()`."""
    home.mkdir(parents=True, exist_ok=True)
    paths = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
    with (home / "process.log").open("ab") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "tests.rig.headless", str(home), base_url, family, model, json.dumps(given)],
            cwd=home,
            env={**os.environ, "PYTHONPATH": paths},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )


if __name__ == "__main__":
    asyncio.run(_run(Path(sys.argv[1]), sys.argv[2], sys.argv[3], sys.argv[4], json.loads(sys.argv[5])))

"""`python -m tests.kept HOME`: print what people see in a home, as JSON. A copy is opened, never the home itself."""

from __future__ import annotations

import asyncio
import json
import shutil
import sys
import tempfile
from pathlib import Path

from tests.kept import seen

if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        home = Path(shutil.copytree(sys.argv[1], Path(folder) / "home"))
        print(json.dumps(asyncio.run(seen(home)), ensure_ascii=False, indent=1, sort_keys=True))

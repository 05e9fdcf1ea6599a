"""The scripts in two files: the same modules, each run once, the second file only when it is needed."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest

from components.bundle import FIRST, LATER, bundle
from tests import ROOT

SCRIPTS = ROOT / "assets" / "js"
MODULES = {
    "core/studio.js": """\
        // Begins.
        import "./side.js";
        import { add, Counter as Counting } from "./tools.js";
        import {
          one,
          two,
        } from "../parts/numbers.js";
        ran.push("studio", add(one, two), new Counting().next(), import.meta.url);
        ran.start = async () => {
          const { late } = await import("../parts/late.js");
          return late();
        };
    """,
    "core/side.js": """\
        ran.push("side");
        export {};
    """,
    "core/tools.js": """\
        /** Adds.
         *  @type {import("../parts/late.js").Late} */
        export const add = (a, b) => a + b;
        export class Counter {
          next() {
            return 1;
          }
        }
        export async function* each() {}
        ran.push("tools");
    """,
    "parts/numbers.js": """\
        import "../core/tools.js";
        export const one = 1;
        export const two = 2;
    """,
    "parts/late.js": """\
        import * as tools from "../core/tools.js";
        import { one } from "./numbers.js";
        ran.push("late");
        export function late() {
          return [tools.add(one, 9), import.meta.url];
        }
    """,
    "core/early.js": "ran.push('early');\n",
    "core/worker.js": "ran.push('worker');\n",
}
RUN = """\
globalThis.window = {};
globalThis.ran = [];
await import("./studio.js");
const before = [...ran];
console.log(JSON.stringify({ before, late: await ran.start(), again: await ran.start(), after: ran,
  asked: Object.keys(await window.studioModule("parts/numbers.js")) }));
"""


def write(folder: Path, modules: dict[str, str]) -> Path:
    for name, source in modules.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(re.sub(r"^ {8}", "", source, flags=re.M).rstrip(" "), encoding="utf-8")
    return folder


def test_each_module_runs_once_in_the_order_of_a_browser_and_the_rest_when_it_is_asked_for(tmp_path: Path) -> None:
    served = tmp_path / "js"
    served.mkdir()
    (served / "package.json").write_text('{"type": "module"}', encoding="utf-8")
    for name, code in bundle(write(tmp_path / "source", MODULES)).items():
        (served / name).write_text(code, encoding="utf-8")
    (served / "run.js").write_text(RUN, encoding="utf-8")

    ran = json.loads(subprocess.run(["node", served / "run.js"], check=True, capture_output=True, text=True).stdout)

    address = served.as_uri()
    assert ran["before"] == ["side", "tools", "studio", 3, 1, f"{address}/core/studio.js"]
    assert ran["late"] == ran["again"] == [10, f"{address}/parts/late.js"]
    assert ran["after"] == [*ran["before"], "late"]
    assert ran["asked"] == ["one", "two"]


@pytest.mark.parametrize(
    "form",
    ['import studio from "./side.js";', "export default 1;", 'export { a } from "./side.js";', "export let a = 1;"],
)
def test_a_form_that_is_not_known_is_refused_with_its_module(tmp_path: Path, form: str) -> None:
    write(tmp_path, MODULES | {"core/tools.js": f"{form}\n"})

    with pytest.raises(ValueError, match=r"core/tools\.js: .* is not known"):
        bundle(tmp_path)


def test_every_module_of_the_page_is_in_one_of_the_two_files() -> None:
    files = bundle(SCRIPTS)

    held = {name: set(re.findall(r'^"([\w/-]+\.js)": \(\) => \{$', code, re.M)) for name, code in files.items()}
    written = {path.relative_to(SCRIPTS).as_posix() for path in SCRIPTS.rglob("*.js")}
    assert held[FIRST] | held[LATER] == written - {"core/early.js", "core/worker.js"}
    assert not held[FIRST] & held[LATER]
    assert {"viewer/dialog.js", "compare/room.js", "settings/spend.js"} <= held[LATER]

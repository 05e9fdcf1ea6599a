"""Joins the scripts of the page into two files, so that the browser asks for two instead of sixty.

`FIRST` has what the page needs at once: `js/core/studio.js` and everything it imports. `LATER` has the rest, which is
fetched at the first `import()` of one of its modules. Each module becomes a function that runs when it is first needed,
which keeps the order of modules in a browser.

The scripts have the form that Prettier gives them: imports and exports begin a line. A form that is not known here is
an error, not a broken page.
"""

from __future__ import annotations

import posixpath
import re
from pathlib import Path

FIRST = "studio.js"
LATER = "later.js"
_ENTRY = "core/studio.js"
_NOT_MODULES = ("core/early.js", "core/worker.js")
"""A script of the document's head, and the shared worker's own."""

_IMPORT = re.compile(r'^import (?:(?P<names>\{[^}]*\}|\* as \w+) from )?"(?P<path>\.[^"]+)";$', re.M)
_EXPORT = re.compile(r"^export (?=(?:async )?(?:function\*? |const |class )(?P<name>\w+))", re.M)
_EXPORTS_NOTHING = re.compile(r"^export \{\};$", re.M)
_IMPORT_LATER = re.compile(r'\bimport\("(?P<path>\.[^"]+)"\)')
_UNKNOWN = re.compile(r"^(?:import|export)\b.*", re.M)
_COMMENT = re.compile(r"^[ ]*(?://.*|/\*\*(?:(?!\*/)[\s\S])*\*/)\n", re.M)

_HEAD = """\
const made = {};
const at = (name) => new URL(name, import.meta.url).href;
const need = (name) => (made[name] ??= modules[name]());
const later = async (name) => {
if (!(name in modules)) Object.assign(modules, (await import("./%s")).modules(need, later, at));
return need(name);
};
window.studioModule = later;
const modules = {
%s};
need("%s");
"""
_TAIL = """\
export const modules = (need, later, at) => ({
%s});
"""


def bundle(scripts: Path) -> dict[str, str]:
    """Join the scripts below a folder. Returns the contents of `FIRST` and `LATER`. Raises ValueError."""
    sources = {path.relative_to(scripts).as_posix(): path.read_text(encoding="utf-8") for path in scripts.rglob("*.js")}
    first = _reached(sources, _ENTRY)
    rest = sorted(set(sources) - set(first) - set(_NOT_MODULES))
    early, late = ("".join(_function(name, sources[name]) for name in names) for names in (first, rest))
    return {FIRST: _HEAD % (LATER, early, _ENTRY), LATER: _TAIL % late}


def _reached(sources: dict[str, str], entry: str) -> list[str]:
    """Return a module and its imports, and theirs."""
    found = [entry]
    for name in found:  # grows during the loop
        for imported in _IMPORT.finditer(sources[name]):
            path = _beside(name, imported["path"])
            if path not in found:
                found.append(path)
    return found


def _function(name: str, source: str) -> str:
    """Turn a module into a function that returns what the module exports."""
    exported = [found["name"] for found in _EXPORT.finditer(source)]

    def imported(found: re.Match[str]) -> str:
        need = f'need("{_beside(name, found["path"])}");'
        if not found["names"]:
            return need
        names = found["names"].removeprefix("* as ").replace(" as ", ": ")
        return f"const {names} = {need}"

    code = _COMMENT.sub("", source)
    code = _IMPORT.sub(imported, _EXPORTS_NOTHING.sub("", _EXPORT.sub("", code)))
    code = _IMPORT_LATER.sub(lambda found: f'later("{_beside(name, found["path"])}")', code)
    code = code.replace("import.meta.url", f'at("{name}")')
    if unknown := _UNKNOWN.search(code):
        raise ValueError(f"{name}: this form of an import or export is not known: {unknown[0]}")
    return f'"{name}": () => {{\n{code}return {{ {", ".join(exported)} }};\n}},\n'


def _beside(name: str, path: str) -> str:
    """Return the module that a path in another module leads to."""
    return posixpath.normpath(posixpath.join(posixpath.dirname(name), path))

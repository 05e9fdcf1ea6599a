"""Which package may import which, read from the source: their order, and the one place of each kind of knowledge."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests import ROOT

PERMITTED_AT_THE_TOP = {
    "app.py", "requirements.txt", "README.md", "CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", "pyproject.toml",
    "components", "services", "tests", "assets", ".ci", ".github", ".gitignore", ".git",
}  # fmt: skip
MODEL_ID = re.compile(r"\bwanx?\d")


@dataclass(frozen=True)
class Module:
    """One of our source files. `imports` are full dotted names, wherever in the file they stand."""

    name: str
    path: Path
    tree: ast.Module

    @property
    def imports(self) -> frozenset[str]:
        return frozenset(self._imports())

    def _imports(self) -> Iterator[str]:
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                yield from (alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                assert node.level == 0, f"{self.name} has a relative import"
                yield from (f"{node.module}.{alias.name}" for alias in node.names)

    def reaches(self, *packages: str) -> list[str]:
        """The imports that lie in one of these packages."""
        return [name for name in self.imports if any(f"{name}.".startswith(f"{package}.") for package in packages)]


def read(path: Path) -> Module:
    name = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
    return Module(name, path, ast.parse(path.read_text(encoding="utf-8")))


MODULES = [
    read(path)
    for folder in ("services", "components")
    for path in sorted((ROOT / folder).rglob("*.py"))
] + [read(path) for path in ROOT.glob("app.py")]  # fmt: skip


def within(*packages: str) -> list[Module]:
    """Our modules in these packages. Never empty, so that no rule holds for want of anything to look at."""
    found = [module for module in MODULES if any(f"{module.name}.".startswith(f"{package}.") for package in packages)]
    assert found, f"there is nothing in {packages}"
    return found


def outside(*packages: str) -> list[Module]:
    inside = {module.name for module in within(*packages)}
    return [module for module in MODULES if module.name not in inside]


def assert_none_reaches(modules: list[Module], *packages: str) -> None:
    found = {module.name: reached for module in modules if (reached := module.reaches(*packages))}
    assert found == {}


FLAT = {"services.studio", "services.runtime", "services.settings"}
"""The only modules that lie flat in `services/`."""
ORDER = (
    ("services.domain", "services.catalogue"),
    ("services.environment",),
    ("services.settings",),
    ("services.media",),
    ("services.request",),
    ("services.dashscope",),
    ("services.database",),
    ("services.startup",),
    ("services.simulator",),
    ("services.money", "services.storage"),
    ("services.jobs",),
    ("services.gallery", "services.monitoring"),
    ("services.runtime",),
    ("services.studio",),
    ("services.web", "components"),
    ("app",),
)
"""All packages, from the ground up. A package imports only packages that stand in a row above its own, and itself."""
FLOOR = {package: number for number, row in enumerate(ORDER) for package in row}
WITH_SQL = (
    "services.database", "services.jobs.scheduling.slots", "services.jobs.timing.samples", "services.jobs.workers",
    "services.jobs.engine", "services.money.spending", "services.monitoring.stats", "services.monitoring.health",
    "services.startup.database",
    # Only the URL of a database:
    "services.settings", "services.environment.setting_values", "services.startup.doctor",
)  # fmt: skip
SEEN_BY_THE_PAGE = (
    "services.studio", "services.domain", "services.catalogue", "services.request", "services.gallery.views",
    "services.web",
)  # fmt: skip


def package_of(name: str) -> str:
    """The package that a module of ours belongs to, as ORDER calls it."""
    return ".".join(name.split(".")[:2]) if name.startswith("services.") else name.partition(".")[0]


def ours(module: Module) -> set[str]:
    """The packages of ours that a module imports, and its own."""
    found = {package_of(name) for name in module.reaches("services", "components", "app")}
    return {"services.settings" if name == "services" else name for name in found}


def test_nothing_but_three_modules_lies_flat_in_the_services() -> None:
    flat = {module.name for module in MODULES if module.path.parent == ROOT / "services"}

    assert flat == FLAT | {"services"}


def test_a_revision_of_the_database_imports_nothing_of_the_program() -> None:
    """It must do the same in every later version."""
    assert_none_reaches(within("services.database.migrations.versions"), "services", "components", "app")


def test_every_package_has_its_place() -> None:
    assert {package_of(module.name) for module in MODULES} - {"services"} == set(FLOOR)


def test_packages_import_one_way_only() -> None:
    upwards = {
        module.name: wrong
        for module in MODULES
        if module.name != "services"
        and (
            wrong := {
                package
                for package in ours(module) - {package_of(module.name)}
                if FLOOR[package] >= FLOOR[package_of(module.name)]
            }
        )
    }

    assert upwards == {}


def test_no_modules_import_each_other_in_a_circle() -> None:
    names = {module.name for module in MODULES}
    left = {
        module.name: {
            name if name in names else name.rpartition(".")[0] for name in module.reaches("services", "components")
        }
        & (names - {module.name})
        for module in MODULES
    }
    while free := [name for name, imported in left.items() if not imported & set(left)]:
        for name in free:
            del left[name]

    assert left == {}


def test_services_know_nothing_of_the_page() -> None:
    assert_none_reaches(within("services"), "gradio", "gradio_client", "components", "app")


def test_only_some_modules_speak_sql() -> None:
    assert_none_reaches(outside(*WITH_SQL), "sqlalchemy", "aiosqlite", "psycopg")
    assert_none_reaches(outside("services.jobs.engine"), "dbos")


def test_the_page_and_the_routes_speak_to_the_studio_and_not_past_it() -> None:
    for module in within("components", "services.web"):
        past = [
            name
            for name in module.reaches("services")
            if not any(f"{name}.".startswith(f"{seen}.") for seen in SEEN_BY_THE_PAGE)
        ]
        assert past == [], module.name


def test_the_page_speaks_no_http_to_the_vendor() -> None:
    assert_none_reaches(within("components"), "httpx", "sqlite3")


def test_the_catalogue_stands_alone() -> None:
    for module in within("services.catalogue"):
        for name in module.imports:
            top = name.partition(".")[0]
            assert top in sys.stdlib_module_names or name.startswith("services.catalogue"), f"{module.name}: {name}"
    for module in within("services.catalogue.schema"):
        assert all(name.startswith("services.catalogue.schema") for name in module.reaches("services")), module.name


def test_a_request_is_made_without_files_net_or_clock() -> None:
    request = within("services.request")
    assert_none_reaches(request, "asyncio", "httpx", "os", "pathlib", "time", "datetime", "random", "sqlalchemy", "PIL")
    allowed = (
        "services.catalogue",
        "services.domain",
        "services.media",
        "services.request",
    )
    assert all(name.startswith(allowed) for module in request for name in module.reaches("services"))


def test_http_to_the_vendor_is_spoken_in_one_place() -> None:
    for module in outside("services.dashscope", "services.simulator"):
        assert_none_reaches([module], "requests", "aiohttp", "urllib.request", "http.client", "dashscope")
        used = {
            node.attr
            for node in ast.walk(module.tree)
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "httpx"
        }
        # Others may hand a transport on; they may not make one, nor a client.
        assert used <= {"AsyncBaseTransport"}, module.name


def test_simulator_and_client_are_written_apart() -> None:
    """Each follows the vendor's pages. One that followed the other would hide the other's mistakes."""
    assert_none_reaches(within("services.simulator"), "services.dashscope", "services.jobs", "services.studio")
    assert_none_reaches(within("services.dashscope", "services.jobs"), "services.simulator")


def test_the_simulator_is_entered_by_its_door() -> None:
    for module in outside("services.simulator"):
        inner = [name for name in module.reaches("services.simulator") if name.count(".") > 2]
        assert inner == [], module.name


def test_the_product_does_not_import_its_tests() -> None:
    assert_none_reaches(MODULES, "tests", "pytest", "hypothesis", "playwright")


def test_no_model_is_named_outside_the_catalogue() -> None:
    for module in outside("services.catalogue"):
        docstrings = {
            id(node.body[0].value)
            for node in ast.walk(module.tree)
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
            and node.body
            and isinstance(node.body[0], ast.Expr)
        }
        named = [
            node.value
            for node in ast.walk(module.tree)
            if isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and MODEL_ID.search(node.value)
            and id(node) not in docstrings
        ]
        assert named == [], module.name


def test_every_module_says_what_it_is_for() -> None:
    assert [module.name for module in MODULES if not ast.get_docstring(module.tree)] == []


@pytest.mark.parametrize("word", ["util", "utils", "helper", "helpers", "manager", "base", "common", "misc"])
def test_no_module_is_a_drawer_for_odds_and_ends(word: str) -> None:
    assert [module.name for module in MODULES if word in re.split(r"[._]", module.name)] == []


def test_only_what_belongs_there_lies_at_the_top() -> None:
    ignored = {line.rstrip("/") for line in (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()}

    assert {path.name for path in ROOT.iterdir()} - ignored <= PERMITTED_AT_THE_TOP


def test_importing_the_page_writes_nothing_beside_its_source() -> None:
    """Gradio writes a stub (.pyi) beside the file of every component class it meets, ours included."""
    subprocess.run([sys.executable, "-c", "import components.page"], cwd=ROOT, check=True, capture_output=True)

    assert [str(path.relative_to(ROOT)) for path in (ROOT / "components").rglob("*.pyi")] == []


# What is installed ---------------------------------------------------------------------------------------------------


def named_in(file: str) -> dict[str, str]:
    """The requirements of a file by their canonical name, each with its reason."""
    found: dict[str, str] = {}
    for line in (ROOT / file).read_text(encoding="utf-8").splitlines():
        wanted, _, reason = line.partition("#")
        if wanted.strip() and not wanted.startswith("-"):
            found[canonicalize_name(Requirement(wanted.strip()).name)] = reason.strip()
    return found


def imported_by(modules: list[Module]) -> set[str]:
    """The distributions that the third-party imports of these modules come from."""
    ours = {"services", "components", "tests", "app", "__future__"}
    tops = {name.partition(".")[0] for module in modules for name in module.imports} - ours - sys.stdlib_module_names
    known = packages_distributions()
    assert tops <= set(known), f"not installed: {tops - set(known)}"
    return {canonicalize_name(known[top][0]) for top in tops}


def test_everything_imported_is_required_and_everything_required_is_imported() -> None:
    required = named_in("requirements.txt")
    imported = imported_by(MODULES)

    assert imported - set(required) == set()
    unused = set(required) - imported
    assert {name for name in unused if "not imported" not in required[name]} == set()


def test_every_requirement_has_its_reason_and_its_range() -> None:
    for file in ("requirements.txt", "tests/requirements.txt"):
        lines = [line for line in (ROOT / file).read_text(encoding="utf-8").splitlines() if line[:1].isalpha()]
        assert lines
        for line in lines:
            wanted, _, reason = line.partition("#")
            assert Requirement(wanted.strip()).specifier, f"{file}: {line}"
            assert reason.strip(), f"{file}: {line}"


def test_the_tests_import_only_what_is_required() -> None:
    tests = [read(path) for path in sorted((ROOT / "tests").rglob("*.py"))]

    # What comes with a requirement for good (a client with its server) may be used without a line of its own.
    comes_along = {"gradio-client", "mcp", "packaging"}
    assert (
        imported_by(tests) - set(named_in("requirements.txt")) - set(named_in("tests/requirements.txt")) <= comes_along
    )

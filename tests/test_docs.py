"""The documents against the code: what they name exists, and what exists they name."""

from __future__ import annotations

import ast
import re
import subprocess
from collections.abc import Iterator
from types import ModuleType

import pytest

from services.catalogue import table as catalogue_table
from services.settings import Settings
from services.startup import settings_table
from tests import ROOT
from tests.test_architecture import ORDER

README = (ROOT / "README.md").read_text(encoding="utf-8")
PROOFS = (ROOT / "tests/PROOFS.md").read_text(encoding="utf-8")
DOCUMENTS = [
    "README.md", "CONTRIBUTING.md", "CHANGELOG.md", "services/SETTINGS.md", "services/catalogue/MODELS.md",
    "tests/PROOFS.md", "tests/bench/FIGURES.md", "tests/chaos/SCORECARD.md",
]  # fmt: skip
START = "python3 -m venv .venv && .venv/bin/pip install -r requirements.txt && .venv/bin/python app.py"
TEST = "python3 -m venv .venv && .venv/bin/pip install -r tests/requirements.txt && .venv/bin/python -m pytest"


def fenced(text: str) -> list[str]:
    """The lines inside fences."""
    return [line for block in re.findall(r"^```[^\n]*\n(.*?)^```", text, re.M | re.S) for line in block.splitlines()]


@pytest.mark.parametrize("command", [START, TEST])
def test_the_readme_has_both_commands_as_they_are_run(command: str) -> None:
    assert fenced(README).count(command) == 1


def test_the_readme_has_the_windows_form_of_the_first() -> None:
    (line,) = [line for line in fenced(README) if line.startswith("py -3")]
    # A segment at a time: the first is spelled otherwise, the rest differ by their slashes.
    assert line.split(" && ")[1:] == [
        part.replace("/bin/", "\\Scripts\\").replace("/", "\\") for part in START.split(" && ")[1:]
    ]


def test_the_readme_is_read_in_one_sitting() -> None:
    assert len(README.splitlines()) <= 250


@pytest.mark.parametrize("table", [catalogue_table, settings_table])
def test_generated_tables_are_fresh(table: ModuleType) -> None:
    assert table.main(["--check"]) == 0


@pytest.mark.parametrize("name", Settings.model_fields)
def test_every_setting_has_its_row_with_default_and_meaning(name: str) -> None:
    start = f"| `{settings_table.name_of(name)}` | {settings_table.default_of(name)} | "
    (row,) = [line for line in settings_table.document().splitlines() if line.startswith(start)]

    assert row.removeprefix(start).removesuffix(" |")


@pytest.mark.parametrize("name", DOCUMENTS)
def test_links_between_our_files_lead_somewhere(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    targets = [target for target in re.findall(r"\]\(([^)#]+)", text) if "://" not in target]

    assert [target for target in targets if not ((ROOT / name).parent / target).exists()] == []


@pytest.mark.parametrize("name", DOCUMENTS)
def test_modules_and_scripts_that_are_named_exist(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    modules = {m.rstrip(".") for m in re.findall(r"python -m ((?:services|tests)[\w.]*)", text)}
    paths = set(re.findall(r"`((?:services|components|tests|assets|\.ci)/[\w./-]+|\w+\.py)`", text))
    paths -= {"tests/.artifacts"}  # comes with the first run of the browser tests

    for module in modules:
        path = ROOT / module.replace(".", "/")
        assert path.with_suffix(".py").exists() or (path / "__main__.py").exists(), module
    for path in paths:
        near = [ROOT / path, ROOT / "services" / path, ROOT / "services/catalogue" / path, ROOT / "components" / path]
        assert any(place.exists() for place in near), path


@pytest.mark.parametrize("name", DOCUMENTS)
def test_no_document_shows_a_key_or_a_path_of_somebodys_machine(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")

    assert not re.search(r"sk-[A-Za-z0-9]{8,}", text)
    assert not re.search(r"(?<![\w.~])/(home|root|Users|opt)/", text)


def test_ci_finds_the_test_command_in_the_readme() -> None:
    script = (ROOT / ".ci/run").read_text(encoding="utf-8")
    (line,) = [line for line in script.splitlines() if line.startswith("tests=$(")]

    found = subprocess.run(
        ["bash", "-c", f'{line}; printf %s "$tests"'], cwd=ROOT, capture_output=True, text=True, check=True
    )

    assert found.stdout == TEST


def test_the_changelog_has_a_place_for_what_is_new() -> None:
    assert "## [Unreleased]" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_contributing_has_a_line_for_every_package() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    described = set(re.findall(r"^\| `([\w./]+)` \|", text, re.M))

    packages = {f"{package.replace('.', '/')}" for row in ORDER for package in row}
    written = {f"{name}.py" if (ROOT / f"{name}.py").is_file() else f"{name}/" for name in packages}
    assert described == written | {"assets/"}


def test_every_proof_has_a_line_that_says_when_it_last_held() -> None:
    rows = re.findall(r"^\| `(tests/[\w/]+\.py::\w+)` \|.*\| (\d{4}-\d\d-\d\d), [^|]+ \|$", PROOFS, re.M)

    assert [name for name, _ in rows] == sorted(_proofs())


def _proofs() -> Iterator[str]:
    for path in (ROOT / "tests").rglob("test_*.py"):
        for each in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef) and any(
                "mark.proof" in ast.unparse(decorator) for decorator in each.decorator_list
            ):
                yield f"{path.relative_to(ROOT).as_posix()}::{each.name}"

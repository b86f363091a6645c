"""Truths about the house itself: which way the arrows point, and that everything declared is complete."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("detection", "onboarding", "flows")
MAY_IMPORT = {
    "detection": {"detection"},
    "onboarding": {"detection", "onboarding", "migrations"},
    "flows": {"detection", "onboarding", "flows"},
    "migrations": {"migrations", "onboarding"},
}
OURS = set(MAY_IMPORT)
KEPT_OUT = {"detection": {"sqlalchemy", "httpx", "prefect", "alembic"}, "onboarding": {"prefect"}}


def _imports(path: Path) -> Iterator[tuple[int, str]]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, (
                f"{path}:{node.lineno}: imports are absolute, so that an arrow can be read off the line"
            )
            yield node.lineno, node.module or ""


@pytest.mark.parametrize("package", sorted(MAY_IMPORT))
def test_arrows_point_down_only(package: str) -> None:
    files = list((ROOT / package).rglob("*.py"))
    assert files
    wrong = [
        f"{path.relative_to(ROOT)}:{line} imports {module}"
        for path in files
        for line, whole in _imports(path)
        if ((module := whole.split(".")[0]) in OURS and module not in MAY_IMPORT[package])
        or module in KEPT_OUT.get(package, set())
    ]
    assert not wrong, "\n".join(wrong)


def test_nothing_but_the_command_line_imports_the_command_line() -> None:
    wrong = [
        f"{path.relative_to(ROOT)}:{line} imports {module}"
        for package in ("onboarding", "flows")
        for path in (ROOT / package).rglob("*.py")
        if path.parent.name != "cli"
        for line, module in _imports(path)
        if module.startswith("onboarding.cli")
    ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("package", ["detection", "onboarding", "flows"])
def test_numpy_is_told_how_to_sort_before_any_module_can_import_it(package: str) -> None:
    """Told too late it sorts by AVX-512, which makes building a baseline 1.7 times slower on some processors."""
    said = f"import os, sys, {package}; print('numpy' in sys.modules, os.environ['NPY_DISABLE_CPU_FEATURES'])"
    clean = {name: value for name, value in os.environ.items() if not name.startswith("NPY_")}
    done = subprocess.run([sys.executable, "-c", said], env=clean, capture_output=True, text=True, cwd=ROOT, check=True)
    assert done.stdout.startswith("False X86_V4")


def test_every_module_says_what_it_is_for() -> None:
    silent = [
        str(path.relative_to(ROOT))
        for package in PACKAGES
        for path in (ROOT / package).rglob("*.py")
        if path.stat().st_size and not ast.get_docstring(ast.parse(path.read_text()))
    ]
    assert not silent, "modules without a docstring: " + ", ".join(silent)


def test_no_module_is_named_after_nothing() -> None:
    named = {"utils", "util", "helpers", "helper", "common", "misc", "manager"}
    wrong = [
        str(p.relative_to(ROOT)) for package in PACKAGES for p in (ROOT / package).rglob("*.py") if p.stem in named
    ]
    assert not wrong

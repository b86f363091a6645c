"""What of the engine's output is still good after its sources changed: versions finer than the engine's own.

A stored score follows from columns, then facts and signals, then its detector. Each of these has a version that changes
with the sources it is defined by, so that what is stored is computed anew from the last stage that is still the same:
another detector from stored signals, another signal from stored columns, another column from the mail itself.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping
from functools import cache
from hashlib import sha256
from importlib.resources import files
from importlib.resources.abc import Traversable

COLUMNS = ("mail",)
SIGNALS = ("mail", "baselines", "signals")
"""Packages of `detection` that define columns; and facts and signals on top of them."""
DIGITS = 12


@cache
def columns_version() -> str:
    """Changes whenever the making of columns from the bytes of a mail may have changed: 12 hexadecimal digits."""
    return _digest(_sources_of(COLUMNS))


@cache
def signals_version() -> str:
    """Changes whenever a signal of the same columns may have changed."""
    return _digest(_sources_of(SIGNALS))


@cache
def detector_versions() -> Mapping[str, str]:
    """For each detector what changes whenever its score of the same signals may have changed.

    It covers the detector's own module, those it imports (evidence, standing ...) outside of what `signals_version`
    covers, and the data beside them.
    """
    # Imported here: who only wants to know the version of columns should not wait for all detectors.
    import detection.detectors  # noqa: F401 - fills the registry
    from detection.detectors.registry import DETECTORS

    versions = {}
    for name, detector in DETECTORS.items():
        modules = _closure(detector.compute.__module__)
        sources = [(module, _source(module)) for module in sorted(modules)]
        folders = {module.rpartition(".")[0] for module in modules} - {"detection"}
        sources += [entry for folder in sorted(folders) for entry in _data(_folder(folder), folder)]
        versions[name] = _digest(sources)
    return versions


def _closure(module: str) -> set[str]:
    """The module and all modules of this package that it imports, directly or not, outside of `SIGNALS`."""
    found: set[str] = set()
    waiting = [module]
    while waiting:
        name = waiting.pop()
        if name not in found and _is_module(name):
            found.add(name)
            waiting += [imported for imported in _imports(name) if imported.split(".")[1] not in SIGNALS]
    return found


def _imports(module: str) -> set[str]:
    named: set[str] = set()
    for node in ast.walk(ast.parse(_source(module))):
        if isinstance(node, ast.ImportFrom) and node.module:
            # `from detection.detectors import evidence` names a module in its second half.
            named |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
        elif isinstance(node, ast.Import):
            named |= {alias.name for alias in node.names}
    return {name for name in named if name.startswith("detection.")}


def _is_module(name: str) -> bool:
    return _folder(name.rpartition(".")[0]).joinpath(name.rpartition(".")[2] + ".py").is_file()


def _source(module: str) -> bytes:
    package, _, name = module.rpartition(".")
    return _folder(package).joinpath(f"{name}.py").read_bytes()


def _folder(package: str) -> Traversable:
    folder: Traversable = files("detection")
    for part in package.split(".")[1:]:
        folder = folder / part
    return folder


def _sources_of(packages: Iterable[str]) -> list[tuple[str, bytes]]:
    root = files("detection")
    return [entry for package in packages for entry in _walk(root / package, package, code=True)]


def _data(folder: Traversable, path: str) -> list[tuple[str, bytes]]:
    return _walk(folder, path, code=False)


def _walk(folder: Traversable, path: str, *, code: bool) -> list[tuple[str, bytes]]:
    """Data files below a folder, and code if asked for, by path, in a fixed order."""
    found: list[tuple[str, bytes]] = []
    for entry in sorted(folder.iterdir(), key=lambda entry: entry.name):
        name = f"{path}/{entry.name}"
        if entry.is_dir():
            if entry.name != "__pycache__":
                found.extend(_walk(entry, name, code=code))
        elif not entry.name.endswith((".pyc", ".md")) and (code or not entry.name.endswith(".py")):
            found.append((name, entry.read_bytes()))
    return found


def _digest(sources: Iterable[tuple[str, bytes]]) -> str:
    digest = sha256()
    for name, content in sources:
        digest.update(name.encode() + b"\0" + content + b"\0")
    return digest.hexdigest()[:DIGITS]

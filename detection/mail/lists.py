"""The word and domain lists kept as text files beside this package, one entry a line, `#` starting a comment."""

from __future__ import annotations

from pathlib import Path

DATA = Path(__file__).parent / "data"


def lines_of(name: str) -> tuple[str, ...]:
    """The entries of `data/NAME` in order, comments and blank lines left out.

    Raises FileNotFoundError when the package was installed without its data.
    """
    lines = (DATA / name).read_text(encoding="utf-8").splitlines()
    return tuple(stripped for line in lines if (stripped := line.strip()) and not stripped.startswith("#"))


def names_of(name: str) -> frozenset[str]:
    """The entries of `data/NAME` as a set."""
    return frozenset(lines_of(name))


def grouped(name: str) -> dict[str, list[str]]:
    """The words of `data/NAME` by the first word of their line; several lines may begin alike."""
    groups: dict[str, list[str]] = {}
    for line in lines_of(name):
        first, *rest = line.split()
        groups.setdefault(first, []).extend(rest)
    return groups

"""Truths about all declared facts."""

from __future__ import annotations

import ast
import inspect
from itertools import pairwise
from pathlib import Path

import pytest

from detection.baselines import facts
from detection.baselines.algebra import Count
from detection.baselines.facts import FACTS
from detection.baselines.layout import LAYOUT
from detection.baselines.parts import LINK_SITE, RECIPIENT, level_of


def test_every_fact_is_followed_by_its_docstring() -> None:
    body = ast.parse(inspect.getsource(facts)).body
    documented = {
        node.targets[0].id
        for node, after in pairwise(body)
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
        if isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant) and isinstance(after.value.value, str)
    }
    assert set(FACTS) - documented == set()


def test_every_fact_is_read_by_something() -> None:
    """What nothing reads costs every look-up and every byte of a baseline, and tells nobody anything."""
    root = Path(facts.__file__).parents[2]
    sources = [path for package in ("detection", "onboarding", "flows") for path in (root / package).rglob("*.py")]
    read: set[str] = set()
    for path in sources:
        nodes = ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if path != Path(facts.__file__) else ()
        for node in nodes:
            read |= (
                {node.attr} if isinstance(node, ast.Attribute) else {node.id} if isinstance(node, ast.Name) else set()
            )
    assert set(FACTS) - read == set()


def test_no_fact_is_declared_twice() -> None:
    def meaning(name: str) -> tuple[object, ...]:
        fact = FACTS[name]
        of = getattr(fact, "of", None), getattr(fact, "seconds", None)
        return type(fact), fact.key, fact.where.name, fact.learned_under, *of

    assert len({meaning(name) for name in FACTS}) == len(FACTS) >= 60


def test_every_fact_has_one_place() -> None:
    placed = [fact for probe in LAYOUT.probes for fact in probe.facts]
    assert sorted(map(id, placed)) == sorted(map(id, FACTS.values()))


def test_a_key_of_two_ragged_levels_is_refused() -> None:
    with pytest.raises(ValueError, match="two ragged levels"):
        level_of(Count((RECIPIENT, LINK_SITE)).key)

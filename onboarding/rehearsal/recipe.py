"""Recipes are declared by decorating a function that plans one attack in a scene; the registry is their catalogue."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from typing import TYPE_CHECKING

from detection.detectors.registry import AttackKind
from onboarding.rehearsal.target import Person

if TYPE_CHECKING:
    from onboarding.rehearsal.disguises import Scene


class Difficulty(StrEnum):
    """How much an attack has got right."""

    EASY = "easy"
    """A stranger who only claims to be somebody."""
    MEDIUM = "medium"
    """A disguise that takes preparation: a look-alike domain, a forged address, a real thread or service."""
    HARD = "hard"
    """Nothing to hold on to but what it wants, or how little it is like its sender: a real account in wrong hands."""


class Way(StrEnum):
    """How an attack came in, which decides what servers write on it."""

    FREE_MAIL = "free-mail"
    """Through a free-mail provider."""
    OWN_SERVER = "own-server"
    """Through a server of the attacker's, for a domain of theirs that authenticates as well as strangers' domains do."""
    FORGED = "forged"
    """Through a server that may not send for the domain in From."""
    TAKEN_OVER = "taken-over"
    """From the real account, by somebody elsewhere: authenticated, from another network and program."""
    AS_USUAL = "as-usual"
    """From the real account in its usual way."""


@dataclass(frozen=True, slots=True)
class File:
    """An attachment."""

    name: str
    declared_type: str
    content: bytes
    inline: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """One planned attack, before anything is said: who writes to whom, and how it comes."""

    sender: tuple[str, str]
    """Display name (may be empty: then as the tenant's mail has it) and address."""
    to: Person
    way: Way
    cc: tuple[Person, ...] = ()
    reply_to: str = ""
    account: Person | None = None
    """Whose real account it is, for the ways that use one."""
    answers: int | None = None
    """Row of history that it answers: then it comes in that thread, soon after."""
    link: str = ""
    shown: str = ""
    """What the link reads as; empty: its own address."""
    files: tuple[File, ...] = ()
    slots: dict[str, str] = field(default_factory=dict)
    """Further words for the wording to use."""


Plan = Callable[["Scene"], Draft]


class CannotRehearse(Exception):  # noqa: N818 - an answer, not a mistake
    """The tenant has not got what the recipe needs: no partner that writes regularly, no one who matters."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """One way of making one kind of attack."""

    name: str
    kind: AttackKind
    difficulty: Difficulty
    meaning: str
    plan: Plan


RECIPES: dict[str, Recipe] = {}
"""Every recipe by name, as declared; `recipes()` makes sure that all are."""


def recipe(kind: AttackKind, difficulty: Difficulty) -> Callable[[Plan], Recipe]:
    """Declares a planning function to be a recipe named after it.

    Raises ValueError at import when the name is taken or the docstring is missing.
    """

    def declare(plan: Plan) -> Recipe:
        name = plan.__name__
        if name in RECIPES:
            raise ValueError(f"recipe {name} is declared twice: {RECIPES[name].plan.__module__} has it already")
        if not plan.__doc__:
            raise ValueError(f"recipe {name} has no docstring: say in one line what the attack does")
        RECIPES[name] = Recipe(name, kind, difficulty, plan.__doc__.strip(), plan)
        return RECIPES[name]

    return declare


@cache
def recipes() -> tuple[Recipe, ...]:
    """Every recipe, by kind and from easy to hard."""
    import onboarding.rehearsal.recipes as package

    for module in pkgutil.iter_modules(package.__path__):
        importlib.import_module(f"{package.__name__}.{module.name}")
    kinds, levels = list(AttackKind), list(Difficulty)
    return tuple(sorted(RECIPES.values(), key=lambda r: (kinds.index(r.kind), levels.index(r.difficulty), r.name)))

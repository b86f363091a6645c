"""What all recipes and wordings have in common."""

from __future__ import annotations

import string

import pytest

from detection.detectors.registry import AttackKind
from onboarding.rehearsal.recipe import Difficulty, recipes
from onboarding.rehearsal.target import SPOKEN
from onboarding.rehearsal.wordings import WITHOUT, WordingSet, choose, wordings

KINDS = [kind for kind in AttackKind if kind not in WITHOUT]


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_rehearsed_from_easy_to_hard(kind: AttackKind) -> None:
    assert {one.difficulty for one in recipes() if one.kind is kind} == set(Difficulty)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("which", list(WordingSet))
def test_every_kind_has_wordings_in_every_language_and_several_in_english(kind: AttackKind, which: WordingSet) -> None:
    texts = [one for one in wordings(kind) if one.set is which]
    assert {one.language for one in texts} == set(SPOKEN)
    assert sum(one.language == "en" for one in texts) >= (3 if which is WordingSet.CHOOSING else 2)


def test_no_text_serves_both_sets() -> None:
    for kind in KINDS:
        for part in ("subject", "text"):
            seen = [{getattr(one, part) for one in wordings(kind) if one.set is which} for which in WordingSet]
            assert not seen[0] & seen[1], kind


def test_a_text_has_a_link_exactly_where_its_kind_brings_one() -> None:
    with_link = {"unfamiliar-sender", "lookalike-domain", "credential-phishing", "internal-compromise"}
    with_link |= {"brand-impersonation", "lateral-phishing"}
    for kind in KINDS:
        for one in wordings(kind):
            names = {name for _, name, _, _ in string.Formatter().parse(one.text + one.subject) if name}
            assert ("link" in names) == (str(kind) in with_link), one.name


def test_a_tenant_is_written_to_in_its_languages_and_else_in_english() -> None:
    german = choose(AttackKind.GIFT_CARD, WordingSet.REPORTING, ("de",))
    assert {one.language for one in german} == {"de"}
    polish = choose(AttackKind.GIFT_CARD, WordingSet.REPORTING, ("pl",))
    assert {one.language for one in polish} == {"en"}

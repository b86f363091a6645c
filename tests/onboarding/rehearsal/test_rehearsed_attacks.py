"""Attacks as they are made: nothing but the attack tells them from the tenant's own mail."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from detection.baselines.asking import facts_for
from detection.baselines.facts import FACTS
from detection.detectors.registry import AttackKind
from detection.keys import NO_KEY
from detection.mail.batch import Level, MessageBatch
from detection.mail.message import Authentication
from onboarding import scores
from onboarding.rehearsal.folder import retargeted
from onboarding.rehearsal.recipe import CannotRehearse, recipes
from onboarding.rehearsal.stage import Made, attack, rehearsals
from onboarding.rehearsal.target import Target
from onboarding.rehearsal.wordings import WITHOUT, WordingSet, choose


def made(target: Target, name: str, seed: str = "1") -> Made:
    recipe = next(one for one in recipes() if one.name == name)
    wording = choose(recipe.kind, WordingSet.REPORTING, ("en",))[0]
    return attack(target, recipe, wording, random.Random(seed))


def columns_of(batch: MessageBatch) -> str:
    """Everything in a batch, unknown (NaN) values alike."""
    return repr(batch.to_arrow().to_pylist())


def test_every_kind_can_be_rehearsed_and_the_same_seed_gives_the_same_attacks(target: Target) -> None:
    first, second, other = (rehearsals(target, seed, each=3) for seed in ("a", "a", "b"))
    assert {label.kind for label in first.labels} == {str(kind) for kind in AttackKind if kind not in WITHOUT}
    assert {label.set for label in first.labels} == {"choose", "report"}
    assert not first.missing
    assert columns_of(first.batch) == columns_of(second.batch)
    assert columns_of(first.batch) != columns_of(other.batch)


def test_attacks_come_to_real_mailboxes_in_the_tenants_time_after_the_burn_in(target: Target) -> None:
    batch = rehearsals(target, "a", each=3).batch
    people = {person.address for person in target.people}
    addressed = {batch.recipient[i] for i in range(len(batch.recipient))}
    assert addressed <= people
    assert (batch.own_recipient_count > 0).all()
    assert batch.time.min() >= target.batch.time[target.received[0]]
    assert batch.time.max() <= target.batch.time[-1]
    assert (np.diff(batch.time) >= 0).all()


def test_a_tenant_whose_mail_has_no_received_and_no_results_gets_attacks_without(target: Target) -> None:
    m = target.batch
    bare: dict[str, Any] = {
        name: np.zeros_like(getattr(m, name))
        for name in ("received_hops", "network_key", "spf", "dkim", "dmarc", "arc", "envelope_sender_key")
    }
    unaligned = {name: np.full_like(getattr(m, name), -1) for name in ("spf_aligned", "dkim_aligned")}
    plain = Target(replace(m, **bare, **unaligned, html_length=np.zeros_like(m.html_length)), target.organisation)
    for recipe in recipes():
        one = made(plain, recipe.name)
        for header in (b"Received:", b"Authentication-Results:", b"Return-Path:"):
            assert header not in one.raw, recipe.name
        assert one.row["network_key"] == NO_KEY
        assert {one.row[name] for name in ("received_hops", "spf", "dkim", "dmarc", "arc")} == {0}


def test_attacks_carry_programs_and_header_sets_that_the_tenants_mail_has(target: Target) -> None:
    batch = rehearsals(target, "a", each=3).batch
    assert np.isin(batch.mailer_key, target.batch.mailer_key).all()
    assert np.isin(batch.header_order_key, target.batch.header_order_key).all()


def test_the_hardest_vendor_writes_as_usual_in_a_thread_of_theirs(target: Target) -> None:
    row = made(target, "vendor_as_usual").row
    m = target.batch
    earlier = (m.sender_key == row["sender_key"]) & (m.time < row["time"])
    assert earlier.any()
    assert row["network_key"] in m.network_key[earlier]
    assert row["mailer_key"] in m.mailer_key[earlier]
    assert row["thread_key"] in m.thread_key[earlier]
    assert row["parent_key"] in m.own_id_key[earlier]
    assert row["spf"] in m.spf[earlier]
    assert row["account_number_count"] == 1


def test_a_taken_over_account_writes_from_a_network_that_is_not_its_own(target: Target) -> None:
    row = made(target, "vendor_taken_over").row
    assert row["sender_key"] in target.batch.sender_key
    assert row["network_key"] not in target.batch.network_key


def test_a_forged_address_fails_where_the_tenants_server_checks(target: Target) -> None:
    checked = [made(target, "boss_forged", str(seed)).row for seed in range(20)]
    assert {row["sender_is_own"] for row in checked} == {True}
    results = {row["dmarc"] for row in checked}
    assert Authentication.FAIL in results
    assert Authentication.PASS not in results


def test_attacks_are_judged_by_what_came_before_them_only(target: Target) -> None:
    attacks = rehearsals(target, "a", each=1).batch
    half = attacks.take(0, len(attacks) // 2)
    learn = ~scores.known_bad(target.batch)
    stop = int(np.searchsorted(target.batch.time, half.time[-1], side="right"))
    with_future = facts_for(half, target.batch, learn)
    without = facts_for(half, target.batch.take(0, stop), learn[:stop])
    assert all(np.array_equal(with_future[fact], without[fact]) for fact in FACTS.values())


def test_a_tenant_without_partners_is_not_rehearsed_with_any(target: Target) -> None:
    m = target.batch
    inside = np.flatnonzero(m.sender_is_own)
    alone = Target(MessageBatch.from_arrow(m.to_arrow().take(inside)), target.organisation)
    attacks = rehearsals(alone, "a", each=3)
    assert "vendor_as_usual" in attacks.missing
    assert "partners" in attacks.missing["vendor_as_usual"]
    assert "colleague_as_usual" not in attacks.missing


def test_an_empty_history_can_be_attacked_with_nothing(target: Target) -> None:
    nobody = Target(target.batch.take(0, 0), target.organisation)
    attacks = rehearsals(nobody, "a", each=3)
    assert len(attacks.batch) == 0
    assert len(attacks.missing) == len(recipes())
    with pytest.raises(CannotRehearse):
        made(nobody, "boss_by_free_mail")


CAUGHT = (
    b"Received: from evil.example (evil.example [198.51.100.9]) by trap.example; Fri, 3 Jan 2003 10:00:00 +0000\r\n"
    b"Authentication-Results: trap.example; spf=fail smtp.mailfrom=evil.example\r\n"
    b"From: Somebody <somebody@evil.example>\r\nTo: trap@pot.example\r\nSubject: account of trap@pot.example\r\n"
    b"Date: Fri, 3 Jan 2003 10:00:00 +0000\r\nMessage-ID: <1@evil.example>\r\n\r\n"
    b"Verify your account: https://login.evil.example/?u=trap@pot.example\r\n"
)


def test_an_attack_from_a_folder_keeps_what_it_says_and_loses_where_it_was_caught(target: Target) -> None:
    attacks = retargeted(target, [("caught", CAUGHT), ("caught", b"")], "seed")
    batch = attacks.batch
    assert len(batch) == 1
    assert batch.sender[0] == "somebody@evil.example"
    assert batch.link_host[0] == "login.evil.example"
    assert batch.recipient[0] in {person.address for person in target.people}
    assert target.batch.time[0] < batch.time[0] <= target.batch.time[-1]
    assert batch.spf[0] in target.batch.spf
    assert attacks.labels[0].kind == "caught"
    assert batch.offsets[Level.RECIPIENT].tolist() == [0, 1]
    assert sum(map(len, attacks.missing.values())) > 0

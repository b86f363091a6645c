"""Unknown is a value of its own, never the benign one."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest

from detection.baselines.facts import FACTS
from detection.baselines.parts import PARTY, REPLY_TO, SENDER, SENDER_NAME, SENDER_SITE, VARIANT

Measure = Callable[..., dict[str, float]]

NO_SENDER = {"sender_key": 0, "sender_site_key": 0, "sender_party_key": 0, "sender_domain_key": 0, "variant_key": [0]}
ABOUT_THE_SENDER = {SENDER, PARTY, SENDER_SITE, SENDER_NAME, REPLY_TO, VARIANT}


def test_without_a_sender_nothing_about_it_is_claimed(measure: Measure) -> None:
    unknown = {name: -1 for name, fact in FACTS.items() if ABOUT_THE_SENDER & set(fact.key) and "site" not in name}
    values = measure(NO_SENDER, unknown | {"site_messages": -1, "wrote_to_site": -1})
    assert values["sender_missing"] == 1
    for name in (
        *("sender_messages", "sender_age_days", "sender_silence_days", "sender_first_contact", "party_messages"),
        *("party_first_contact", "pair_messages", "pair_first_contact", "solicited", "wrote_to_sender"),
        *("name_messages", "own_name_misused", "lookalike_messages", "stranger_asks_money", "sender_is_free_mail"),
        *("sender_domain_length", "sender_spf_pass_rate", "sender_strangeness", "new_recipient_share"),
    ):
        assert math.isnan(values[name]), name


@pytest.mark.parametrize("method", ["spf", "dkim", "dmarc", "arc"])
def test_a_result_that_nobody_wrote_down_is_neither_passed_nor_failed_nor_none(measure: Measure, method: str) -> None:
    values = measure({method: 0})
    assert all(math.isnan(values[f"{method}_{outcome}"]) for outcome in ("passed", "failed", "none"))


def test_a_message_to_nobody_of_ours_has_no_relationship_with_us(measure: Measure) -> None:
    values = measure({"recipient_is_own": [False], "own_recipient_count": 0})
    assert math.isnan(values["pair_messages"])
    assert math.isnan(values["recipient_messages_most"])


def test_links_without_a_host_say_nothing_about_sites(measure: Measure) -> None:
    values = measure(
        {"link_site_key": [0], "link_count": 1},
        {"link_site_messages": -1, "link_site_parties": -1, "link_site_first": -1},
    )
    for name in ("link_site_parties_least", "link_site_youngest_days", "link_new_sites", "link_foreign_share"):
        assert math.isnan(values[name]), name

"""The report: says what there is to say and no more, calls nothing, and shows what mail says without obeying it."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, cast
from xml.etree import ElementTree

import numpy as np
import pytest
from markdown_it import MarkdownIt

from onboarding.database.rehearsals import Recalled
from onboarding.report.evidence import Evidence
from onboarding.report.html import page
from onboarding.report.markdown import markdown_of, page_for_prefect
from onboarding.report.pictures import Curve
from onboarding.report.sections import Picture, sections
from onboarding.report.svg import as_data_uri, standalone
from onboarding.report.text import cell

HOSTILE = "<script>alert(1)</script> [click](https://evil.example) www.evil.example | `x` *y* javascript:z \"'&\u202e"
NOW = datetime(2026, 3, 4, 5, 6, tzinfo=UTC)


def certificate(budget: str, alpha: float) -> dict[str, Any]:
    return {
        "budget": budget,
        "alpha": alpha,
        "basis": "counted",
        "certified": True,
        "counted_alpha": alpha * 0.8,
        "smallest_certifiable_alpha": 0.0005,
        "n": 9_000,
        "effective_n": 6_000,
        "effective_n_days": 4_500.0,
        "campaigns_flagged": 3,
        "messages_flagged": 4,
        "observed_rate": 0.0004,
        "observed_rate_low": 0.0001,
        "observed_rate_high": 0.0009,
    }


def week(first_day: int, flagged: int, kept: bool = True) -> dict[str, Any]:
    return {
        "first_day": first_day,
        "promised": 0.001,
        "campaigns": 400,
        "flagged": flagged,
        "low": 0.0,
        "high": 0.009,
        "kept": kept,
    }


@pytest.fixture
def evidence() -> Evidence:
    outcome = {
        "tenant": "acme",
        "state": "active",
        "mode": "shadow",
        "held_reason": None,
        "held_message": None,
        "held_remedy": None,
        "early": None,
        "mailboxes": {"discovered": 5, "ingested": 4, "failed": 1},
        "messages": {"listed": 10_000, "stored": 9_000, "duplicates": 900, "skipped": {"too-large": 100}},
        "history": {"from": "2026-01-01", "to": "2026-03-01", "days": 60},
        "findings": 1,
    }
    calibration = {
        "statement": "At most 1 in 1,000 of this tenant's benign campaigns are flagged as attack.",
        "certificate": certificate("attack", 0.001),
        "suspicious": certificate("suspicious", 0.01),
        "weights": "equal",
        "excluded_as_known_bad": 12,
        "burn_in": {
            "first_day": 20_468,
            "days": 14,
            "settled": True,
            "new_sender_rate_before": 0.3,
            "new_sender_rate_after": 0.1,
            "batch_days": 7,
            "rates": [0.3, 0.2, 0.1, 0.1],
        },
        "walk_forward": {
            "weeks": 2,
            "promised": 0.001,
            "observed": 0.002,
            "interval": [0.0001, 0.01],
            "kept": True,
            "by_week": [week(20_468, 1), week(20_475, 9, kept=False)],
        },
        "detectors": [
            {
                "detector": "payment_fraud",
                "weight": 0.5,
                "kind": "pareto",
                "reference_weight": 0.25,
                "median": 0.1,
                "highest": 4.0,
                "attack_score": 5.0,
                "flagged": 1,
            }
        ],
    }
    recalled = [
        Recalled(source="recipes", kind=k, difficulty=d, sent=10, caught=c, suspicious=2, low=0.1, high=0.9)
        for k, d, c in (("payment-fraud", "easy", 8), ("callback", "hard", 1))
    ]
    finding = SimpleNamespace(
        kind="payment-fraud",
        verdict="suspicious",
        time=1_770_000_000,
        tail_probability=0.0005,
        message_id=HOSTILE,
        path=HOSTILE,
        attribution={"sender": HOSTILE, "mailbox": "jane@acme.example", "reasons": ["First mail ever.", HOSTILE]},
    )
    gates = [
        SimpleNamespace(name="walk-forward", measure="rate", value=0.5, bar="at most 1", passed=True, remedy=""),
        SimpleNamespace(name="span", measure="days", value=None, bar="at least 90", passed=False, remedy="wait"),
    ]
    curve = Curve("payment_fraud", np.linspace(0, 5, 20), np.geomspace(0.5, 1e-5, 20), 5.0)
    return Evidence(
        tenant="acme",
        domains=["acme.example"],
        source="maildir:/mail/acme",
        outcome=outcome,
        failed=[("old@acme.example", HOSTILE)],
        calibration=calibration,
        engine="e1",
        curves=[curve],
        recalled=cast(Any, {"recipes": recalled}),
        gates=cast(Any, gates),
        findings=cast(Any, [finding]),
        weeks=[(20_454, 900, 100), (20_461, 950, 120)],
    )


def html(evidence: Evidence) -> str:
    return page("Onboarding of acme", sections(evidence), NOW, "acme.example")


def test_it_reads_from_what_matters_to_what_happens_next(evidence: Evidence) -> None:
    titles = [section.title for section in sections(evidence)]
    assert titles == [
        "In short",
        "History and coverage",
        "What is promised",
        "Rehearsed attacks",
        "Gates",
        "Findings in history",
        "Detectors",
        "What happens next",
    ]


def test_the_numbers_are_those_of_the_evidence(evidence: Evidence) -> None:
    said = markdown_of("acme", sections(evidence))
    for text in (
        "9,000 messages of 4 mailboxes",
        "9 of 20 attacks",
        "9,000 messages count as 6,000 campaigns",
        "4,500 independent",
        "1 in 2,000",
        "14 days were learned from only",
        "promised 1 in 1,000 on average",
        "Weeks above their promise by more than chance: those of 2026-01-22",
        "| payment-fraud | 10 | 8 | 2 | 80%",
        "pareto, 25% borrowed",
        "Gate span: wait.",
        "not passed",
        "12 messages known to be bad",
    ):
        assert text in said, text


def test_it_calls_nothing_and_runs_nothing(evidence: Evidence) -> None:
    made = html(evidence)
    assert "<script" not in made
    assert not re.search(r"(?:src|href)\s*=\s*[\"'](?!#)", made)
    assert "url(" not in made
    assert "@import" not in made
    assert "default-src 'none'" in made


def test_what_mail_says_is_shown_and_not_obeyed(evidence: Evidence) -> None:
    made = html(evidence)
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in made
    assert "\u202e" not in made, "a text that turns the reading direction could show another address"
    prefect = MarkdownIt("gfm-like", {"linkify": False}).render(page_for_prefect(evidence, "")[0])
    assert "<a " not in prefect
    assert not re.search(r"(?:www\.|://)", re.sub(r"data:image[^)]*|xmlns=\S+", "", page_for_prefect(evidence, "")[0]))


def test_every_picture_is_a_picture_and_says_what_it_shows(evidence: Evidence) -> None:
    found = [block for section in sections(evidence) for block in section.blocks if isinstance(block, Picture)]
    assert len(found) == 6
    for picture in found:
        for svg in (picture.svg, standalone(picture.svg)):
            root = ElementTree.fromstring(svg)
            assert root.attrib["aria-label"]
            assert "nan" not in svg
            assert "inf" not in re.sub(r"font[^;]*|info", "", svg)
        assert picture.caption


def test_the_page_in_prefect_has_the_tails_and_where_the_rest_is(evidence: Evidence) -> None:
    said, tails = page_for_prefect(evidence, "[The full report](http://127.0.0.1:4290/acme/)")
    assert tails is not None
    assert as_data_uri(tails) in said
    assert said.count("data:image") == 1
    assert said.index("The full report") < said.index("In short")


def test_a_tenant_held_at_the_door_has_a_report_too(evidence: Evidence) -> None:
    held = {
        **evidence.outcome,
        "state": "held",
        "mode": "off",
        "held_reason": "no-mailboxes",
        "held_message": "the source lists no mailbox",
        "held_remedy": "check the address",
        "history": {"from": None, "to": None, "days": 0},
        "messages": {"listed": 0, "stored": 0, "duplicates": 0, "skipped": {}},
    }
    bare = replace(
        evidence,
        outcome=held,
        failed=(),
        calibration=None,
        curves=(),
        recalled={},
        gates=(),
        findings=(),
        weeks=(),
    )
    said = markdown_of("acme", sections(bare))
    assert "**Held.** The source lists no mailbox. What helps: Check the address." in said
    assert "promise" not in said.lower()
    assert "Onboarding of acme" in html(bare)


def test_a_cell_stays_one_cell() -> None:
    rendered = (
        MarkdownIt("commonmark").enable("table").render(f"| a |\n| --- |\n| {cell(HOSTILE + chr(10) + '| b |')} |\n")
    )
    assert rendered.count("<td>") == 1

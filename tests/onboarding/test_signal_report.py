"""What a signal is worth: told apart by interval, by kind, and beside what repeats it; and the page of the catalogue."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from detection.signals.registry import DROPPED, SIGNALS, markdown_catalogue
from onboarding.cli.catalogues import signals
from onboarding.signal_report import measured

RNG = np.random.default_rng(5)
CALM = RNG.normal(size=900)
HOSTILE = RNG.normal(size=120)
KINDS = ["gift-card"] * 60 + ["extortion"] * 60


def test_what_separates_is_told_from_what_does_not() -> None:
    benign = {"lure_gift_card": CALM, "lure_task": CALM.copy(), "html_length": RNG.normal(size=900)}
    gift_cards = HOSTILE + np.where(np.arange(120) < 60, 3.0, 0.0)
    attacks = {"lure_gift_card": gift_cards, "lure_task": gift_cards * 2.0, "html_length": RNG.normal(size=120)}
    by_name = {one.name: one for one in measured(benign, attacks, KINDS)}
    assert by_name["lure_gift_card"].separates
    assert by_name["lure_gift_card"].best_kind == "gift-card"
    assert by_name["lure_gift_card"].best.low > 0.9
    assert by_name["lure_gift_card"].neighbour == "lure_task"
    assert by_name["lure_gift_card"].correlation > 0.9
    assert not by_name["html_length"].separates


def test_a_signal_that_is_constant_or_never_known_separates_nothing() -> None:
    benign = {"form_count": np.zeros(50), "spf_passed": np.full(50, np.nan), "image_count": np.arange(50.0)}
    attacks = {"form_count": np.zeros(20), "spf_passed": np.full(20, np.nan), "image_count": np.arange(20.0) + 90}
    by_name = {one.name: one for one in measured(benign, attacks, ["extortion"] * 20)}
    assert not by_name["form_count"].separates
    assert by_name["form_count"].neighbour == ""
    assert by_name["spf_passed"].unknown == 1.0
    assert by_name["spf_passed"].coverage == 0.0
    assert not by_name["spf_passed"].separates
    assert by_name["image_count"].separates


def test_no_attacks_at_all_say_nothing() -> None:
    (only,) = measured({"size": CALM}, {"size": np.empty(0)}, [])
    assert not only.separates
    assert only.best_kind == ""


def test_the_page_of_the_catalogue_is_up_to_date() -> None:
    page = Path(__file__).parents[2] / "docs" / "signals.md"
    assert page.read_text(encoding="utf-8") == markdown_catalogue(), (
        "run: gatehouse signals --markdown > docs/signals.md"
    )


def test_the_page_names_every_signal_and_what_was_dropped() -> None:
    shown = CliRunner().invoke(signals, ["--markdown"])
    assert shown.exit_code == 0
    assert all(f"| `{name}` |" in shown.output for name in SIGNALS)
    assert all(f"* `{name}`:" in shown.output for name in DROPPED)
    assert not set(DROPPED) & set(SIGNALS)
    assert len(SIGNALS) >= 250


@pytest.mark.parametrize("options", [["--attacks", "eml:/nowhere"], ["--report"]])
def test_options_that_make_no_sense_are_wrong_usage(options: list[str]) -> None:
    assert CliRunner().invoke(signals, options).exit_code == 2

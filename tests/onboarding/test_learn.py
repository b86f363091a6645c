"""Training from sources: the same mail gives the same files, and what is not labelled is not used."""

from __future__ import annotations

from pathlib import Path

import pytest

from detection import models
from detection.learning.boosting import Boosting
from detection.learning.train import Training
from onboarding.learn import learn, mailset
from onboarding.sources.base import SourceError

TINY = "simulated:seed=5,mailboxes=5,days=14,rate=5,attacks=1500"
QUICK = Training(boosting=Boosting(trees=4, depth=2))


def _mail(folder: Path, name: str, subject: str, text: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(
        f"From: a@shop.example\nTo: b@acme.example\nSubject: {subject}\nDate: Mon, 5 Jan 2026 10:00:00 +0000\n"
        f"Message-ID: <{name}.{folder.name}@shop.example>\n\n{text}\n"
    )


def test_training_again_gives_the_same_files(tmp_path: Path) -> None:
    for run in ("first", "second"):
        learn((), (TINY,), tmp_path / run, QUICK)
    for name in (models.TEXT_MODEL, models.SIGNALS_MODEL, models.CARD):
        assert (tmp_path / "first" / name).read_bytes() == (tmp_path / "second" / name).read_bytes(), name


def test_folders_say_what_their_mail_is_and_others_are_left_out(tmp_path: Path) -> None:
    for number in range(3):
        _mail(tmp_path / "ham", f"{number}.eml", f"Lunch {number}", "Shall we have lunch on Monday?")
        _mail(tmp_path / "phishing", f"{number}.eml", f"Your account {number}", "Verify your password here.")
        _mail(tmp_path / "2025", f"{number}.eml", f"Unlabelled {number}", "Nobody knows.")
    found = mailset(f"eml:{tmp_path}", "tiny")
    assert sorted(found.nature.tolist()) == [0, 0, 0, 1, 1, 1]


def test_a_source_without_labels_is_refused_with_what_helps(tmp_path: Path) -> None:
    _mail(tmp_path / "2025", "1.eml", "Hello", "Nobody knows what this is.")
    with pytest.raises(SourceError, match="name its folders"):
        mailset(f"eml:{tmp_path}", "unlabelled")

"""Training from sources: the same mail gives the same files, and what is not labelled is not used."""

from __future__ import annotations

from pathlib import Path

import pytest

from detection import models
from detection.learning.boosting import Boosting
from detection.learning.labels import Nature
from detection.learning.train import Training
from onboarding.learn import learn, mailsets
from onboarding.sources.base import SourceError
from onboarding.training_mail import Source, labelled

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
    (found,) = mailsets([labelled(Source(f"eml:{tmp_path}", "tiny"))], [1.0])
    assert sorted(found.nature.tolist()) == [0, 0, 0, 1, 1, 1]


def test_the_latest_benign_mail_can_be_left_to_try_the_models_on(tmp_path: Path) -> None:
    for number in range(4):
        _mail(tmp_path / "ham", f"{number}.eml", f"Lunch {number}", "Shall we have lunch on Monday?")
    assert len(labelled(Source(f"eml:{tmp_path}", "tiny", earliest=0.5)).own) == 2


def test_half_of_the_draws_for_others_read_no_words(tmp_path: Path) -> None:
    for number in range(6):
        _mail(tmp_path / "ham", f"{number}.eml", f"Lunch number {'abcdef'[number]}", "Shall we have lunch on Monday?")
        _mail(tmp_path / "phishing", f"{number}.eml", f"Account {'abcdef'[number]}", "Verify your password here.")
    mail, wide = Source(f"eml:{tmp_path}", "tiny"), Boosting(trees=20, depth=2)
    asked = {}
    for at_home in (True, False):
        trees = learn((mail,), (), tmp_path / "out", Training(boosting=wide, at_home=at_home)).signals.trees
        phishing = trees.feature[:, trees.heads[0] : trees.heads[1]]
        asked[at_home] = [{trees.signals[at] for at in tree} for tree in phishing.T.tolist()]
    reading = {
        home: [any(name.startswith("text_model") for name in tree) for tree in trees] for home, trees in asked.items()
    }
    assert [len(reading[True]), len(reading[False])] == [40, 80]
    assert all(any(draw) for draw in (reading[True][:20], reading[True][20:], reading[False][:40]))
    assert not any(reading[False][40:])


def test_without_benign_mail_of_its_own_nothing_is_learned_for_an_organisation(tmp_path: Path) -> None:
    _mail(tmp_path / "phishing", "1.eml", "Your account", "Verify your password here: https://verify.example/")
    caught = Source(f"eml:{tmp_path}", "caught")
    for name, at_home in (("own", True), ("others", False)):
        learn((caught,), (TINY,), tmp_path / name, Training(boosting=QUICK.boosting, at_home=at_home))
    assert (tmp_path / "own" / models.CARD).read_bytes() == (tmp_path / "others" / models.CARD).read_bytes()


def test_attacks_are_sent_to_every_organisation_in_its_time_and_headers(tmp_path: Path) -> None:
    _mail(tmp_path / "phishing", "1.eml", "Your account", "Verify your password here: https://verify.example/")
    host, attacks = labelled(Source(TINY, TINY)), labelled(Source(f"eml:{tmp_path}", "caught"))
    (found,) = mailsets([host, attacks], [1.0, 1.0])
    own = {one.row["message_key"] for one in host.own}
    sent = [at for at in range(len(found.batch)) if int(found.batch.message_key[at]) not in own]
    assert [found.nature[at] for at in sent] == [Nature.PHISHING]
    assert found.batch.own_recipient_count[sent[0]] == 1
    assert found.batch.time[0] <= found.batch.time[sent[0]] <= found.batch.time[-1]


def test_a_source_without_labels_is_refused_with_what_helps(tmp_path: Path) -> None:
    _mail(tmp_path / "2025", "1.eml", "Hello", "Nobody knows what this is.")
    with pytest.raises(SourceError, match="name its folders"):
        labelled(Source(f"eml:{tmp_path}", "unlabelled"))

"""The nightly refresh: what was stored since is merged, to the bytes of a rebuild."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tenants_at_hand import onboard, register

from detection.baselines.facts import sender_messages
from detection.baselines.snapshot import Snapshot
from detection.keys import key_of
from onboarding import refresh
from onboarding.activate import in_force, roll_back
from onboarding.baseline import make_baseline
from onboarding.calibrate import read_calibration
from onboarding.connect import connect
from onboarding.database import labels, versions
from onboarding.database.activations import ActivationError
from onboarding.files import remove_tree
from onboarding.history import open_history, read_history
from onboarding.ingest import ingest, ingesting
from onboarding.judged import NOTHING, judged
from onboarding.live.recent import read_recent
from onboarding.made import remember_learned
from onboarding.names import KeyNames
from onboarding.parity import live_sample
from onboarding.refresh import Refreshed, refresh_baseline
from onboarding.run import running
from onboarding.workspace import Workspace


def write_mail(folder: Path, sender: str, recipient: str, day: int, number: int) -> None:
    """One mail of a day of 2026, the same in every mailbox that it is written to."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{day:03d}-{number}.eml").write_text(
        f"From: A Sender <{sender}>\nTo: {recipient}\nSubject: note {day} {number}\n"
        f"Date: {1 + day % 28:02d} {('Jan', 'Feb', 'Mar')[day // 28]} 2026 10:{number:02d}:00 +0000\n"
        f"Message-ID: <{day}.{number}.{sender}>\n\nhello {day} {number}\n"
    )


@pytest.fixture
def mail(tmp_path: Path) -> Path:
    root = tmp_path / "mail"
    for day in range(50):
        for number in range(3):
            write_mail(root / "ann" / "inbox", "bob@partner.example", "ann@acme.example", day, number)
            write_mail(root / "ann" / "sent", "ann@acme.example", "bob@partner.example", day, number)
    return root


@pytest.fixture
def active(workspace: Workspace, mail: Path) -> Workspace:
    register(workspace, "acme", f"eml:{mail}", "acme.example", alpha=0.1)
    onboard(workspace, "acme")
    return workspace


def more_arrives(workspace: Workspace, root: Path) -> None:
    """Newer mail, older mail, junk, and a copy of what is known, in a mailbox that was not there before."""
    for number in range(4):
        write_mail(root / "cay" / "inbox", "dan@vendor.example", "cay@acme.example", 60, number)
        write_mail(root / "cay" / "inbox", "dan@vendor.example", "cay@acme.example", 3, 10 + number)
        write_mail(root / "cay" / "junk", "evil@phish.example", "cay@acme.example", 61, number)
    write_mail(root / "cay" / "inbox", "bob@partner.example", "ann@acme.example", 7, 1)
    write_mail(root / "cay" / "sent", "dan@vendor.example", "cay@acme.example", 60, 1)
    with running(workspace, "acme", "onboard", actor="test") as token:
        sizes = connect(workspace, token)
        with ingesting(workspace, token):
            ingest(workspace, token, list(sizes))


def refreshed(workspace: Workspace) -> Refreshed:
    with running(workspace, "acme", "refresh", actor="test") as token:
        return refresh_baseline(workspace, token)


def digest_of(workspace: Workspace, version: int) -> str:
    with workspace.database.session("acme") as session:
        row = versions.baseline(session, "acme", version)
    assert row is not None
    return row.digest


def test_what_was_stored_since_is_merged_to_the_bytes_of_a_rebuild(
    active: Workspace, mail: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    more_arrives(active, mail)
    with monkeypatch.context() as patch:
        patch.setattr(refresh, "make_baseline", lambda *_: pytest.fail("built anew although a merge would do"))
        result = refreshed(active)
    assert result == Refreshed(before=1, version=2, messages=12, rebuilt=False)
    layout = active.layout("acme")
    merged = [path.read_bytes() for path in (layout.baseline(2) / "facts.bin", layout.names(2), layout.recent(2))]
    with running(active, "acme", "onboard", actor="test") as token:
        assert make_baseline(active, token).version == 2, "a rebuild has the same content, and so is the same version"
    again = [path.read_bytes() for path in (layout.baseline(2) / "facts.bin", layout.names(2), layout.recent(2))]
    assert merged == again


def test_the_next_version_is_in_force_with_the_calibration_and_mode_of_before(active: Workspace, mail: Path) -> None:
    before = in_force(active, "acme")
    more_arrives(active, mail)
    refreshed(active)
    after = in_force(active, "acme")
    assert before is not None
    assert after is not None
    assert (before[1].version, after[1].version) == (1, 2)
    assert (before[0].mode, before[2].version) == (after[0].mode, after[2].version)
    layout = active.layout("acme")
    assert KeyNames(layout.names(2))(key_of("vendor.example")) == "vendor.example"
    recent = read_recent(layout.recent(2))
    assert len(recent.keys) > len(read_recent(layout.recent(1)).keys) - 100
    # A refresh leaves what it was made from alone: going back is possible.
    assert digest_of(active, 1) != digest_of(active, 2)
    assert layout.baseline(1).exists()


def test_nothing_new_makes_nothing(active: Workspace, mail: Path) -> None:
    assert refreshed(active) == Refreshed(before=1, version=1, messages=0, rebuilt=False)
    more_arrives(active, mail)
    refreshed(active)
    assert refreshed(active) == Refreshed(before=2, version=2, messages=0, rebuilt=False)


def test_a_baseline_that_does_not_say_what_it_learned_is_built_anew(active: Workspace, mail: Path) -> None:
    more_arrives(active, mail)
    remember_learned(active.layout("acme"), 1, None)
    result = refreshed(active)
    assert (result.version, result.rebuilt) == (2, True)
    found = in_force(active, "acme")
    assert found is not None
    assert found[1].version == 2


@pytest.mark.parametrize("place", ["names", "recorded"])
def test_killed_before_it_is_recorded_it_is_made_again(
    active: Workspace, mail: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    more_arrives(active, mail)

    class Killed(BaseException):
        pass

    def die(*_: object, **__: object) -> None:
        raise Killed

    target = ("onboarding.names.write_whole",) if place == "names" else ("onboarding.learned.versions.record_baseline",)
    with monkeypatch.context() as patch:
        patch.setattr(*target, die)
        with pytest.raises(Killed):
            refreshed(active)
    assert in_force(active, "acme")[1].version == 1  # type: ignore[index]
    assert refreshed(active) == Refreshed(before=1, version=2, messages=12, rebuilt=False)


def test_a_baseline_that_was_gone_back_to_stays_until_another_comes_into_force_and_one_that_is_gone_is_refused(
    active: Workspace, mail: Path
) -> None:
    more_arrives(active, mail)
    refreshed(active)
    back = roll_back(active, "acme", actor="ada", reason="learned wrong", to=1)
    assert (back.baseline, back.restores) == (1, 1)
    assert refreshed(active) == Refreshed(before=1, version=1, messages=0, rebuilt=False, held=True)
    assert in_force(active, "acme")[1].version == 1  # type: ignore[index]
    forth = roll_back(active, "acme", actor="ada", reason="was fine", to=2)
    assert refreshed(active).version == forth.baseline == 2
    remove_tree(active.layout("acme").baseline(1))
    with pytest.raises(ActivationError, match="are no longer on disk"):
        roll_back(active, "acme", actor="ada", reason="again", to=1)
    assert in_force(active, "acme")[1].version == 2  # type: ignore[index]


def test_an_attack_that_people_label_late_is_unlearned_by_the_next_refresh(active: Workspace, mail: Path) -> None:
    more_arrives(active, mail)
    refreshed(active)
    with running(active, "acme", "onboard", actor="test") as token:
        make_baseline(active, token)
    batch = read_history(active.layout("acme"))
    of_dan = np.flatnonzero(batch.sender_key == key_of("dan@vendor.example"))
    first, last = int(of_dan[0]), int(of_dan[-1])

    def messages(version: int) -> float:
        facts = Snapshot.open(active.layout("acme").baseline(version)).look_up(batch.take(last, last + 1))
        return float(facts[sender_messages][0])

    def said(verdict: labels.Verdict) -> None:
        key, message_id = int(batch.message_key[first]), batch.message_id[first]
        with active.database.transaction("acme") as session:
            labels.label(session, "acme", key, message_id, verdict, reason="", actor="ada")

    said(labels.Verdict.ATTACK)
    result = refreshed(active)
    assert (result.version, result.rebuilt) == (3, True)
    assert messages(3) == messages(2) - 1
    history = open_history(layout := active.layout("acme"))
    live = live_sample(layout, history, batch, read_calibration(active, "acme", 1), len(batch))
    assert (live.alike, live.differing) == (len(batch), ()), "what is scored live is what the replay said"
    assert refreshed(active) == Refreshed(before=3, version=3, messages=0, rebuilt=False), "once"
    said(labels.Verdict.SAFE)
    assert refreshed(active).version == 2, "and learned again when they take it back"
    assert judged(active, "acme") != NOTHING
    assert judged(active, "acme").that_counts(layout) == NOTHING, "safe is what mail outside of junk is anyway"

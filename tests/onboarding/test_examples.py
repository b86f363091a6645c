"""What people called safe is an example: counted in every calibration's summary, never flagged anew by itself."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from click.testing import CliRunner
from tenants_at_hand import SMALL, onboard, register

from onboarding.cli import main
from onboarding.database import decisions, versions
from onboarding.examples import false_positives, tried_on_history
from onboarding.feedback import give_feedback
from onboarding.recalibrate import criteria, recalibrate
from onboarding.registration import change_tenant
from onboarding.report.evidence import gather
from onboarding.report.sections import sections
from onboarding.run import outcome
from onboarding.settings import Settings
from onboarding.workspace import Workspace, open_workspace


@pytest.fixture(scope="module")
def active(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    workspace = open_workspace(
        Settings(home=tmp_path_factory.mktemp("examples") / "home", parse_workers=0, heartbeat_seconds=60)
    )
    register(workspace, "acme", SMALL)
    assert onboard(workspace, "acme")["state"] == "active"
    yield workspace
    workspace.database.close()


def row_of(workspace: Workspace, version: int) -> versions.Calibration:
    with workspace.database.session("acme") as session:
        row = versions.calibration(session, "acme", version)
    assert row is not None
    return row


def flagged(workspace: Workspace, version: int) -> dict[int, str]:
    """Message-IDs of the findings that are attacks under a calibration, by key."""
    with workspace.database.session("acme") as session:
        found = decisions.findings(session, "acme", version)
    return {one.message_key: one.message_id for one in found if one.verdict == "attack"}


def test_a_label_is_an_example_that_calibrations_are_held_to(active: Workspace) -> None:
    change_tenant(active, "acme", actor="test", alpha=0.2)
    loose = int(recalibrate(active, "acme")["calibration"]["version"])
    row = row_of(active, loose)
    assert row.summary["labelled"] == {"safe": 0, "safe_flagged": 0, "attacks": 0, "attacks_missed": 0}
    now = flagged(active, loose)
    only_now = sorted(set(now) - set(flagged(active, 1)))[:3]
    assert only_now, "the larger budget flags more"
    for key in only_now:
        give_feedback(active, "acme", now[key], "safe", reason="", actor="test")

    strict = tried_on_history(active, "acme", row_of(active, 1))
    held_to = tried_on_history(active, "acme", row)
    assert strict is not None
    assert held_to is not None
    assert held_to.safe_flagged == set(only_now)
    newly = held_to.safe_flagged - strict.safe_flagged
    judged = {one.name: one for one in criteria(active, "acme", loose)}["labelled-safe"]
    assert judged.met == (not newly)
    assert f"{len(newly)} of them newly" in judged.said
    assert newly, "the calibration in force lets them through"
    lines = false_positives(active, "acme", row)
    assert sum(line["flagged"] for line in lines) == len(only_now)
    assert any(line["signals"] for line in lines)
    for line in lines:
        assert line["cost"]["caught_after"] <= line["cost"]["caught"] <= line["cost"]["sent"]

    again = recalibrate(active, "acme")["calibration"]
    assert again["labelled"]["safe"] == len(only_now)


def test_the_report_names_where_false_positives_come_from(active: Workspace) -> None:
    evidence = gather(active, "acme", outcome(active, "acme", ""))
    shown = {section.title for section in sections(evidence)}
    assert ("Wrongly flagged" in shown) == bool(evidence.wrong)


def test_status_shows_live_mail(active: Workspace) -> None:
    environment = {"GATEHOUSE_HOME": str(active.home), "GATEHOUSE_DATABASE_URL": ""}
    found = CliRunner().invoke(main, ("status", "acme", "--json"), env=environment)
    live = json.loads(found.stdout)["live"]
    assert (live["decided"], live["alarm"], live["unreadable"]) == (0, None, {})
    assert live["promised"] > 0

"""The command line as the outside relies on it: documents on standard output, exit codes, one line for what went wrong."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from tenants_at_hand import SMALL, onboard

from onboarding.cli import main
from onboarding.settings import Settings
from onboarding.sources.simulated.source import SimulatedSource
from onboarding.workspace import Workspace, open_workspace


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("commands") / "home"


@pytest.fixture(scope="module")
def active(home: Path) -> Iterator[Workspace]:
    """A home with one tenant, `acme`, that is active in shadow."""
    workspace = open_workspace(Settings(home=home, parse_workers=0, heartbeat_seconds=60))
    result = gatehouse(
        home, "tenant", "add", "acme", "--domain", domain(), "--source", SMALL, "--budget", "0.01", "--json"
    )
    assert json.loads(result.stdout)["state"] == "registered"
    assert onboard(workspace, "acme")["state"] == "active"
    yield workspace
    workspace.database.close()


def domain() -> str:
    return SimulatedSource(SMALL).domains[0]


def gatehouse(home: Path, *arguments: str) -> Result:
    return CliRunner().invoke(main, arguments, env={"GATEHOUSE_HOME": str(home), "GATEHOUSE_DATABASE_URL": ""})


def mail(sender: str, subject: str, text: str, name: str = "A Person") -> bytes:
    return (
        f"From: {name} <{sender}>\r\nTo: somebody@{domain()}\r\nSubject: {subject}\r\n"
        f"Date: Tue, 10 Mar 2026 10:00:00 +0000\r\nMessage-ID: <1@{sender}>\r\n\r\n{text}\r\n"
    ).encode()


def documents(result: Result) -> list[dict[str, Any]]:
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_status_of_all_and_of_one(active: Workspace, home: Path) -> None:
    (one,) = json.loads(gatehouse(home, "status", "--json").stdout)
    assert (one["tenant"], one["state"], one["mode"]) == ("acme", "active", "shadow")
    detail = json.loads(gatehouse(home, "status", "acme", "--json").stdout)
    assert detail["messages"]["listed"] > 1000
    assert {gate["name"] for gate in detail["gates"]} >= {"mailbox-coverage", "certificate"}
    assert "shadow" in gatehouse(home, "status").stdout


def test_score_decides_in_the_order_of_its_input_and_says_why(active: Workspace, home: Path, tmp_path: Path) -> None:
    boss = SimulatedSource(SMALL).executives[0].name
    lure = "Please send the wire transfer of $48,000 today. It is urgent and confidential, do not tell anyone."
    (tmp_path / "attack.eml").write_bytes(mail("office-of-ceo@gmail.com", "Urgent payment", lure, boss))
    (tmp_path / "garbage.eml").write_bytes(b"\x00\x01\x02" * 100)
    files = [str(tmp_path / name) for name in ("attack.eml", "garbage.eml", "missing")]
    result = gatehouse(home, "score", "acme", *files, "--json")
    attack, garbage, missing = documents(result)
    assert result.exit_code == 1
    assert attack["decision"] == "attack"
    assert any(boss in reason and "office-of-ceo@gmail.com" in reason for reason in attack["reasons"])
    assert list(attack) == ["path", "message_id", "decision", "kind", "tail_probability", "detectors", "reasons"]
    assert set(attack["detectors"][0]) == {"name", "score", "tail_probability", "share"}
    assert (garbage["decision"], garbage["skipped"]) == (None, "not-a-message")
    assert (missing["skipped"], missing["detail"]) == ("unreadable", "No such file or directory")


def test_replay_gives_a_decision_a_message_in_order_of_time(active: Workspace, home: Path, tmp_path: Path) -> None:
    for number in (3, 1, 2):
        text = mail(f"stranger{number}@partner.example", f"note {number}", "hello").replace(
            b"10 Mar 2026 10:00:00", f"{10 + number} Mar 2026 10:00:00".encode()
        )
        (tmp_path / "box").mkdir(exist_ok=True)
        (tmp_path / "box" / f"{number}.eml").write_bytes(text)
    result = gatehouse(home, "replay", "acme", f"eml:{tmp_path}", "--json")
    assert result.exit_code == 0
    assert [each["path"] for each in documents(result)] == ["box/1.eml", "box/2.eml", "box/3.eml"]


def test_calibrations_are_listed_shown_promoted_and_rolled_back(active: Workspace, home: Path) -> None:
    gatehouse(home, "tenant", "set", "acme", "--budget", "0.02")
    calibrated = gatehouse(home, "calibrate", "acme", "--json")
    made = json.loads(calibrated.stdout)
    version = made["calibration"]["version"]
    assert made["in_force"] == version - 1
    assert calibrated.stderr.count(made["calibration"]["statement"]) == 1, "the promise is said once"
    assert (
        json.loads(gatehouse(home, "calibrations", "promote", "acme", str(version), "--json").stdout)["calibration"]
        == version
    )
    listed = json.loads(gatehouse(home, "calibrations", "list", "acme", "--json").stdout)
    assert [each["in_force"] for each in listed][:2] == [True, False]
    assert (
        json.loads(gatehouse(home, "calibrations", "rollback", "acme", "--json").stdout)["calibration"] == version - 1
    )
    assert (
        json.loads(gatehouse(home, "calibrations", "show", "acme", "1", "--json").stdout)["certificate"]["alpha"]
        == 0.01
    )
    assert gatehouse(home, "calibrations", "show", "acme", "99").exit_code == 1


def test_a_mode_that_a_gate_forbids_is_refused_with_the_reason(active: Workspace, home: Path) -> None:
    result = gatehouse(home, "activate", "acme", "--mode", "shadow")
    assert result.exit_code == 0
    off = gatehouse(home, "deactivate", "acme", "--json")
    assert json.loads(off.stdout)["mode"] == "off"
    refused = gatehouse(home, "score", "acme", __file__)
    assert refused.exit_code == 3
    assert "switched off" in refused.stderr
    assert gatehouse(home, "activate", "acme", "--mode", "shadow").exit_code == 0


@pytest.mark.parametrize("name", ["signals", "detectors", "settings"])
def test_catalogues_are_documents(home: Path, name: str) -> None:
    found = json.loads(gatehouse(home, name, "--json").stdout)
    assert len(found) > 10
    assert gatehouse(home, name).exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (("tenant", "add", "acme", "--domain", "acme.com", "--source", "eml:/tmp"), 1, "is there already"),
        (("tenant", "add", "new", "--domain", "not a domain", "--source", "eml:/tmp"), 2, "is not a domain name"),
        (("tenant", "add", "new", "--domain", "192.168.1.1", "--source", "eml:/tmp"), 2, "is not a domain name"),
        (("tenant", "add", "Bad_Name", "--domain", "acme.com", "--source", "eml:/tmp"), 2, "cannot be a tenant's name"),
        (("tenant", "add", "new", "--domain", "acme.com", "--source", "ftp:/x"), 2, "no kind of source"),
        (("tenant", "add", "new", "--domain", "acme.com", "--source", "eml:/tmp", "--budget", "2"), 2, "range"),
        (("tenant", "add", "new", "--domain", "acme.com", "--source", "eml:/tmp", "--lookback", "soon"), 2, "90d"),
        (("tenant", "set", "acme"), 2, "nothing to change"),
        (("onboard", "nobody"), 1, "there is no tenant nobody"),
        (("status", "nobody"), 1, "there is no tenant nobody"),
        (("calibrate", "nobody"), 1, "there is no tenant nobody"),
        (("score", "nobody", "x.eml"), 1, "there is no tenant nobody"),
        (("replay", "acme", "eml:/not/there"), 1, "/not/there"),
        (("no-such-command",), 2, "No such command"),
    ],
)
def test_mistakes_get_one_line_and_the_right_exit_code(
    active: Workspace, home: Path, arguments: tuple[str, ...], code: int, says: str
) -> None:
    result = gatehouse(home, *arguments)
    assert (result.exit_code, says in result.stderr) == (code, True), result.output
    assert "Traceback" not in result.output
    assert not isinstance(result.exception, Exception) or isinstance(result.exception, SystemExit)


def test_a_wrong_setting_is_wrong_usage(home: Path) -> None:
    result = CliRunner().invoke(main, ["status"], env={"GATEHOUSE_HOME": str(home), "GATEHOUSE_ALPHA": "7"})
    assert result.exit_code == 2
    assert "GATEHOUSE_ALPHA=7" in result.stderr


def test_every_plain_error_exists() -> None:
    from importlib import import_module

    from onboarding.cli.console import PLAIN

    for name in PLAIN:
        module, _, kind = name.rpartition(".")
        assert issubclass(getattr(import_module(module), kind), Exception)


def test_a_command_knows_every_table_before_it_writes_one() -> None:
    # In a process of its own: in this one, other tests have loaded every model already.
    script = (
        "import onboarding.workspace; from onboarding.database.rows import Row; "
        "[key.column for table in Row.metadata.tables.values() for key in table.foreign_keys]"
    )
    subprocess.run([sys.executable, "-c", script], check=True)


def test_status_speaks_of_the_calibration_in_force(active: Workspace, home: Path) -> None:
    before = json.loads(gatehouse(home, "status", "acme", "--json").stdout)
    gatehouse(home, "tenant", "set", "acme", "--budget", "0.03")
    made = json.loads(gatehouse(home, "calibrate", "acme", "--json").stdout)["calibration"]["version"]
    after = json.loads(gatehouse(home, "status", "acme", "--json").stdout)
    assert after["calibration"]["version"] == before["activation"]["calibration"] != made

"""Onboarding on real mail, where `corpora/` holds it."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from tenants_at_hand import onboard, register

from onboarding.scoring import open_scorer, score_files
from onboarding.settings import Settings
from onboarding.workspace import Workspace, open_workspace

CORPORA = Path(__file__).parent.parent.parent / "corpora"
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not (CORPORA / "enron").is_dir(), reason="corpora/ is not there: no real mail to read"),
]


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return open_workspace(
        Settings(home=tmp_path_factory.mktemp("real") / "home", parse_workers=0, heartbeat_seconds=60)
    )


@pytest.fixture(scope="module")
def company(real: Workspace, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Two mailboxes of a company."""
    folder = tmp_path_factory.mktemp("mail")
    for name in ("badeer-r", "blair-l"):
        shutil.copytree(CORPORA / "enron" / name, folder / name)
    register(real, "company", f"eml:{folder}", "enron.com")
    return onboard(real, "company")


def test_a_companys_mailboxes_become_a_tenant_in_shadow(company: dict[str, Any]) -> None:
    mail = company["messages"]
    assert (company["state"], company["mode"]) == ("active", "shadow")
    assert mail["listed"] > 3000
    assert mail["listed"] == mail["stored"] + mail["duplicates"] + sum(mail["skipped"].values())
    assert mail["duplicates"] > 0


def test_a_month_of_a_mailing_list_becomes_a_tenant(real: Workspace, tmp_path: Path) -> None:
    for month in ("2023-01", "2023-02"):
        shutil.copy(CORPORA / "intel-wired-lan" / f"{month}.mbox", tmp_path)
    register(real, "list", f"mbox:{tmp_path}", "intel.com", "linux.intel.com")
    outcome = onboard(real, "list")
    assert outcome["state"] == "active"
    assert outcome["mailboxes"]["ingested"] == 2


def test_phishing_sent_to_the_company_is_named_in_words(
    real: Workspace, company: dict[str, Any], tmp_path: Path
) -> None:
    files = []
    for number, path in enumerate(sorted((CORPORA / "phishing").glob("*.eml"))[::400]):
        content = re.sub(rb"(?i)phishing@pot", b"somebody@enron.com", path.read_bytes())
        files.append(tmp_path / f"{number}.eml")
        files[-1].write_bytes(content)
    results = list(score_files(open_scorer(real, "company"), files))
    flagged = [result for result in results if result["decision"] != "safe"]
    assert len(flagged) > len(results) / 2
    assert all(result["reasons"] for result in flagged)
    json.dumps(results)

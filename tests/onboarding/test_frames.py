"""What is stored of a tenant, as pandas frames."""

from __future__ import annotations

import pytest
from tenants_at_hand import SMALL, onboard, register

from onboarding.files import StoreError
from onboarding.frames import messages, scores
from onboarding.workspace import Workspace


def test_messages_and_scores_are_one_row_a_message_in_order_of_time(workspace: Workspace) -> None:
    register(workspace, "acme", SMALL)
    stored = onboard(workspace, "acme")["messages"]["stored"]
    mail = messages(workspace, "acme", ["time", "sender"])
    scored = scores(workspace, "acme", signals=True)
    assert len(mail) == len(scored) == stored
    assert mail["time"].is_monotonic_increasing
    assert (mail["time"] == scored["time"]).all()
    assert "@" in mail["sender"][0]
    assert any(name.startswith("score:") for name in scored)
    assert any(name.startswith("signal:") for name in scored)


def test_a_tenant_without_history_is_told_to_onboard(workspace: Workspace) -> None:
    register(workspace, "acme", SMALL)
    with pytest.raises(StoreError, match="onboard it first"):
        messages(workspace, "acme")

"""A provider that does not answer is not one that has not granted something."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from onboarding.sources.gmail import permissions as gmail
from onboarding.sources.gmail.dialect import Costs
from onboarding.sources.graph import permissions as graph
from onboarding.sources.network.faults import ProviderError

ROLES = frozenset({"User.Read.All", "Mail.Read"})
REFUSED, DOWN, SILENT = (ProviderError("it said so", status) for status in (403, 503, 0))


def _raises(error: Exception) -> Any:
    def ask(*_: object) -> Any:
        raise error

    return ask


@pytest.mark.parametrize(("error", "permission"), [(REFUSED, True), (DOWN, False), (SILENT, False)])
def test_listing_that_got_no_answer_asks_for_no_permission(error: ProviderError, permission: bool) -> None:
    issuer = SimpleNamespace(key=lambda: SimpleNamespace(email="a@b", client_id="1"), secret="key")
    of_google = gmail.check(None, cast(Any, issuer), _raises(error), _raises(error), Costs(20))[1]
    of_microsoft = graph.check("t", cast(Any, None), lambda: ROLES, _raises(error))[1]
    for one in (of_google, of_microsoft):
        assert not one.granted
        assert one.permission is permission
        assert ("can be reached from here" in one.remedy) is not permission


def test_a_sign_in_that_got_no_answer_finds_no_fault_with_the_credentials() -> None:
    (silent,) = graph.check("t", cast(Any, None), _raises(SILENT), _raises(SILENT))
    assert "Credentials" not in silent.remedy
    (refused,) = graph.check("t", cast(Any, None), _raises(REFUSED), _raises(REFUSED))
    assert "Credentials" in refused.remedy

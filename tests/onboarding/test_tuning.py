"""Detector tuning as a file: what is wrong is refused with its place, what is right survives the way there and back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onboarding.audit_log import of_all, of_tenant
from onboarding.database import tenants
from onboarding.tuning import TuningError, export_tuning, import_tuning, merged, overrides_in_force, parsed, written
from onboarding.workspace import Workspace

NAMES = ("gift_card", "callback", "extortion")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[detectors.gift_card]\nweigth = 0.1\n", "line 2, detectors.gift_card.weigth"),
        ("[detectors.gift_card]\n\n\nweight = 1.5\n", "line 4, detectors.gift_card.weight"),
        ("[detectors.callback]\nweight = 0.1\n[detectors.gift_card]\nweight = -1\n", "line 4"),
        ("[detectors.gift_card]\nthreshold = 'high'\n", "line 2, detectors.gift_card.threshold: threshold is a finite"),
        ("[detectors.gift_card]\nthreshold = inf\n", "line 2"),
        ("[detectors.gift_card]\nthreshold = nan\n", "line 2"),
        ("[detectors.gift_card]\nweight = true\n", "line 2"),
        ("[detectors.gift_card]\nenabled = 1\n", "enabled is true or false"),
        ("[detectors.gift_card]\nenabled = false\nweight = 0.2\n", "line 3"),
        ("# a comment\n[detectors.giftcard]\nweight = 0.1\n", "line 2, detectors.giftcard: no detector is called"),
        ("[detector.gift_card]\nweight = 0.1\n", "line 1, detector"),
        ("detectors = 3\n", "line 1, detectors"),
        ("[detectors]\ngift_card = 3\n", "line 2, detectors.gift_card"),
        ("detectors.gift_card.weight = 7\n", "line 1, detectors.gift_card.weight"),
        ('[detectors]\n"gift_card" = {weight = 7}\n', "line 2"),
        ("[detectors.gift_card\n", "not TOML"),
        ("[detectors.gift_card]\nweight = 0.1\nweight = 0.2\n", "not TOML"),
    ],
)
def test_a_wrong_key_or_value_is_refused_with_its_place(text: str, says: str) -> None:
    with pytest.raises(TuningError, match=r"tuning\.toml") as refused:
        parsed("tuning.toml", text, NAMES)
    assert says in str(refused.value)


def test_an_empty_file_sets_nothing() -> None:
    assert parsed("x", "", NAMES) == {}


STORED = st.fixed_dictionaries(
    {
        "weights": st.dictionaries(st.sampled_from(NAMES), st.floats(0, 1), min_size=1),
        "thresholds": st.dictionaries(st.sampled_from(NAMES), st.floats(-1e6, 1e6), min_size=1),
    }
)


@given(STORED)
def test_what_is_written_is_read_back(stored: dict[str, dict[str, float]]) -> None:
    # A detector that is switched off has no threshold.
    thresholds = {name: value for name, value in stored["thresholds"].items() if stored["weights"].get(name) != 0.0}
    clean = {"weights": stored["weights"]} | ({"thresholds": thresholds} if thresholds else {})
    again = parsed("x", written(clean, NAMES, "acme"), NAMES)
    assert again == {part: dict(sorted(values.items())) for part, values in clean.items()}


def test_a_tenants_own_value_goes_before_the_shared_one() -> None:
    shared = {"weights": {"gift_card": 0.5, "callback": 0.1}, "thresholds": {"extortion": 3.0}}
    own = {"thresholds": {"gift_card": 9.0}}
    assert merged(shared, own) == {"weights": {"callback": 0.1}, "thresholds": {"extortion": 3.0, "gift_card": 9.0}}


@pytest.fixture
def acme(workspace: Workspace) -> Workspace:
    with workspace.database.transaction("acme") as session:
        tenants.add(
            session,
            "acme",
            domains=["acme.example"],
            source="eml:/mail",
            alpha=0.01,
            delta=0.05,
            lookback_days=None,
            actor="ada",
        )
    return workspace


def test_an_import_replaces_what_was_set_and_an_export_gives_it_back(acme: Workspace) -> None:
    import_tuning(acme, "a", "[detectors.gift_card]\nweight = 0.2\n", "acme", actor="ada")
    import_tuning(acme, "b", "[detectors.callback]\nenabled = false\n", "acme", actor="ada")
    text = export_tuning(acme, "acme", NAMES)
    assert parsed("x", text, NAMES) == {"weights": {"callback": 0.0}}


def test_shared_and_own_values_are_in_force_together(acme: Workspace) -> None:
    from detection.engine import Engine

    import_tuning(acme, "a", "[detectors.gift_card]\nweight = 0.2\n", None, actor="ada")
    import_tuning(acme, "b", "[detectors.callback]\nthreshold = 12\n", "acme", actor="ada")
    with acme.database.session("acme") as session:
        overrides = overrides_in_force(session, "acme", Engine().detectors)
        assert (overrides.weights, overrides.thresholds) == ({"gift_card": 0.2}, {"callback": 12.0})
        gone = overrides_in_force(session, "acme", ("callback",))
    assert gone.weights == {}, "a detector that this engine has not got is left out, not a failure"


def test_changes_of_what_all_share_stand_in_the_audit_log(acme: Workspace) -> None:
    import_tuning(acme, "a", "[detectors.gift_card]\nweight = 0.2\n", None, actor="ada")
    import_tuning(acme, "a", "[detectors.gift_card]\nweight = 0.2\n", None, actor="ada")
    import_tuning(acme, "b", "[detectors.gift_card]\nenabled = false\n", None, actor="bob")
    newest, first = of_all(acme, 10)
    assert (newest.actor, newest.action, newest.detail["version"]) == ("bob", "shared-tuning-changed", 2)
    assert newest.detail["changed"] == {"gift_card weight": {"before": 0.2, "after": 0.0}}
    assert first.detail["changed"] == {"gift_card weight": {"before": None, "after": 0.2}}
    shown = [one.action for one in of_tenant(acme, "acme", 10)]
    assert shown.count("shared-tuning-changed") == 2
    assert shown[-1] != "shared-tuning-changed", "its own beginning is the oldest of its log"
    assert of_tenant(acme, "nobody", 10) == []


def test_weights_that_do_not_fit_together_are_refused_and_nothing_changes(acme: Workspace) -> None:
    import_tuning(acme, "a", "[detectors.gift_card]\nweight = 0.7\n", None, actor="ada")
    with pytest.raises(TuningError, match="shared by all tenants"):
        import_tuning(acme, "b", "[detectors.callback]\nweight = 0.7\n", "acme", actor="ada")
    assert parsed("x", export_tuning(acme, "acme", NAMES), NAMES) == {}
    import_tuning(acme, "b", "[detectors.callback]\nweight = 0.3\nthreshold = 1\n", "acme", actor="ada")
    import_tuning(acme, "b", "[detectors.callback]\nweight = 0.2\n", "acme", actor="ada")
    with pytest.raises(TuningError, match="tenant acme"):
        import_tuning(acme, "c", "[detectors.gift_card]\nweight = 0.9\n", None, actor="ada")

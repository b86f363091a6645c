"""A calibration as a whole: any n, any order, overrides, findings, the artifact."""

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from simulated_tenants import PANELS, calibrated, draw

from detection.calibration import artifact
from detection.calibration.budget import Rehearsal
from detection.calibration.calibrate import CalibrationResult, Overrides, calibrate
from detection.calibration.calibration import Calibration
from detection.calibration.certificate import Basis
from detection.calibration.pooled import pool
from detection.calibration.split import split
from detection.calibration.tails import TailKind

NAMES = ("a", "b", "c")


def history(n: int, seed: int = 0, campaign_size: int = 3) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    keys = rng.integers(1, 2**62, n // campaign_size + 1).astype(np.uint64)[np.arange(n) // campaign_size]
    scores = draw(("normal", "mostly zero", "heavy"), n, rng)
    return {"scores": scores, "campaign_keys": keys, "days": rng.integers(0, 70, n), "benign": np.ones(n, np.bool_)}


def run(data: dict[str, np.ndarray], alpha: float = 0.01, delta: float = 0.05, **rest: object) -> CalibrationResult:
    return calibrate(data["scores"], NAMES, data["campaign_keys"], data["days"], data["benign"], alpha, delta, **rest)  # type: ignore[arg-type]


@pytest.mark.parametrize("n", [0, 1, 2, 3, 10, 99])
def test_too_little_data_works_and_is_said(n: int) -> None:
    result = run(history(n, campaign_size=1))
    certificate = result.certificate
    assert not certificate.certified
    assert certificate.basis is Basis.EXTRAPOLATED
    assert certificate.counted_alpha > 0.01
    assert certificate.campaigns_flagged == 0
    assert "Nothing is promised" in certificate.statement or "is not certified" in certificate.statement
    p = result.calibration.tail_probabilities(np.array([[9.0], [1e300], [-1e300]]))
    assert np.isfinite(result.calibration.combined(p)).all()


def test_without_any_data_nothing_is_flagged() -> None:
    calibration = run(history(0)).calibration
    p = calibration.tail_probabilities(np.full((3, 5), 1e300))
    assert (p == 1).all()
    assert not (calibration.combined(p) <= calibration.suspicious_threshold).any()


def test_equal_scores_flag_only_what_is_above_them() -> None:
    data = history(2000, campaign_size=1)
    data["scores"] = np.full((3, 2000), 0.5)
    result = run(data)
    calibration = result.calibration
    assert result.certificate.certified
    assert [d.kind for d in result.detectors] == [TailKind.EMPIRICAL] * 3
    number = calibration.combined(calibration.tail_probabilities(np.array([[0.5, 0.6, 0.4]] * 3)))
    assert (number <= calibration.attack_threshold).tolist() == [False, True, False]
    assert len(result.findings) == 0


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 2**31), n=st.integers(0, 900))
def test_the_artifact_does_not_depend_on_the_order_of_messages(seed: int, n: int) -> None:
    data = history(n, seed % 7)
    data["scores"] = np.round(data["scores"], 1)
    shuffle = np.random.default_rng(seed).permutation(n)
    shuffled = {name: array[..., shuffle] for name, array in data.items()}
    a, b = run(data, audit=False), run(shuffled, audit=False)
    assert a.calibration.to_bytes() == b.calibration.to_bytes()
    assert data["campaign_keys"][a.findings].tolist() == shuffled["campaign_keys"][b.findings].tolist()


def test_the_artifact_gives_back_the_same_calibration() -> None:
    others = [calibrated(draw(PANELS["heavy tails"], 600, rng), rng, 0.01, 0.05).calibration
              for rng in (np.random.default_rng(s) for s in range(3))]  # fmt: skip
    data = history(900)
    reference = pool(others)
    result = calibrate(
        data["scores"], [*others[0].detectors[:2], "unlike"], data["campaign_keys"], data["days"], data["benign"],
        1e-3, 0.05, reference=reference, overrides=Overrides(thresholds={"unlike": 30.0}),
    )  # fmt: skip
    calibration = result.calibration
    again = Calibration.from_bytes(calibration.to_bytes())
    scores = np.concatenate((data["scores"], data["scores"] * 50), axis=1)
    assert again.to_bytes() == calibration.to_bytes()
    assert again.digest == calibration.digest
    assert again.certificate == calibration.certificate
    assert again.tail_probabilities(scores).tobytes() == calibration.tail_probabilities(scores).tobytes()
    assert len(calibration.to_bytes()) < 60_000


@settings(max_examples=60, deadline=None)
@given(cut=st.integers(0, 100_000), flip=st.integers(0, 255), extra=st.binary(max_size=9))
def test_a_damaged_artifact_is_refused(cut: int, flip: int, extra: bytes) -> None:
    whole = ARTIFACT
    cut %= len(whole)
    for data in (whole[:cut], whole[:cut] + extra + whole[cut:], whole[:cut] + bytes([flip]) + whole[cut + 1 :]):
        if data != whole:
            with pytest.raises(ValueError, match=r"a damaged calibration|not a calibration"):
                Calibration.from_bytes(data)


def test_an_artifact_of_another_version_is_refused_by_its_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(artifact, "VERSION", 7)
    newer = run(history(30)).calibration.to_bytes()
    monkeypatch.undo()
    with pytest.raises(ValueError, match="format version 7, and this Gatehouse reads version 1"):
        Calibration.from_bytes(newer)


def test_what_is_known_bad_takes_no_part() -> None:
    data = history(1500, campaign_size=1)
    bad = np.random.default_rng(1).random(1500) < 0.1
    data["scores"][:, bad] += 100
    data["benign"] = ~bad
    result = run(data)
    kept = {name: array[..., ~bad] for name, array in data.items()}
    assert result.calibration.to_bytes() == run(kept).calibration.to_bytes()
    assert (result.excluded, result.messages) == (int(bad.sum()), int((~bad).sum()))
    assert not bad[result.findings].any()


def test_hidden_attacks_are_listed_as_findings_strongest_first_and_one_a_campaign() -> None:
    data = history(3000, campaign_size=3)
    data["scores"][0, 300:303] = [40, 60, 50]
    data["scores"][2, 900] = 1e6
    result = run(data, alpha=0.005)
    found = result.findings.tolist()
    assert {301, 900} <= set(found)
    assert {301, 900} == set(found[:2])
    assert not {300, 302} & set(found)
    assert len({int(data["campaign_keys"][row]) for row in found}) == len(found) <= 50


def test_an_admins_threshold_flags_whatever_the_budget_and_spoils_the_certificate_when_it_is_too_low() -> None:
    data = history(3000, campaign_size=1)
    strict = run(data, overrides=Overrides(thresholds={"c": 1e9}))
    assert strict.certificate.certified
    assert strict.calibration.weights == (0.5, 0.5, 0.0)
    low = run(data, overrides=Overrides(thresholds={"c": 1.0}))
    assert not low.certificate.certified
    assert low.certificate.campaign_rate > 0.1
    assert "is not certified" in low.certificate.statement
    assert low.calibration.attack_threshold == 0
    for result, at in ((strict, 1e9), (low, 1.0)):
        scores = np.array([[0.0, 0], [0, 0], [at, np.nextafter(at, 0)]])
        calibration = result.calibration
        number = calibration.combined(calibration.tail_probabilities(scores))
        assert (number <= calibration.attack_threshold).tolist() == [True, False]
        assert calibration.shares(calibration.tail_probabilities(scores))[:, 0].argmin() == 2


def test_an_admins_weights_survive_and_silence() -> None:
    data = history(3000, campaign_size=1)
    attacks = Rehearsal(np.vstack([np.full(30, 3.0), np.zeros((2, 30))]), ["x"] * 30)
    result = run(data, rehearsal=attacks, overrides=Overrides(weights={"a": 0.7, "b": 0.0}))
    assert result.calibration.weights == pytest.approx((0.7, 0.0, 0.3))
    assert result.calibration.fixed_weights == (0.7, 0.0, None)
    p = result.calibration.tail_probabilities(np.array([[0.0], [1e9], [0.0]]))
    assert result.calibration.combined(p)[0] > result.calibration.suspicious_threshold
    assert result.detectors[1].attack_score is None


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"scores": np.full((3, 4), np.inf)}, "detector a gave inf for message 0"),
        ({"scores": np.full((3, 4), np.nan)}, "a score must be finite"),
        ({"scores": np.zeros((2, 4))}, "one row for each of 3 detectors"),
        ({"days": np.zeros(5, np.int64)}, "there are 5 days"),
        ({"alpha": 0.0}, "budget"),
        ({"alpha": 0.01, "suspicious_alpha": 0.001}, "stricter than the attack budget"),
        ({"overrides": Overrides(weights={"z": 0.1})}, "'z', which is not one of a, b, c"),
        ({"overrides": Overrides(weights={"a": 0.7, "b": 0.7})}, "140%|1.4 of the budget"),
        ({"overrides": Overrides(weights={"a": 1.0})}, "leave nothing for b, c"),
        ({"overrides": Overrides(weights={"a": float("nan")})}, "share of the budget between 0 and 1"),
        ({"overrides": Overrides(thresholds={"a": float("inf")})}, "must be a finite score"),
        ({"overrides": Overrides(thresholds={"z": 1.0})}, "'z', which is not one of"),
        ({"rehearsal": Rehearsal(np.zeros((3, 2)), ["x"])}, "1 have kinds"),
        ({"rehearsal": Rehearsal(np.zeros((2, 2)), ["x", "y"])}, "rehearsed scores"),
    ],
)
def test_impossible_input_is_refused_with_what_is_wrong(change: dict[str, object], message: str) -> None:
    data = history(4) | {name: value for name, value in change.items() if isinstance(value, np.ndarray)}
    rest = {name: value for name, value in change.items() if not isinstance(value, np.ndarray)}
    with pytest.raises(ValueError, match=message):
        run(data, **rest)  # type: ignore[arg-type]


def test_live_scores_that_do_not_fit_are_refused() -> None:
    calibration = run(history(30)).calibration
    with pytest.raises(ValueError, match="one row for each of its 3 detectors: a, b, c"):
        calibration.tail_probabilities(np.zeros((2, 1)))
    with pytest.raises(ValueError, match="detector b gave inf"):
        calibration.tail_probabilities(np.array([[0.0], [np.inf], [0.0]]))


@given(n=st.integers(0, 5000), seed=st.integers(0, 99), weighing=st.booleans())
@example(n=3993, seed=0, weighing=True)
@example(n=3994, seed=0, weighing=True)
def test_the_three_parts_are_disjoint_whole_and_certify_when_they_can(n: int, seed: int, weighing: bool) -> None:
    keys = np.unique(np.random.default_rng(seed).integers(1, 2**62, n).astype(np.uint64))
    parts = split(keys, delta=0.05, weighing=weighing)
    everything = np.concatenate((parts.fitting, parts.weighing, parts.certifying))
    assert sorted(everything.tolist()) == list(range(len(keys)))
    assert len(keys) / 2 <= len(parts.certifying) <= max(len(keys) * 0.75, len(keys) / 2 + 1)
    assert (len(parts.certifying) >= 2995) == (len(keys) * 0.75 >= 2995)
    assert weighing or not len(parts.weighing)
    backwards = split(keys[::-1], delta=0.05, weighing=weighing)
    assert set(keys[::-1][backwards.certifying].tolist()) == set(keys[parts.certifying].tolist())


def test_the_score_where_attack_begins_is_exact() -> None:
    calibration = run(history(3000)).calibration
    for row, score in enumerate(calibration.scores_at(calibration.attack_threshold)):
        assert score is not None
        around = np.full((3, 2), -1e300)
        around[row] = np.nextafter(score, -np.inf), score
        number = calibration.combined(calibration.tail_probabilities(around))
        assert (number <= calibration.attack_threshold).tolist() == [False, True]


def test_one_message_gets_the_same_number_as_in_bulk_pooled_tails_included() -> None:
    rng = np.random.default_rng(5)
    lent = pool([calibrated(draw(PANELS["light tails"], 900, rng), rng, 0.01, 0.05).calibration])
    calibration = calibrated(draw(PANELS["light tails"], 300, rng), rng, 0.01, 0.05, reference=lent).calibration
    scores = draw(PANELS["light tails"], 3000, rng) * 3
    bulk = calibration.combined(calibration.tail_probabilities(scores))
    singly = [calibration.combined(calibration.tail_probabilities(scores[:, i : i + 1]))[0] for i in range(3000)]
    assert np.array(singly).tobytes() == bulk.tobytes()


def test_a_reference_fades_as_the_tenants_own_data_grows() -> None:
    rng = np.random.default_rng(6)
    lent = pool([calibrated(draw(("normal",), 5000, rng) + 3, rng, 0.01, 0.05).calibration], prior=300)
    query, gaps = np.array([[1.5]]), []
    for n in (0, 200, 2000, 40_000):
        own = calibrated(draw(("normal",), n, rng), rng, 0.01, 0.05, reference=lent)
        gaps.append(abs(float(own.calibration.tail_probabilities(query)[0, 0]) - 0.0668))
        assert own.calibration.reference_weights[0] == pytest.approx(300 / (300 + own.parts["fitting"]))
    assert gaps == sorted(gaps, reverse=True)
    assert gaps[0] > 0.5
    assert gaps[-1] < 0.03


def test_the_walk_forward_audit_tries_each_week_and_sees_a_break() -> None:
    data = history(6000, campaign_size=1)
    steady = run(data, alpha=0.02).audit
    assert len(steady.weeks) == 9
    assert steady.kept
    assert steady.campaigns == steady.weeks[0].campaigns + sum(week.campaigns for week in steady.weeks[1:])
    data["scores"][0, (data["days"] >= 63) & (np.arange(6000) % 4 == 0)] += 9
    broken = run(data, alpha=0.02).audit
    assert [week.kept for week in broken.weeks][-1] is False
    assert not broken.kept
    assert broken.weeks[:-1] == steady.weeks[:-1]


ARTIFACT = run(history(400)).calibration.to_bytes()


def test_a_larger_budget_catches_whatever_a_smaller_one_does() -> None:
    rng = np.random.default_rng(23)
    scores = draw(PANELS["heavy tails"], 2000, rng)
    attacks = draw(PANELS["heavy tails"], 300, rng) * 4
    caught = []
    for alpha in (0.002, 0.0024, 0.003, 0.005, 0.01, 0.03):
        calibration = calibrated(scores, np.random.default_rng(24), alpha, 0.05).calibration
        combined = calibration.combined(calibration.tail_probabilities(attacks))
        caught.append(int((combined <= calibration.attack_threshold).sum()))
    assert caught == sorted(caught)
    assert caught[0] < caught[-1]

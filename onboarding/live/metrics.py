"""How live decisions turned out: precision, misses, flag rate against the promise, time to verdict; each with its interval.

* online precision: attacks among the live mail that was flagged as attack and that people have judged since.
* offline precision: the same of what the calibration in force finds in history.
* online false-negative rate: not flagged (neither attack nor suspicious) among the live mail that people call attacks.
* flag rate: campaigns flagged as attack among all, as the certificate counts them, against the rate it promises. Campaigns
  that people confirmed as attacks do not count against the promise.

What nobody judged is not counted as right or wrong: `judged` says on how much a share rests.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd

from detection.metrics import Rate, rate
from onboarding import clock, frames
from onboarding.database import activations, decisions, labels, tenants, versions
from onboarding.policy import canary_of
from onboarding.workspace import Workspace

QUANTILES = (0.5, 0.95, 0.99)


@dataclass(frozen=True, slots=True)
class Outcome:
    """Of some live mail: how much there was, and how it turned out."""

    messages: int
    flagged: int
    suspicious: int
    judged: int
    precision: Rate
    false_negative_rate: Rate


def metrics(workspace: Workspace, tenant: str, days: int = 30) -> dict[str, Any]:
    """The metrics of the last days, as one document of JSON values."""
    since = (clock.now() - timedelta(days=days)).date()
    frame = frames.decisions(workspace, tenant, since)
    with workspace.database.session(tenant) as session:
        tenants.get(session, tenant)
        current = activations.current(session, tenant)
        calibration = versions.calibration(session, tenant, current.calibration) if current else None
        found = decisions.findings(session, tenant, current.calibration) if current else []
        said = {one.message_key: str(one.verdict) for one in labels.all_of(session, tenant)}
        canary = canary_of(session, tenant)
    judged = [said[row.message_key] for row in found if row.verdict == "attack" and row.message_key in said]
    return {
        "tenant": tenant,
        "from": since.isoformat(),
        "to": clock.now().date().isoformat(),
        "mode": str(current.mode) if current else None,
        "calibration": current.calibration if current else None,
        **_shown(outcome(frame)),
        "offline_precision": _rate(rate(judged.count("attack"), len(judged))),
        "flag_rate": _against(canary, calibration),
        "by_detector": {kind: _shown(outcome(some)) for kind, some in frame[frame["kind"] != ""].groupby("kind")},
        "by_week": {week: _shown(outcome(some)) for week, some in frame.groupby(_weeks(frame))},
        "seconds_to_decide": _quantiles(frame["seconds"]),
        "seconds_to_verdict": _quantiles(frame["decided_at"] - frame["time"]),
    }


def outcome(frame: pd.DataFrame) -> Outcome:
    """How the decisions of a frame (`frames.decisions`) turned out."""
    attack, label = frame["verdict"] == "attack", frame["label"]
    flagged = attack | (frame["verdict"] == "suspicious")
    right, wrong = int((attack & (label == "attack")).sum()), int((attack & (label == "safe")).sum())
    attacks = label == "attack"
    return Outcome(
        messages=len(frame),
        flagged=int(attack.sum()),
        suspicious=int((flagged & ~attack).sum()),
        judged=int(label.notna().sum()),
        precision=rate(right, right + wrong),
        false_negative_rate=rate(int((attacks & ~flagged).sum()), int(attacks.sum())),
    )


def _one(key: str, *more: str) -> Callable[[Mapping[str, Any]], dict[str, Any]]:
    """One value of a tenant's metrics, without further labels."""

    def read(metrics: Mapping[str, Any]) -> dict[str, Any]:
        value: Any = metrics[key]
        for name in more:
            value = value[name]
        return {"": value}

    return read


def _by_quantile(metrics: Mapping[str, Any]) -> dict[str, Any]:
    return {f',quantile="{q}"': value for q, value in metrics["seconds_to_decide"].items()}


EXPOSED: tuple[tuple[str, str, Callable[[Mapping[str, Any]], dict[str, Any]]], ...] = (
    ("messages", "Live messages decided on in the window.", _one("messages")),
    ("flagged", "Of these, flagged as attack.", _one("flagged")),
    ("suspicious", "Of these, suspicious.", _one("suspicious")),
    ("flag_rate", "Campaigns flagged as attack and not confirmed, among all.", _one("flag_rate", "value")),
    ("flag_rate_promised", "What the certificate promises.", _one("flag_rate", "promised")),
    ("online_precision", "Attacks among judged mail flagged as attack.", _one("precision", "value")),
    ("decision_seconds", "Seconds that a decision takes.", _by_quantile),
)
"""Name, help and how to read each from a tenant's metrics, by further labels."""


def exposition(found: Mapping[str, Mapping[str, Any]]) -> str:
    """The metrics of tenants in the Prometheus text format 0.0.4."""
    lines = []
    for name, help_text, values in EXPOSED:
        lines += [f"# HELP gatehouse_{name} {help_text}", f"# TYPE gatehouse_{name} gauge"]
        for tenant, one in sorted(found.items()):
            for more, value in values(one).items():
                if value is not None:
                    lines.append(f'gatehouse_{name}{{tenant="{tenant}"{more}}} {value}')
    return "\n".join(lines) + "\n"


def _against(canary: Any, calibration: versions.Calibration | None) -> dict[str, Any]:
    if canary is None or calibration is None:
        return {"promised": None, **_rate(rate(0, 0))}
    return {
        "promised": canary.watch.alpha,
        "certified": calibration.valid,
        "confirmed": canary.confirmed,
        "alarm": canary.alarm,
        **_rate(rate(canary.flagged, canary.campaigns)),
    }


def _shown(one: Outcome) -> dict[str, Any]:
    return {
        "messages": one.messages,
        "flagged": one.flagged,
        "suspicious": one.suspicious,
        "judged": one.judged,
        "precision": _rate(one.precision),
        "false_negative_rate": _rate(one.false_negative_rate),
    }


def _rate(one: Rate) -> dict[str, Any]:
    return {"value": one.value if one.n else None, "low": one.low, "high": one.high, "hits": one.hits, "n": one.n}


def _quantiles(values: pd.Series) -> dict[str, float]:
    known = values.dropna().to_numpy(dtype=np.float64)
    return {f"{q:g}": round(float(np.quantile(known, q)), 6) for q in QUANTILES} if len(known) else {}


def _weeks(frame: pd.DataFrame) -> pd.Series:
    """The Monday of the week in which each was decided on, UTC."""

    def monday(at: float) -> str:
        day: date = datetime.fromtimestamp(at, UTC).date()
        return (day - timedelta(days=day.weekday())).isoformat()

    return frame["decided_at"].map(monday)

"""Rows of the database as JSON values, each shown alike by the command line and the HTTP API."""

from __future__ import annotations

from typing import Any

from onboarding.database.activations import Activation
from onboarding.database.tenants import Tenant
from onboarding.database.versions import Calibration
from onboarding.feedback import Heard


def tenant_shown(row: Tenant) -> dict[str, Any]:
    """A tenant as it is set."""
    return {
        "tenant": row.name,
        "domains": row.domains,
        "source": row.source,
        "alpha": row.alpha,
        "delta": row.delta,
        "lookback_days": row.lookback_days,
        "tags": row.tags,
        "auto": row.overrides.get("auto"),
        "webhook": row.overrides.get("webhook"),
        "state": str(row.state),
        "mode": str(row.mode),
    }


def calibration_shown(row: Calibration, current: Activation | None) -> dict[str, Any]:
    """A calibration in a list; `current` is what is in force."""
    return {
        "version": row.version,
        "in_force": bool(current and current.calibration == row.version),
        "baseline": row.baseline,
        "engine": row.engine,
        "alpha": row.alpha,
        "delta": row.delta,
        "n": row.n,
        "effective_n": row.effective_n,
        "basis": row.basis,
        "certified": row.valid,
        "created_at": row.created_at,
        "actor": row.actor,
    }


def activation_shown(row: Activation) -> dict[str, Any]:
    """What came into force."""
    return {
        "tenant": row.tenant,
        "activation": row.version,
        "baseline": row.baseline,
        "calibration": row.calibration,
        "mode": str(row.mode),
    }


def feedback_shown(tenant: str, message_id: str, verdict: str, heard: Heard) -> dict[str, Any]:
    """What came of a person's word."""
    corrected = heard.corrected
    return {
        "tenant": tenant,
        "message_id": message_id,
        "verdict": verdict,
        "messages": heard.messages,
        "corrections": [one.id for one in corrected.rows] if corrected else [],
        "not_corrected": corrected.refused if corrected else None,
    }

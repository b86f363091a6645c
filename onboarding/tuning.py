"""Detector tuning as a file that people edit: TOML, checked whole before anything of it is taken over.

    [detectors.gift_card]
    enabled = true      # false silences it
    weight = 0.05       # its share of the false-positive budget
    threshold = 14.5    # flag at this score and above, whatever the budget

A file says everything that is set: what it does not name is left to the calibration. It is stored as `Overrides`: the
weight 0 is a detector that is switched off. Values of a tenant go before those shared by all tenants.
"""

from __future__ import annotations

import logging
import math
import re
import tomllib
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy.orm import Session

from detection.calibration.budget import starting_weights
from detection.calibration.calibrate import Overrides
from onboarding.database import fleet, tenants, tuning
from onboarding.workspace import Workspace

log = logging.getLogger(__name__)

KEYS = ("enabled", "weight", "threshold")
PARTS = ("weights", "thresholds")
"""Of `Tenant.overrides` and `SharedTuning.overrides`, what a tuning file says."""


class TuningError(Exception):
    """A tuning file is refused. The message says where, what is wrong, and what would be right."""


def export_tuning(workspace: Workspace, tenant: str | None, detectors: Sequence[str]) -> str:
    """The file of what is set for a tenant, or for all of them (None); what is not set stands there as a comment."""
    if tenant is None:
        with workspace.database.fleet_session() as session:
            stored = tuning.shared(session)
    else:
        with workspace.database.session(tenant) as session:
            stored = tenants.get(session, tenant).overrides
    return written(stored, detectors, tenant)


def import_tuning(workspace: Workspace, name: str, text: str, tenant: str | None, *, actor: str) -> dict[str, Any]:
    """Takes a file (`name` is what errors call it) over, in place of what was set before; gives what is set now.

    Raises TuningError, and nothing is changed, when anything in it is wrong or does not fit with what else is set.
    """
    from detection.engine import Engine

    names = Engine().detectors
    wanted = parsed(name, text, names)
    if tenant is None:
        with workspace.database.fleet_session() as session:
            others = fleet.overridden(session)
        for of, own in {"": {}, **others}.items():
            _fits(name, merged(wanted, own), names, f" together with what is set for tenant {of}" if of else "")
        with workspace.database.fleet_transaction() as session:
            if tuning.shared(session) != wanted:
                tuning.share(session, wanted, actor=actor)
        return wanted
    with workspace.database.session(tenant) as session:
        shared = tuning.shared(session)
    beside = " together with what is shared by all tenants" if shared else ""
    _fits(name, merged(shared, wanted), names, beside)
    with workspace.database.transaction(tenant) as session:
        kept = {key: value for key, value in tenants.get(session, tenant).overrides.items() if key not in PARTS}
        tenants.change(session, tenant, actor=actor, overrides=kept | wanted)
    return wanted


def overrides_in_force(session: Session, tenant: str, detectors: Sequence[str]) -> Overrides:
    """What admins set for the tenant and for all tenants, as the calibration takes it.

    A value for a detector that this engine does not have stays set and is left out, with a line in the log.
    """
    stored = merged(tuning.shared(session), tenants.get(session, tenant).overrides)
    unknown = {name for part in stored.values() for name in part} - set(detectors)
    for name in sorted(unknown):
        log.warning(
            "%s: what is set for the detector %s has no effect: this engine has none of that name", tenant, name
        )
    return Overrides(
        **{part: {name: value for name, value in stored[part].items() if name not in unknown} for part in stored}
    )


def merged(shared: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, dict[str, float]]:
    """The tenant's own values before the shared ones; a detector that the tenant sets takes nothing from the others."""
    named = {name for part in PARTS for name in own.get(part, {})}
    return {
        part: {name: value for name, value in shared.get(part, {}).items() if name not in named}
        | dict(own.get(part, {}))
        for part in PARTS
    }


def parsed(name: str, text: str, detectors: Sequence[str]) -> dict[str, dict[str, float]]:
    """The values of a file as they are stored. Raises TuningError with the place of the first thing that is wrong."""
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise TuningError(f"{name}: not TOML: {error}") from None
    for key in content:
        if key != "detectors":
            raise _wrong(name, text, (key,), f"{key!r} is not known here: write tables [detectors.NAME]")
    tables = content.get("detectors", {})
    if not isinstance(tables, dict):
        raise _wrong(name, text, ("detectors",), "detectors has to be tables, [detectors.NAME]")
    stored: dict[str, dict[str, float]] = {"weights": {}, "thresholds": {}}
    for detector, table in tables.items():
        if detector not in detectors:
            raise _wrong(
                name,
                text,
                ("detectors", detector),
                f"no detector is called {detector!r}; there are {', '.join(detectors)}",
            )
        if not isinstance(table, dict):
            raise _wrong(name, text, ("detectors", detector), f"{detector} has to be a table with {', '.join(KEYS)}")
        _take(name, text, detector, table, stored)
    return {part: dict(sorted(values.items())) for part, values in stored.items() if values}


def written(stored: Mapping[str, Any], detectors: Sequence[str], tenant: str | None) -> str:
    """The file that `parsed` reads as `stored`."""
    whose = f"of tenant {tenant}" if tenant else "shared by all tenants"
    again = f"gatehouse detectors import FILE {tenant}" if tenant else "gatehouse detectors import FILE"
    lines = [
        f"# Detector tuning {whose}. Change it, then `{again}`.",
        "# enabled = false silences a detector; weight is its share of the false-positive budget; at threshold and above",
        "# it flags whatever the budget. What is left out or commented out is left to the calibration.",
    ]
    weights, thresholds = stored.get("weights", {}), stored.get("thresholds", {})
    for detector in sorted({*weights, *thresholds} - set(detectors)):
        lines += [
            "",
            f"# {detector}: set as {weights.get(detector)}, {thresholds.get(detector)}; this engine has no such",
        ]
    for detector in detectors:
        off = weights.get(detector) == 0.0
        lines += ["", f"[detectors.{detector}]", "enabled = false" if off else "# enabled = true"]
        lines.append(f"weight = {weights[detector]!r}" if detector in weights and not off else "# weight =")
        lines.append(f"threshold = {thresholds[detector]!r}" if detector in thresholds else "# threshold =")
    return "\n".join(lines) + "\n"


def _take(name: str, text: str, detector: str, table: dict[str, Any], stored: dict[str, dict[str, float]]) -> None:
    for key, value in table.items():
        path = ("detectors", detector, key)
        if key not in KEYS:
            raise _wrong(name, text, path, f"{key!r} is no key of a detector; there are {', '.join(KEYS)}")
        if key == "enabled":
            if not isinstance(value, bool):
                raise _wrong(name, text, path, f"enabled is true or false, not {value!r}")
            continue
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            raise _wrong(name, text, path, f"{key} is a finite number, not {value!r}")
        if key == "weight" and not 0.0 <= value <= 1.0:
            raise _wrong(name, text, path, f"weight is a share of the budget between 0 and 1, not {value!r}")
        stored["weights" if key == "weight" else "thresholds"][detector] = float(value)
    if table.get("enabled") is False:
        for key in ("weight", "threshold"):
            if table.get(key):
                raise _wrong(
                    name, text, ("detectors", detector, key), f"{key} has no meaning while enabled is false: remove one"
                )
        stored["thresholds"].pop(detector, None)
        stored["weights"][detector] = 0.0


def _fits(name: str, stored: Mapping[str, Any], detectors: Sequence[str], beside: str) -> None:
    known = {name: weight for name, weight in stored["weights"].items() if name in detectors}
    try:
        starting_weights(detectors, known, frozenset(stored["thresholds"]))
    except ValueError as error:
        raise TuningError(f"{name}: detectors.*.weight{beside}: {error}") from None


def _wrong(name: str, text: str, path: tuple[str, ...], what: str) -> TuningError:
    return TuningError(f"{name}, line {_line(text, path)}, {'.'.join(path)}: {what}")


def _line(text: str, path: tuple[str, ...]) -> int:
    """The line on which a key stands (that of its table, when the key is written in a way not foreseen here)."""
    here: tuple[str, ...] = ()
    best = (0, 1)
    for number, line in enumerate(text.splitlines(), 1):
        if header := re.match(r"\s*\[+\s*([^\]]+?)\s*\]+", line):
            here = _parts(header[1])
            found = here
        elif key := re.match(r"""\s*((?:[\w-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[\w-]+|"[^"]*"|'[^']*'))*)\s*=""", line):
            found = here + _parts(key[1])
        else:
            continue
        depth = next(
            (i for i, (a, b) in enumerate(zip(found, path, strict=False)) if a != b), min(len(found), len(path))
        )
        if depth > best[0]:
            best = depth, number
    return best[1]


def _parts(dotted: str) -> tuple[str, ...]:
    return tuple(part.strip().strip("\"'") for part in dotted.split("."))


__all__ = ["TuningError", "export_tuning", "import_tuning", "merged", "overrides_in_force", "parsed", "written"]

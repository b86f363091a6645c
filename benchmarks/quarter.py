"""A quarter of a fleet, with a fast clock and nobody looking: what happens to 50 tenants in 90 days.

    python -m benchmarks.quarter [--tenants 50] [--days 90] [--processes 2]

Every tenant is added with `auto` up to enforce, and from then on only the follower of live mail and the steward work:
every simulated day (or `--every` so many) one round of the one and one pass of the other. The document says what became
of the tenants, and counts what any person did (mailbox owners moving their own mail apart). Tenants share nothing but
the clock: with several processes each has a part of the fleet and a home of its own.
"""

from __future__ import annotations

import argparse
import json
import logging
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import chain
from pathlib import Path
from time import monotonic, process_time
from typing import Any

from benchmarks.quarter_mail import BENIGN, Organisation, Story, fleet
from onboarding import clock, frames
from onboarding.activate import activate
from onboarding.baseline import make_baseline
from onboarding.calibrate import make_calibration
from onboarding.connect import connect
from onboarding.database import audit, labels, tenants
from onboarding.database import fleet as overview
from onboarding.ingest import ingest, ingesting
from onboarding.live.watch import Watch
from onboarding.policy import AUTO
from onboarding.readiness import check_readiness
from onboarding.rehearse import rehearse
from onboarding.run import ONBOARD, running
from onboarding.settings import Settings
from onboarding.sources.registry import open_source
from onboarding.stage import Held
from onboarding.steward import Duty, look_after
from onboarding.workspace import Workspace, open_workspace

log = logging.getLogger(__name__)

ALPHA, DELTA = 0.01, 0.05
OURS = frozenset({"gatehouse", "mailbox owner", "quarter"})
HISTORY = 45


@dataclass(slots=True)
class Quarter:
    """What is written down while the days go by."""

    modes: list[dict[str, int]] = field(default_factory=list)
    """Tenants by mode (or `held`), a day each."""
    holds: list[dict[str, Any]] = field(default_factory=list)
    duties: Counter[str] = field(default_factory=Counter)
    recalibrations: Counter[str] = field(default_factory=Counter)
    promoted: int = 0
    alarms: list[dict[str, str]] = field(default_factory=list)
    failures: list[dict[str, str]] = field(default_factory=list)
    rounds_failed: int = 0
    changes: list[dict[str, str]] = field(default_factory=list)
    """Modes that changed by themselves."""


def stories(tenants: int, days: int, history: int = HISTORY) -> list[Story]:
    """Who is in the fleet: a fifth has an outage, a fifth a merger, a third a wave of attacks; some begin held."""
    found = []
    for number in range(tenants):
        outage = (history + days // 3, history + days // 3 + 2) if number % 5 == 1 else None
        if number % 10 == 3:
            outage = (history, history + 2)  # it does not answer when it is to be onboarded
        found.append(
            Story(
                seed=7_000 + number,
                history=6 if number % 10 == 7 else history,  # too little: time has to cure it
                days=days,
                outage=outage,
                merger=history + days // 2 if number % 5 == 2 else None,
                campaign=history + 2 * days // 3 if number % 3 == 0 else None,
            )
        )
    return found


def named(fleet_of: list[Story]) -> dict[str, Story]:
    """The tenants by name."""
    return {f"tenant-{number:02d}": story for number, story in enumerate(fleet_of)}


def simulate(workspace: Workspace, names: dict[str, Story], days: int, every: int = 1) -> dict[str, Any]:
    """Lives through the days; gives the document."""
    begun = process_time()
    quarter, moment = Quarter(), [next(iter(names.values())).moment(0)]
    with fleet(list(names.values())) as organisations, clock.use(lambda: moment[0]):
        for name, story in names.items():
            moment[0] = story.moment(story.history)
            _add(workspace, name, story)
            _onboard(workspace, name)
        moments = {name: story.moment(story.history) for name, story in names.items()}
        first = max(moments.values())
        watch = Watch(workspace, at_once=1)
        try:
            for day in range(every, days + 1, every):
                moment[0] = first + timedelta(days=day, hours=1)
                _day(workspace, watch, list(names), quarter, moment[0])
                log.info("day %d of %d", day, days)
        finally:
            watch.close()
        return _document(workspace, names, organisations, quarter) | {"cpu_seconds": round(process_time() - begun, 1)}


def _day(workspace: Workspace, watch: Watch, names: list[str], quarter: Quarter, now: datetime) -> None:
    before = _standing(workspace)
    for one in watch.round():
        quarter.rounds_failed += one["outcome"] == "failed"
    for name in names:
        for done in look_after(workspace, name, lambda tenant: _onboard(workspace, tenant)):
            if done.outcome == "nothing":
                continue
            quarter.duties[f"{done.duty}: {done.outcome}"] += 1
            if done.duty is Duty.RECALIBRATE:
                quarter.recalibrations[_kind(done.why)] += 1
                quarter.promoted += "is in force" in done.said
            if done.outcome == "failed":
                quarter.failures.append({"tenant": name, "duty": str(done.duty), "said": done.said})
    after = _standing(workspace)
    for name in names:
        (state, mode, reason), (was, was_mode, was_reason) = after[name], before[name]
        day = now.date().isoformat()
        # The same pass may calibrate again and lift the reason: the drop shows the alarm then.
        if (reason == "promise-broken" != was_reason) or (mode == "shadow" and was_mode in ("alert", "enforce")):
            quarter.alarms.append({"tenant": name, "day": day, "mode_before": was_mode})
        if mode != was_mode:
            quarter.changes.append({"tenant": name, "day": day, "from": was_mode, "to": mode})
        if state == "held":
            known = next((one for one in quarter.holds if one["tenant"] == name and not one["until"]), None)
            if known is None:
                quarter.holds.append({"tenant": name, "reason": reason, "seen": day, "until": None})
        elif was == "held":
            for one in quarter.holds:
                if one["tenant"] == name and not one["until"]:
                    one["until"] = day
            if not any(one["tenant"] == name for one in quarter.holds):
                quarter.holds.append({"tenant": name, "reason": was_reason, "seen": "at onboarding", "until": day})
    quarter.modes.append(dict(Counter("held" if state == "held" else mode for state, mode, _ in after.values())))


def _document(
    workspace: Workspace, names: dict[str, Story], organisations: dict[str, Organisation], quarter: Quarter
) -> dict[str, Any]:
    standing = _standing(workspace)
    counted = Counter[str]()
    people = Counter[str]()
    owners = 0
    broken = []
    for name, story in names.items():
        truth = organisations[story.uri].truth
        frame = frames.decisions(workspace, name)
        if len(frame):
            kind = frame["message_id"].map(lambda one, truth=truth: truth.get(one, BENIGN))
            benign = frame[(kind == BENIGN) & frame["received"] & ~frame["known_bad"]]
            campaigns = benign["campaign"].nunique()
            flagged = benign[benign["verdict"] == "attack"]["campaign"].nunique()
            attacks = frame[(kind != BENIGN) & ~frame["known_bad"]]
            counted["messages"] += len(frame)
            counted["benign campaigns"] += campaigns
            counted["benign campaigns flagged"] += flagged
            counted["attacks"] += len(attacks)
            counted["attacks flagged"] += int((attacks["verdict"] == "attack").sum())
            counted["attacks flagged or suspicious"] += int((attacks["verdict"] != "safe").sum())
            if campaigns and flagged / campaigns > ALPHA:
                broken.append({"tenant": name, "flagged": flagged, "campaigns": campaigns})
        with workspace.database.session(name) as session:
            owners += sum(one.actor == "mailbox owner" for one in labels.all_of(session, name))
            people.update(one.actor for one in audit.entries(session, name, limit=100_000) if one.actor not in OURS)
    return {
        "tenants": len(names),
        "looked": len(quarter.modes),
        "active": sum(state == "active" for state, _, _ in standing.values()),
        "modes": dict(Counter(mode for _, mode, _ in standing.values())),
        "modes_over_time": quarter.modes,
        "mode_changes": quarter.changes,
        "holds": quarter.holds,
        "still_held": {name: reason for name, (state, _, reason) in standing.items() if state == "held"},
        "duties": dict(sorted(quarter.duties.items())),
        "recalibrations": {"by_reason": dict(quarter.recalibrations), "put_in_force": quarter.promoted},
        "alarms": quarter.alarms,
        "rounds_that_failed": quarter.rounds_failed,
        "failures": quarter.failures[:50],
        "counted": dict(counted),
        "flag_rate": _flag_rate(counted, broken),
        "labels_by_owners": owners,
        "human_steps": sum(people.values()),
        "by_whom": dict(people),
    }


def _flag_rate(counted: Mapping[str, int], above: list[dict[str, Any]]) -> dict[str, Any]:
    flagged, campaigns = counted.get("benign campaigns flagged", 0), counted.get("benign campaigns", 0)
    return {"promised": ALPHA, "observed": flagged / max(campaigns, 1), "tenants_above": above}


def united(parts: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """One document of those of several parts of a fleet: numbers add up, lists follow each other, days stand together."""
    whole: dict[str, Any] = {}
    for key, value in parts[0].items():
        values = [part[key] for part in parts]
        if key == "looked":
            whole[key] = max(values)
        elif key == "modes_over_time":
            whole[key] = [dict(sum(map(Counter, days), Counter[str]())) for days in zip(*values, strict=True)]
        elif key == "recalibrations":
            reasons = sum((Counter(one["by_reason"]) for one in values), Counter[str]())
            whole[key] = {"by_reason": dict(reasons), "put_in_force": sum(one["put_in_force"] for one in values)}
        elif key == "flag_rate":
            above = [one for each in values for one in each["tenants_above"]]
            whole[key] = _flag_rate(whole["counted"], above)
        elif key == "still_held":
            whole[key] = {name: reason for one in values for name, reason in one.items()}
        elif isinstance(value, dict):
            whole[key] = dict(sum(map(Counter, values), Counter[str]()))
        else:
            whole[key] = list(chain.from_iterable(values)) if isinstance(value, list) else sum(values)
    return whole


def _standing(workspace: Workspace) -> dict[str, tuple[str, str, str]]:
    with workspace.database.fleet_session() as session:
        found = overview.overview(session)
    return {one.tenant: (str(one.state), str(one.mode), str(one.held_reason or "")) for one in found}


def _kind(why: str) -> str:
    for word, kind in (
        ("labels", "labels"),
        ("refuted", "promise"),
        ("stability", "drift"),
        ("never seen", "strangers"),
    ):
        if word in why:
            return kind
    return "gate" if "gate" in why else "month"


def _add(workspace: Workspace, name: str, story: Story) -> None:
    with workspace.database.transaction(name) as session:
        tenants.add(
            session,
            name,
            domains=list(open_source(story.uri).domains),  # type: ignore[attr-defined]
            source=story.uri,
            alpha=ALPHA,
            delta=DELTA,
            lookback_days=None,
            overrides={AUTO: "enforce"},
            actor="quarter",
        )


def _onboard(workspace: Workspace, name: str) -> None:
    """All steps in this process; a hold is where the tenant stands then."""
    try:
        with running(workspace, name, ONBOARD, actor="gatehouse") as token:
            sizes = connect(workspace, token)
            with ingesting(workspace, token):
                ingest(workspace, token, list(sizes))
            baseline = make_baseline(workspace, token)
            rehearse(workspace, token)
            calibration = make_calibration(workspace, token, baseline.version)
            readiness = check_readiness(workspace, token, calibration)
            activate(workspace, token, baseline.version, calibration.version, readiness)
    except Held:
        return


def _part(home: Path, names: dict[str, Story], days: int, every: int) -> dict[str, Any]:
    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    log.setLevel(logging.INFO)
    workspace = open_workspace(Settings(home=home, parse_workers=0, heartbeat_seconds=60))
    return simulate(workspace, names, days, every)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tenants", type=int, default=50)
    parser.add_argument("--days", type=int, default=90)
    parser.add_argument("--history", type=int, default=HISTORY)
    parser.add_argument("--every", type=int, default=1, help="days between two looks")
    parser.add_argument("--home", type=Path, default=None)
    parser.add_argument("--processes", type=int, default=1)
    given = parser.parse_args()
    begun, home = monotonic(), given.home or Path(tempfile.mkdtemp())
    every = list(named(stories(given.tenants, given.days, given.history)).items())
    with ProcessPoolExecutor(given.processes) as processes:
        working = [
            processes.submit(_part, home / str(at), dict(every[at :: given.processes]), given.days, given.every)
            for at in range(given.processes)
        ]
        found = united([one.result() for one in working])
    # A look a week is enough for the eye.
    found["modes_over_time"] = found["modes_over_time"][:: max(1, found["looked"] // 13)]
    print(json.dumps(found | {"seconds": round(monotonic() - begun)}, indent=1))


if __name__ == "__main__":
    main()

"""`gatehouse demo`: a made-up organisation is onboarded through the real flow, then attacked."""

from __future__ import annotations

import time
from collections import Counter
from typing import Any

import click

from onboarding.cli.console import document, json_option, say, speaks_plainly

TENANT = "demo"
SOURCE = "simulated:seed=7,mailboxes=20,days=120,rate=20"
LIVE_DAYS = 3
ATTACKS_A_KIND = 3


@click.command()
@json_option
@speaks_plainly
def demo(as_json: bool) -> None:
    """Onboards a simulated organisation end to end; prints where report, database and UI are."""
    from onboarding.cli.onboarding import tell
    from onboarding.orchestration import orchestrator
    from onboarding.report.write import report_path
    from onboarding.run import outcome
    from onboarding.sources.simulated.source import SimulatedSource
    from onboarding.workspace import open_workspace

    begun = time.monotonic()
    workspace = open_workspace()
    source = SimulatedSource(SOURCE)
    say(f"{source.name} ({source.domains[0]}), {len(source.people)} mailboxes, {source.options.days} days of mail")
    say("starting the Prefect server, some 20 s the first time")
    ui = orchestrator().start_server(workspace)
    say(f"Prefect UI: {ui}")
    _add(workspace, source)
    run = orchestrator().onboard(workspace, TENANT, None)
    result = outcome(workspace, TENANT, run)
    tell(result)
    attacked = _attack(workspace, source)
    say("")
    say(
        f"Then {LIVE_DAYS} days of new mail came in, with attacks hidden in it ({attacked['benign']:,} benign messages):"
    )
    for kind, counts in attacked["attacks"].items():
        say(f"  {kind:<26} {counts['flagged']} of {counts['sent']} flagged")
    say(
        f"  benign mail flagged        {attacked['benign_attack']} as attack, {attacked['benign_suspicious']} as suspicious"
    )
    for example in attacked["examples"]:
        say("")
        say(f"  {example['decision']} ({example['kind']}), tail probability {example['tail_probability']:.1g}:")
        for reason in example["reasons"][:4]:
            say(f"    - {reason}")
    places = {
        "report": str(report_path(workspace, TENANT)),
        "database": workspace.database.url.render_as_string(),
        "prefect_ui": ui,
    }
    say("")
    say(f"report      {places['report']}")
    say(f"database    {places['database']}")
    say(f"Prefect UI  {places['prefect_ui']}  (`gatehouse down` stops it)")
    seconds = round(time.monotonic() - begun, 1)
    say(f"{seconds:.0f} s in all. Next: `gatehouse status {TENANT}`, or your own mail: see README.md")
    if as_json:
        document({**result, "live": attacked, "places": places, "demo_seconds": seconds})


def _add(workspace: Any, source: Any) -> None:
    """Registers the tenant, unless an earlier demo did: then the flow goes on from there."""
    from onboarding.cli.tenants import actor
    from onboarding.database import tenants
    from onboarding.database.tenants import TenantError

    with workspace.database.transaction(TENANT) as session:
        try:
            tenants.get(session, TENANT)
        except TenantError:
            tenants.add(
                session,
                TENANT,
                domains=list(source.domains),
                source=source.uri,
                alpha=workspace.settings.alpha,
                delta=workspace.settings.delta,
                lookback_days=None,
                actor=actor(),
            )


def _attack(workspace: Any, source: Any) -> dict[str, Any]:
    """Some days of labelled new mail through the live path: what was flagged, by kind."""
    from onboarding.scoring import open_scorer, score_live

    sent: Counter[str] = Counter()
    flagged: Counter[str] = Counter()
    benign: Counter[str] = Counter()
    spam = 0
    examples: dict[str, dict[str, Any]] = {}
    for listed, result in score_live(open_scorer(workspace, TENANT), source.live(LIVE_DAYS, ATTACKS_A_KIND)):
        if not listed.label:
            spam += 1  # ordinary spam that lies in a junk folder already
        elif listed.label == "benign":
            benign[result["decision"]] += 1
        else:
            sent[listed.label] += 1
            flagged[listed.label] += result["decision"] != "safe"
            if result["decision"] == "attack":
                examples.setdefault(listed.label, result)
    return {
        "attacks": {kind: {"sent": sent[kind], "flagged": flagged[kind]} for kind in sorted(sent)},
        "benign": benign.total(),
        "spam": spam,
        "benign_attack": benign["attack"],
        "benign_suspicious": benign["suspicious"],
        "examples": list(examples.values())[:3],
    }

"""`gatehouse rehearse`: known kinds of attack against this tenant, and what would be caught of them today."""

from __future__ import annotations

from operator import attrgetter
from typing import Any

import click

from onboarding.cli.console import document, json_option, say, speaks_plainly


@click.command()
@click.argument("name")
@click.option(
    "--attacks",
    metavar="SOURCE-URI",
    help="Attacks of your own, such as eml:FOLDER, retargeted at the tenant; the first folder level names their kinds.",
)
@json_option
@speaks_plainly
def rehearse(name: str, attacks: str | None, as_json: bool) -> None:
    """Retargets attacks at a tenant's own people and partners and shows what its newest calibration catches.

    Nothing is sent, and nothing of an attack is kept but how many were caught.
    """
    from onboarding.database.rehearsals import RECIPES, summed
    from onboarding.history import open_history
    from onboarding.rehearse import newest_calibration, recall, rehearse_folder
    from onboarding.rehearse import rehearse as make_and_score
    from onboarding.run import REHEARSE, running
    from onboarding.sources.registry import open_source
    from onboarding.workspace import open_workspace

    workspace = open_workspace()
    source = open_source(attacks) if attacks else None
    calibration, version = newest_calibration(workspace, name)
    with running(workspace, name, REHEARSE, actor="gatehouse") as token:
        if source is not None:
            lines = rehearse_folder(workspace, token, source)
        else:
            make_and_score(workspace, token)
            lines = recall(workspace, token, open_history(workspace.layout(name)), calibration, version)
    by_kind = summed(lines, attrgetter("kind"))
    by_difficulty = summed(lines, attrgetter("difficulty"))
    if as_json:
        document(
            {
                "tenant": name,
                "calibration": version,
                "source": lines[0].source if lines else RECIPES,
                "kinds": by_kind,
                "difficulties": by_difficulty,
            }
        )
    say(f"{name}: calibration {version}")
    _tell("kind", by_kind)
    if len(by_difficulty) > 1:
        _tell("difficulty", by_difficulty)


def _tell(what: str, totals: dict[str, dict[str, Any]]) -> None:
    say(f"  {what:<26} {'sent':>5} {'caught':>7} {'suspicious':>11}   recall")
    for key, one in totals.items():
        share = f"{one['recall']:.0%} [{one['low']:.0%}, {one['high']:.0%}]"
        say(f"  {key:<26} {one['sent']:>5} {one['caught']:>7} {one['suspicious']:>11}   {share}")

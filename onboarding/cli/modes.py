"""`gatehouse activate` and `gatehouse deactivate`: what an onboarded tenant's decisions do."""

from __future__ import annotations

import click

from onboarding.cli.console import document, json_option, say, speaks_plainly
from onboarding.lifecycle import Mode


@click.command()
@click.argument("name")
@click.option("--mode", type=click.Choice([str(m) for m in Mode if m is not Mode.OFF]), required=True)
@click.option("--reason", default="asked for by command", help="For the audit log.")
@json_option
@speaks_plainly
def activate(name: str, mode: str, reason: str, as_json: bool) -> None:
    """Switches an onboarded tenant to a mode, if its readiness gates allow it."""
    _switch(name, Mode(mode), reason, as_json)


@click.command()
@click.argument("name")
@click.option("--reason", default="asked for by command", help="For the audit log.")
@json_option
@speaks_plainly
def deactivate(name: str, reason: str, as_json: bool) -> None:
    """Switches detection off; what was learned is kept."""
    _switch(name, Mode.OFF, reason, as_json)


def _switch(name: str, mode: Mode, reason: str, as_json: bool) -> None:
    from onboarding.activate import set_mode
    from onboarding.cli.tenants import actor
    from onboarding.workspace import open_workspace

    activation = set_mode(open_workspace(), name, mode, actor=actor(), reason=reason)
    if as_json:
        document(
            {
                "tenant": name,
                "mode": str(activation.mode),
                "activation": activation.version,
                "baseline": activation.baseline,
                "calibration": activation.calibration,
            }
        )
    say(f"{name}: mode {activation.mode}")

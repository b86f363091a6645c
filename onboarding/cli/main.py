"""The command `gatehouse` and its groups."""

from __future__ import annotations

import click

from onboarding.cli.calibrations import calibrate, calibrations
from onboarding.cli.catalogues import settings, signals
from onboarding.cli.console import Commands, log_to_people
from onboarding.cli.demo import demo
from onboarding.cli.detectors import detectors
from onboarding.cli.fleet import sweep
from onboarding.cli.live import metrics, steward
from onboarding.cli.machine import database, down, up
from onboarding.cli.model import model
from onboarding.cli.modes import activate, deactivate
from onboarding.cli.onboarding import onboard
from onboarding.cli.records import audit, corrections, feedback
from onboarding.cli.rehearse import rehearse
from onboarding.cli.scoring import replay, score
from onboarding.cli.serve import serve, token
from onboarding.cli.status import status
from onboarding.cli.tenants import source, tenant
from onboarding.cli.watch import release, watch


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="gatehouse")
@click.option("--verbose", is_flag=True, help="Say more of what is being done.")
def main(verbose: bool) -> None:
    """Takes a new customer from its mail to switched-on detection, and keeps the promise that goes with it."""
    log_to_people(verbose)


for command in (
    demo,
    tenant,
    source,
    onboard,
    sweep,
    status,
    calibrate,
    calibrations,
    rehearse,
    activate,
    deactivate,
    score,
    replay,
    feedback,
    corrections,
    metrics,
    steward,
    serve,
    token,
    watch,
    release,
    audit,
    signals,
    detectors,
    model,
    settings,
    database,
    up,
    down,
):
    main.add_command(command)

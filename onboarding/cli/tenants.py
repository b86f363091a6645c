"""`gatehouse tenant` and `gatehouse source`: who is onboarded, and from where."""

from __future__ import annotations

import getpass
import re
from typing import Any

import click

from onboarding.cli.console import Exit, document, fail, json_option, say, speaks_plainly


@click.group()
def tenant() -> None:
    """Add, change, list and remove tenants."""


@tenant.command("add")
@click.argument("name")
@click.option(
    "--domain", "domains", multiple=True, required=True, help="A domain of the tenant's own; may be repeated."
)
@click.option(
    "--source",
    "uri",
    required=True,
    help="Where its mail is: graph:, gmail:, jmap:, imap:, eml:, mbox:, maildir: or simulated: and what follows.",
)
@click.option(
    "--budget",
    type=click.FloatRange(0, 0.5, min_open=True, max_open=True),
    help="Share of benign mail that may be flagged, such as 1e-4.",
)
@click.option(
    "--delta",
    type=click.FloatRange(0, 0.5, min_open=True, max_open=True),
    help="One minus the confidence of the promise.",
)
@click.option("--lookback", help="How far back mail is read, such as 90d; by default as `gatehouse settings` says.")
@click.option("--tag", "tags", multiple=True, help="A tag for choosing tenants; may be repeated.")
@json_option
@speaks_plainly
def add(
    name: str,
    domains: tuple[str, ...],
    uri: str,
    budget: float | None,
    delta: float | None,
    lookback: str | None,
    tags: tuple[str, ...],
    as_json: bool,
) -> None:
    """Registers a tenant. Nothing is read yet."""
    from onboarding.database import tenants
    from onboarding.reach import FIXED
    from onboarding.workspace import open_workspace

    try:
        tenants.check_name(name)
    except tenants.TenantError as error:
        fail(str(error), Exit.USAGE)
    own = sorted({checked_domain(domain) for domain in domains})
    days = lookback_days(lookback) if lookback else None
    canonical = canonical_source(uri)
    workspace = open_workspace()
    settings = workspace.settings
    with workspace.database.transaction(name) as session:
        row = tenants.add(
            session,
            name,
            domains=own,
            source=canonical,
            alpha=budget if budget is not None else settings.alpha,
            delta=delta if delta is not None else settings.delta,
            lookback_days=days if days is not None else settings.lookback_days,
            tags=tags,
            overrides={FIXED: True} if days is not None else {},
            actor=actor(),
        )
    if as_json:
        from onboarding.shown import tenant_shown

        document(tenant_shown(row))
    say(f"tenant {name} added; `gatehouse onboard {name}` reads its mail and switches detection on")


@tenant.command("set")
@click.argument("name")
@click.option("--domain", "domains", multiple=True, help="Replaces the tenant's own domains; may be repeated.")
@click.option("--source", "uri", help="Replaces the source.")
@click.option(
    "--budget",
    type=click.FloatRange(0, 0.5, min_open=True, max_open=True),
    help="Share of benign mail that may be flagged.",
)
@click.option("--lookback", help="How far back mail is read, such as 400d, or `all`.")
@click.option(
    "--auto",
    type=click.Choice(["off", "alert", "enforce"]),
    help="Up to which mode it advances by itself once its gates and canary allow it.",
)
@click.option("--webhook", help="Where flagged mail is told to in alert and enforce: an https address, or `off`.")
@click.option("--read-again", is_flag=True, help="The next onboarding reads all mail anew, with the parser of now.")
@json_option
@speaks_plainly
def change(
    name: str,
    domains: tuple[str, ...],
    uri: str | None,
    budget: float | None,
    lookback: str | None,
    auto: str | None,
    webhook: str | None,
    read_again: bool,
    as_json: bool,
) -> None:
    """Changes a tenant. A change of domains, source or lookback makes the next onboarding read its mail anew."""
    from onboarding.registration import change_tenant
    from onboarding.workspace import open_workspace

    values: dict[str, Any] = {}
    if domains:
        values["domains"] = sorted({checked_domain(domain) for domain in domains})
    if uri is not None:
        values["source"] = canonical_source(uri)
    if budget is not None:
        values["alpha"] = budget
    if lookback is not None:
        values["lookback_days"] = None if lookback == "all" else lookback_days(lookback)
    if not values and auto is None and webhook is None and not read_again:
        options = "--domain, --source, --budget, --lookback, --auto, --webhook or --read-again"
        fail(f"nothing to change: name {options}", Exit.USAGE)
    address = "" if webhook in (None, "off") else checked_webhook(webhook)
    workspace = open_workspace()
    if auto is not None or lookback is not None or webhook is not None:
        values["overrides"] = _overrides(workspace, name, auto, lookback, None if webhook is None else address)
    row, again = change_tenant(workspace, name, actor=actor(), read_again=read_again, **values)
    if as_json:
        from onboarding.shown import tenant_shown

        document(tenant_shown(row))
    follow = f"`gatehouse onboard {name}` reads its mail anew" if again else f"`gatehouse calibrate {name}` applies it"
    say(f"tenant {name} changed; {follow}" if again or budget is not None else f"tenant {name} changed")
    if address and (lacking := _unsigned(workspace, name)):
        say(lacking)


def _unsigned(workspace: Any, name: str) -> str | None:
    """What is missing for signing the tenant's alerts; None when nothing is."""
    from onboarding import credentials

    secret = f"webhook-{name}"
    try:
        found = credentials.find(secret, workspace.settings) or credentials.find("webhook", workspace.settings)
    except credentials.SecretError as error:
        return str(error)
    if found is not None:
        return None
    return (
        f"alerts wait until there is a secret to sign them with: {credentials.where_to_put(secret, workspace.settings)}"
    )


def _overrides(
    workspace: Any, name: str, auto: str | None, lookback: str | None, webhook: str | None
) -> dict[str, Any]:
    """What a person has set for the tenant, with what is set now; an empty `webhook` is none."""
    from onboarding.database import tenants
    from onboarding.live.acting import WEBHOOK
    from onboarding.policy import AUTO
    from onboarding.reach import FIXED

    with workspace.database.session(name) as session:
        overrides = dict(tenants.get(session, name).overrides)
    if auto is not None:
        overrides |= {AUTO: auto}
        if auto == "off":
            del overrides[AUTO]
    if webhook is not None:
        overrides |= {WEBHOOK: webhook}
        if not webhook:
            del overrides[WEBHOOK]
    return overrides if lookback is None else overrides | {FIXED: True}


@tenant.command("list")
@json_option
@speaks_plainly
def list_tenants(as_json: bool) -> None:
    """Every tenant and where it stands."""
    from onboarding.cli.status import print_overviews
    from onboarding.overview import overviews
    from onboarding.workspace import open_workspace

    found = overviews(open_workspace())
    if as_json:
        document(found)
    else:
        print_overviews(found)


@tenant.command("remove")
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
@speaks_plainly
def remove(name: str, yes: bool, as_json: bool) -> None:
    """Deletes everything of a tenant, and shows that it is gone."""
    from onboarding.database import tenants
    from onboarding.registration import remove_tenant
    from onboarding.workspace import open_workspace

    workspace = open_workspace()
    with workspace.database.session(name) as session:
        tenants.get(session, name)
    if not yes:
        click.confirm(
            f"Delete all mail data, baselines, calibrations and records of tenant {name}?", abort=True, err=True
        )
    removed = remove_tenant(workspace, name, actor=actor())
    if as_json:
        document(removed)
    say(
        f"tenant {name} removed: {sum(removed['rows'].values()):,} database rows, {removed['files']:,} files; none is left"
    )


@click.group()
def source() -> None:
    """Look at a tenant's source."""


@source.command("check")
@click.argument("name")
@json_option
@speaks_plainly
def check(name: str, as_json: bool) -> None:
    """For each requirement of the source: granted or not (`without`: it is not needed), how that is known, what to do."""
    import sys

    from onboarding.database import tenants
    from onboarding.sources.registry import open_source
    from onboarding.workspace import open_workspace

    workspace = open_workspace()
    with workspace.database.session(name) as session:
        uri = tenants.get(session, name).source
    requirements = open_source(uri).check()
    if as_json:
        document(
            [
                {
                    "name": r.name,
                    "granted": r.granted,
                    "optional": r.optional,
                    "evidence": r.evidence,
                    "remedy": r.remedy,
                }
                for r in requirements
            ]
        )
    for requirement in requirements:
        word = "granted" if requirement.granted else "without" if requirement.optional else "MISSING"
        say(f"{word}  {requirement.name}: {requirement.evidence}")
        if not requirement.granted:
            say(f"         what helps: {requirement.remedy}")
    sys.exit(int(Exit.DONE if all(r.granted or r.optional for r in requirements) else Exit.HELD))


def canonical_source(uri: str) -> str:
    """A source URI as it is stored. Ends the command (usage) for one that cannot be read."""
    from onboarding.sources.base import SourceError
    from onboarding.sources.registry import open_source

    try:
        return open_source(uri).uri
    except SourceError as error:
        fail(str(error), Exit.USAGE)


def checked_domain(text: str) -> str:
    """A domain as it is stored. Ends the command (usage) for anything else."""
    from onboarding.database.tenants import TenantError
    from onboarding.registration import checked_domain as checked

    try:
        return checked(text)
    except TenantError as error:
        fail(f"--domain {error}", Exit.USAGE)


def checked_webhook(text: str) -> str:
    """A webhook's address as it is stored. Ends the command (usage) for one that alerts must not be sent to."""
    from onboarding.database.tenants import TenantError
    from onboarding.registration import checked_webhook as checked

    try:
        return checked(text)
    except TenantError as error:
        fail(f"--webhook: {error}", Exit.USAGE)


def lookback_days(text: str) -> int:
    """Days of `90d`, `13m` (months of 30.5 days) or `1y`. Ends the command (usage) for anything else."""
    found = re.fullmatch(r"([1-9][0-9]{0,4})([dmy]?)", text.strip().lower())
    if not found:
        fail(f"--lookback {text!r} is not a number of days; write it like 90d, 13m or 1y", Exit.USAGE)
    return round(int(found[1]) * {"d": 1, "": 1, "m": 30.5, "y": 365.25}[found[2]])


def actor() -> str:
    """Who is at the keyboard, for the audit log."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"

"""`gatehouse watch`: follows live mail of every active tenant. `gatehouse release`: takes back what was done."""

from __future__ import annotations

import signal
import threading
from typing import Any

import click

from onboarding.cli.console import document, fail, json_option, line, say, speaks_plainly


@click.command()
@click.argument("names", nargs=-1)
@click.option("--once", is_flag=True, help="One round, then end.")
@click.option(
    "--every", type=click.FloatRange(0.1, 3_600), default=10.0, show_default=True, help="Seconds between rounds."
)
@click.option("--at-once", type=click.IntRange(1, 64), default=4, show_default=True, help="Tenants side by side.")
@json_option
@speaks_plainly
def watch(names: tuple[str, ...], once: bool, every: float, at_once: int, as_json: bool) -> None:
    """Follows what is new at every active tenant's source (or those named): decides, records, learns, and acts by mode.

    With --json one object a tenant and round in which something happened. Ctrl-C or SIGTERM ends it after the message
    it is at; what came meanwhile is caught up next time.
    """
    from onboarding.database import tenants
    from onboarding.live.watch import Watch
    from onboarding.workspace import open_workspace

    workspace = open_workspace()
    for name in names:
        with workspace.database.session(name) as session:
            tenants.get(session, name)
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    following, failed = Watch(workspace, at_once=at_once), False
    found = 0
    try:
        while not stop.is_set():
            for one in following.round(names):
                found += 1
                failed |= one["outcome"] == "failed"
                _tell(one, as_json, always=once)
            if once:
                break
            stop.wait(every)
    finally:
        following.close()
    if once and not found and not as_json:
        say("no tenant is active: there is nothing to follow")
    if once and failed:
        fail("not every tenant could be followed")


def _tell(one: dict[str, Any], as_json: bool, *, always: bool) -> None:
    happened = one["outcome"] != "followed" or one["decided"] or one["carried_out"] or one["failed"]
    if not (happened or always):
        return
    if as_json:
        line(one)
    elif one["outcome"] == "followed":
        say(
            f"{one['tenant']}: {one['listed']:,} listed, {one['decided']:,} decided, {one['flagged']:,} flagged, "
            f"{one['carried_out']:,} actions carried out"
            + "".join(f"; {mailbox}: {error}" for mailbox, error in list(one["failed"].items())[:3])
        )
    else:
        say(f"{one['tenant']}: {one['outcome']}{': ' + one['error'] if 'error' in one else ''}")


@click.command()
@click.argument("name")
@click.argument("message_id")
@click.option("--reason", default="", help="For the audit log.")
@click.option(
    "--message", "messages", multiple=True, help="Which one, where several carry the Message-ID; may be repeated."
)
@json_option
@speaks_plainly
def release(name: str, message_id: str, reason: str, messages: tuple[str, ...], as_json: bool) -> None:
    """Moves a message back to where it was, calls off what was still planned, and labels it safe."""
    from onboarding.cli.tenants import actor
    from onboarding.live.release import release as take_back
    from onboarding.workspace import open_workspace

    done = take_back(open_workspace(), name, message_id, reason=reason, actor=actor(), messages=messages)
    if as_json:
        document(
            {"tenant": name, "message_id": message_id, "moved_back": done.moved_back, "called_off": done.called_off}
        )
    say(f"{name}: {message_id}: {done.moved_back} copies moved back, {done.called_off} planned actions called off")

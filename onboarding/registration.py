"""Changing and removing a tenant as a whole: database and files together."""

from __future__ import annotations

import re
from dataclasses import asdict
from typing import Any
from urllib.parse import urlsplit

from onboarding import store
from onboarding.database import mailboxes, runs, tenants
from onboarding.database.heartbeat import beating
from onboarding.database.tenants import Tenant, TenantError
from onboarding.fencing import fenced
from onboarding.lifecycle import RunState
from onboarding.workspace import Workspace

REREAD = {"domains", "source", "lookback_days"}
"""What decides which mail is read and how it becomes columns: a change of any makes what was read worthless."""


def change_tenant(
    workspace: Workspace, name: str, *, actor: str, read_again: bool = False, **values: Any
) -> tuple[Tenant, bool]:
    """Changes a tenant; gives it, and whether its mail has to be read anew. Raises TenantBusy while a run works on it.

    Parts already written stay on disk, unrecorded, until the next ingest sweeps them.
    """
    with workspace.database.transaction(name) as session:
        tenants.get(session, name)
        token = runs.begin(session, name, kind="change", actor=actor)
        before = {key: getattr(tenants.get(session, name), key) for key in values}
        row = tenants.change(session, name, actor=actor, **values)
        again = read_again or any(before[key] != values[key] for key in REREAD & values.keys())
        if again:
            mailboxes.restart(session, token)
        runs.finish(session, token, RunState.COMPLETED)
    return row, again


def remove_tenant(workspace: Workspace, name: str, *, actor: str) -> dict[str, Any]:
    """Deletes everything of a tenant: files first, so that a kill in between leaves a tenant that can be removed again.

    Raises TenantBusy while a run works on it, TenantError when there is no such tenant.
    """
    with workspace.database.transaction(name) as session:
        tenants.get(session, name)
        token = runs.begin(session, name, kind="remove", actor=actor)
    with beating(workspace.database, token, every=workspace.settings.heartbeat_seconds), fenced(workspace, token):
        files = store.remove_tenant(workspace.layout(name))
    with workspace.database.transaction(name) as session:
        runs.fence(session, token)
        rows = tenants.remove(session, name, actor=actor)
    return {"tenant": name, "rows": rows, **asdict(files), "left": {"rows": 0, "files": 0}}


def checked_webhook(text: str) -> str:
    """The address of a webhook as it is stored. Raises TenantError, saying why, for one that alerts must not be sent to.

    Alerts name people and their mail: they go over TLS, or stay on this machine.
    """
    url = text.strip()
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError as error:
        raise TenantError(f"{text!r} is not an address: {error}") from None
    if not url.isprintable() or not url.isascii() or " " in url or len(url) > 2_000:
        raise TenantError(f"{text!r} is not an address; write it like https://hooks.acme.example/gatehouse")
    if parts.scheme == "http" and host not in _LOOPBACK:
        raise TenantError(f"alerts would go to {host or text!r} unencrypted: use https (http is for this machine only)")
    if parts.scheme not in ("https", "http") or not host:
        raise TenantError(f"{text!r} is no web address; write it like https://hooks.acme.example/gatehouse")
    if parts.username is not None or parts.password is not None:
        raise TenantError("a webhook's address holds no user or password: alerts are signed with its secret instead")
    if parts.fragment:
        raise TenantError(f"what stands behind # in {text!r} is never sent: leave it out")
    return url


_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")


def checked_domain(text: str) -> str:
    """A domain of a tenant's own as it is stored: lower case, ASCII. Raises TenantError for anything else."""
    try:
        domain = text.strip().rstrip(".").lower().encode("idna").decode() if text.strip() else ""
    except UnicodeError:
        domain = ""
    labels = domain.split(".")
    if (
        len(labels) < 2
        or len(domain) > 253
        or not all(_LABEL.fullmatch(label) for label in labels)
        or labels[-1].isdigit()
    ):
        raise TenantError(f"{text!r} is not a domain name; write it like acme.com")
    return domain

"""Carrying out what was planned: telling the tenant's webhook, moving mail to junk. Done once, however often it is tried.

Webhooks are signed as `Gatehouse-Signature: t=SECONDS,v1=HEX`: HMAC-SHA256, with the secret called `webhook-TENANT` (or
`webhook`), over `SECONDS.BODY`. A receiver checks it, and that SECONDS is recent, and may get the same `id` twice when
its answer was lost.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
from collections.abc import Sequence

import httpx

from detection.keys import key_of
from detection.mail.message import Folder
from onboarding import clock, credentials
from onboarding.credentials import SecretError
from onboarding.database import actions, activations, audit, labels, tenants
from onboarding.database.actions import Action, ActionKind, ActionState
from onboarding.lifecycle import Mode
from onboarding.sources.base import Moves, Source, SourceError
from onboarding.workspace import Workspace

log = logging.getLogger(__name__)

WEBHOOK = "webhook"
"""Under which `Tenant.overrides` has the address that is told."""

TIMEOUT_SECONDS = 10.0


class ActingError(Exception):
    """An action could not be carried out this time. The message says why."""


class NoAnswerError(ActingError):
    """The webhook does not answer at all."""


def carry_out(workspace: Workspace, tenant: str, source: Source, client: httpx.Client) -> int:
    """Carries out what is due; gives how many were done. What fails is tried again later, and in the end given up."""
    with workspace.database.session(tenant) as session:
        waiting: Sequence[Action] = actions.due(session, tenant)
    done = 0
    silent: str | None = None
    for action in waiting:
        # Looked at anew for each: meanwhile a person may have released it, or switched the mode.
        with workspace.database.session(tenant) as session:
            row, current = tenants.get(session, tenant), activations.current(session, tenant)
            if actions.get(session, action).state is not ActionState.PLANNED:
                continue
            cleared = bool(labels.safe(session, tenant, [action.message_key]))
        mode, webhook = current.mode if current else Mode.OFF, row.overrides.get(WEBHOOK)
        if silent is not None and silent == webhook and action.kind is ActionKind.NOTIFY:
            # It did not answer just now: mail that is to be moved does not wait for it once more for each alert.
            continue
        if reason := "people said that it is safe" if cleared else _void(action, mode, webhook):
            with workspace.database.transaction(tenant) as session:
                actions.undone(session, action)
            log.info("%s: %s of %s is left undone: %s", tenant, action.kind, action.message_id, reason)
            continue
        try:
            moved = _move(source, action) if action.kind is ActionKind.MOVE else None
            if action.kind is ActionKind.NOTIFY:
                _notify(workspace, tenant, str(webhook), action, client)
        except (ActingError, SourceError, OSError) as error:
            silent = webhook if isinstance(error, NoAnswerError) else silent
            log.warning("%s: %s of %s failed: %s", tenant, action.kind, action.message_id, error)
            with workspace.database.transaction(tenant) as session:
                actions.failed(session, action, str(error))
            continue
        with workspace.database.transaction(tenant) as session:
            called_off = actions.get(session, action).state is not ActionState.PLANNED
            if not called_off:
                actions.done(session, action, moved)
            if moved is not None and not called_off:
                detail = {"message_id": action.message_id, "mailbox": action.mailbox, "activation": action.activation}
                audit.record(session, tenant, "gatehouse", "message-moved", detail)
        if called_off and moved is not None and isinstance(source, Moves):
            # A person released it in that moment: their word stands.
            source.move(action.mailbox, moved, Folder(action.folder))
        done += not called_off
    return done


def signature(secret: str, seconds: int, body: bytes) -> str:
    """The value of `Gatehouse-Signature`.

    >>> signature("secret", 1700000000, b"{}")[:24]
    't=1700000000,v1=b8569b78'
    """
    digest = hmac.new(secret.encode(), f"{seconds}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={seconds},v1={digest}"


def _void(action: Action, mode: Mode, webhook: str | None) -> str | None:
    """Why a planned action is not to be carried out any more; None when it is."""
    if action.kind is ActionKind.MOVE and mode is not Mode.ENFORCE:
        return f"the mode is {mode} now"
    if action.kind is ActionKind.NOTIFY and mode not in (Mode.ALERT, Mode.ENFORCE):
        return f"the mode is {mode} now"
    if action.kind is ActionKind.NOTIFY and not webhook:
        return "the tenant has no webhook"
    return None


def _move(source: Source, action: Action) -> str:
    if not isinstance(source, Moves):
        raise ActingError(f"mail of {source.uri} cannot be moved")
    return source.move(action.mailbox, action.path, Folder.JUNK)


def _notify(workspace: Workspace, tenant: str, url: str, action: Action, client: httpx.Client) -> None:
    body = json.dumps(
        {"id": _identity(action), "tenant": tenant, **action.document},
        sort_keys=True,
    ).encode()
    seconds = int(clock.now().timestamp())
    try:
        found = credentials.find(f"webhook-{tenant}", workspace.settings) or credentials.get(
            "webhook", workspace.settings
        )
        answer = client.post(
            url,
            content=body,
            headers={
                "Content-Type": "application/json",
                "Gatehouse-Signature": signature(found.reveal(), seconds, body),
            },
            timeout=TIMEOUT_SECONDS,
            follow_redirects=False,
        )
    except SecretError as error:
        raise ActingError(str(error)) from error
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise NoAnswerError(f"the webhook at {_host(url)} does not answer: {type(error).__name__}") from error
    if not answer.is_success:
        raise ActingError(f"the webhook at {_host(url)} answered {answer.status_code}")


def _identity(action: Action) -> str:
    """Names the alert: the same however often it is told, another for another copy of the mail."""
    return f"{action.tenant}-{action.message_key:016x}-{action.mailbox}-{key_of(action.path):016x}"


def _host(url: str) -> str:
    """What may be shown of a webhook's address: the path of many is their secret."""
    try:
        return httpx.URL(url).host or "?"
    except httpx.InvalidURL:
        return "?"

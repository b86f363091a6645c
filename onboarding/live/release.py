"""Taking back what was done with a message: it goes to where it was, and the person's word is kept as a label."""

from __future__ import annotations

from dataclasses import dataclass

from detection.mail.message import Folder
from onboarding.database import actions, audit, labels, tenants
from onboarding.database.actions import ActionKind, ActionState
from onboarding.database.labels import Verdict
from onboarding.feedback import UnknownMessageError
from onboarding.sources.base import Moves, SourceError
from onboarding.sources.registry import open_source
from onboarding.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Released:
    """What was taken back of one message."""

    moved_back: int
    """Copies that are where they were again."""
    called_off: int
    """Actions that had not been carried out and never will be."""


def release(workspace: Workspace, tenant: str, message_id: str, *, reason: str, actor: str) -> Released:
    """Takes back every action on the message and labels it safe. Doing it again changes nothing.

    Raises UnknownMessageError when nothing was done with such a message, SourceError when it cannot be moved back.
    """
    wanted = message_id.strip().removeprefix("<").removesuffix(">")
    with workspace.database.session(tenant) as session:
        uri = tenants.get(session, tenant).source
        found = actions.of_message(session, tenant, wanted)
    if not found:
        raise UnknownMessageError(f"nothing was done with a message {wanted} of tenant {tenant}")
    back = off = 0
    for action in found:
        path = None
        if action.kind is ActionKind.MOVE and action.state is ActionState.DONE:
            source = open_source(uri)
            if not isinstance(source, Moves):
                raise SourceError(f"mail of {uri} cannot be moved back")
            path = source.move(action.mailbox, action.moved_path or action.path, Folder(action.folder))
            back += 1
        elif action.state is ActionState.PLANNED:
            off += 1
        else:
            continue
        with workspace.database.transaction(tenant) as session:
            actions.undone(session, action, path)
            detail = {"message_id": wanted, "mailbox": action.mailbox, "kind": str(action.kind), "reason": reason}
            audit.record(session, tenant, actor, "message-released", detail)
    with workspace.database.transaction(tenant) as session:
        for key in sorted({action.message_key for action in found}):
            labels.label(session, tenant, key, wanted, Verdict.SAFE, reason=reason or "released", actor=actor)
    return Released(back, off)

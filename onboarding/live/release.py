"""Taking back what was done with a message: it goes to where it was, and the person's word is kept as a label."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from detection.mail.message import Folder
from onboarding.database import actions, audit, labels, tenants
from onboarding.database.actions import Action, ActionKind, ActionState
from onboarding.database.labels import Verdict
from onboarding.lookup import Carrier, UnknownMessageError, bare, meant
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


def release(
    workspace: Workspace, tenant: str, message_id: str, *, reason: str, actor: str, messages: Sequence[str] = ()
) -> Released:
    """Takes back every action on the message and labels it safe. Doing it again changes nothing.

    Where something was done with several messages of that Message-ID, `messages` names those that are meant
    (`lookup.Carrier.name`). Raises UnknownMessageError when nothing was done with such a message, AmbiguousMessageError
    when none of several is named, SourceError when a copy cannot be moved back: at the end, when the others are and the
    label is given.
    """
    wanted = bare(message_id)
    with workspace.database.session(tenant) as session:
        uri = tenants.get(session, tenant).source
        found = actions.of_message(session, tenant, wanted)
    if not found:
        raise UnknownMessageError(f"nothing was done with a message {wanted} of tenant {tenant}")
    keys = {one.key for one in meant(tenant, wanted, _touched(found), messages)}
    found = [action for action in found if action.message_key in keys]
    back = off = 0
    failed: SourceError | None = None
    for action in found:
        path = None
        if action.kind is ActionKind.MOVE and action.state is ActionState.DONE:
            source = open_source(uri)
            if not isinstance(source, Moves):
                raise SourceError(f"mail of {uri} cannot be moved back")
            try:
                path = source.move(action.mailbox, action.moved_path or action.path, Folder(action.folder))
            except SourceError as error:
                failed = failed or error
                continue
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
        for key in sorted(keys):
            labels.label(session, tenant, key, wanted, Verdict.SAFE, reason=reason or "released", actor=actor)
    if failed is not None:
        raise failed
    return Released(back, off)


def _touched(found: Sequence[Action]) -> list[Carrier]:
    """The messages that the actions are about."""
    about = {
        action.message_key: Carrier(
            key=action.message_key,
            sender=str(action.document.get("sender", "")),
            mailbox=action.mailbox,
            path=action.path,
            kinds=tuple(filter(None, (action.document.get("kind"),))),
        )
        for action in found
    }
    return sorted(about.values(), key=lambda one: one.key)

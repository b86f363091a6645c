"""The next baseline without reading history again: what was stored since is merged into the baseline in force.

The same version, to the byte, as a rebuild from the whole store would give, as long as none of what is new is another
copy of a mail that was learned already: such copies are left out, where a rebuild might let one of them stand for the mail
(outside junk, say) or add the recipients that only it shows. The next full build mends that.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from detection.baselines.snapshot import Snapshot, SnapshotError
from detection.engine import Engine
from detection.keys import NO_KEY, Keys
from detection.mail.batch import Bools, MessageBatch
from onboarding.activate import in_force
from onboarding.baseline import make_baseline
from onboarding.copies import place, unite_recipients, unnamed_recipients
from onboarding.database import activations, mailboxes
from onboarding.database.mailboxes import Part
from onboarding.database.runs import RunToken
from onboarding.judged import Judged, judged
from onboarding.layout import TenantLayout
from onboarding.learned import Learned, put_at_rest
from onboarding.lifecycle import Mode
from onboarding.live.recent import recent_since
from onboarding.made import learned_as, learned_parts
from onboarding.names import NamesFound
from onboarding.store import read_part
from onboarding.workspace import Workspace

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Refreshed:
    """What a refresh came to: versions before (None: there was none) and after, and the messages that are new in it."""

    before: int | None
    version: int
    messages: int
    rebuilt: bool
    """Everything was built anew, since what the version before had learned is not known, another engine learned it, or people
    said since that something in it should not (or should) have been learned."""
    held: bool = False
    """A person went back to this version: it stays as it is until another comes into force."""

    def __str__(self) -> str:
        if self.held:
            return f"baseline {self.version} was gone back to and stays"
        if self.rebuilt:
            return f"baseline {self.version}, built anew"
        if self.version == self.before:
            return f"baseline {self.version} has everything"
        return f"baseline {self.version}: {self.messages:,} messages merged into {self.before}"


def refresh_baseline(workspace: Workspace, token: RunToken) -> Refreshed:
    """Merges what was stored since the baseline in force was made into the next version, and puts that in force.

    The calibration and the mode stay. Live decisions do not change by it: snapshot and overlay already said the same
    together. Nothing new, or a person went back to it (a merge would bring back what they left): nothing happens. Raises
    Held when everything has to be built anew and cannot be learned from,
    StoreError for a part that is missing or broken, Fenced when the run was replaced.
    """
    tenant, layout = token.tenant, workspace.layout(token.tenant)
    found = in_force(workspace, tenant)
    before = found[1].version if found else None
    with workspace.database.session(tenant) as session:
        if before is not None and activations.held_by(activations.all_of(session, tenant)) is not None:
            log.info("%s: somebody went back to baseline %d; nothing is merged into it", tenant, before)
            return Refreshed(before, before, 0, rebuilt=False, held=True)
        stored = [part for part in mailboxes.parts(session, tenant) if part.file]
    known = learned_parts(layout, before) if before is not None else None
    snapshot = _opened(layout, before)
    names = {str(part.file) for part in stored}
    said = judged(workspace, tenant)
    if (
        before is None
        or known is None
        or snapshot is None
        or not known <= names
        or _unlearnt(layout, known, learned_as(layout, before), said)
    ):
        version = make_baseline(workspace, token).version
        _put_in_force(workspace, token, before, version)
        return Refreshed(before, version, 0, rebuilt=True)
    new = sorted(names - known)
    if not new:
        return Refreshed(before, before, 0, rebuilt=False)
    arrived = _arrived(layout, new, known)
    last = max([snapshot.last_time, *(part.last_time or 0 for part in stored)])
    learned = Learned(recent_since(last), snapshot.tables, NamesFound.read(layout.names(before)))
    learned.add(arrived, ~said.known_bad(arrived))
    learned.recent = [_recent(layout, stored, learned.since)]
    version = put_at_rest(workspace, token, learned, f"{before}+{len(arrived)}", names, said)
    _put_in_force(workspace, token, before, version)
    refreshed = Refreshed(before, version, len(arrived), rebuilt=False)
    log.info("%s: %s", tenant, refreshed)
    return refreshed


def _opened(layout: TenantLayout, version: int | None) -> Snapshot | None:
    """The baseline, when it is there and this engine can go on from it."""
    if version is None or not layout.names(version).exists():
        return None
    try:
        snapshot = Snapshot.open(layout.baseline(version))
    except SnapshotError:
        return None
    return snapshot if snapshot.metadata.get("engine") == Engine().version else None


def _arrived(layout: TenantLayout, new: Sequence[str], known: Iterable[str]) -> MessageBatch:
    """The mails of the new parts that no known part has, every mail once, in order of time."""
    table = pa.concat_tables([read_part(layout, name).replace_schema_metadata() for name in new])
    table = table.filter(pa.array(~_among(_keys(table), layout, known))).combine_chunks()
    texts = {name: table.column(name).cast(pa.large_string()).combine_chunks() for name in ("mailbox", "path")}
    times, folders = table.column("time").to_numpy(), table.column("folder").to_numpy()
    placement = place(_keys(table), times, folders, texts["mailbox"], texts["path"])
    standing, others = np.flatnonzero(placement.stands), np.flatnonzero(~placement.stands)
    mails = table.take(pa.array(standing[np.argsort(placement.rank[standing], kind="stable")])).combine_chunks()
    if len(others):
        mails = unite_recipients(
            mails, unnamed_recipients(table.take(pa.array(others)), placement.rank[others]), first_rank=0
        )
    return MessageBatch.from_arrow(mails)


def _among(keys: Keys, layout: TenantLayout, parts: Iterable[str]) -> Bools:
    """Which keys are those of a message in these parts."""
    found = np.zeros(len(keys), dtype=np.bool_)
    for name in sorted(parts):
        found |= np.isin(keys, _keys(read_part(layout, name, ["message_key"])))
    return np.asarray(found & (keys != NO_KEY), dtype=np.bool_)


def _unlearnt(layout: TenantLayout, parts: Iterable[str], then: Judged, now: Judged) -> bool:
    """Whether people say of a message in these parts now that it should (not) have been learned: what is in a baseline
    cannot be taken out of it."""
    changed = (then.attacks ^ now.attacks) | (then.safe ^ now.safe)
    if not changed:
        return False
    wanted = np.fromiter(changed, dtype=np.uint64, count=len(changed))
    for name in sorted(parts):
        table = read_part(layout, name, ["message_key", "folder"])
        keys, folders = _keys(table), table.column("folder").to_numpy()
        of_these = np.isin(keys, wanted)
        if (then.bad_in(folders, keys) != now.bad_in(folders, keys))[of_these].any():
            return True
    return False


def _recent(layout: TenantLayout, stored: Sequence[Part], since: int) -> Keys:
    """Keys of everything stored from `since` on."""
    found = [np.empty(0, dtype=np.uint64)]
    for part in stored:
        if part.last_time is not None and part.last_time >= since:
            table = read_part(layout, str(part.file), ["message_key", "time"])
            found.append(_keys(table)[table.column("time").to_numpy() >= since])
    return np.unique(np.concatenate(found))


def _keys(table: pa.Table) -> Keys:
    return np.asarray(table.column("message_key").to_numpy(), dtype=np.uint64)


def _put_in_force(workspace: Workspace, token: RunToken, before: int | None, version: int) -> None:
    """In place of the version before, unless something else came into force meanwhile or the calibration is of another
    engine."""
    with workspace.database.transaction(token.tenant) as session:
        now = activations.current(session, token.tenant)
        if now is None or now.mode is Mode.OFF or now.baseline != before or now.engine != Engine().version:
            return
        activations.activate(
            session,
            token.tenant,
            engine=now.engine,
            baseline=version,
            calibration=now.calibration,
            mode=now.mode,
            actor="gatehouse",
            reason="baseline refreshed",
            token=token,
        )

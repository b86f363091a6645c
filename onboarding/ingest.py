"""Step 2: every message of every mailbox is read, parsed and stored, or skipped with a reason; nothing twice.

A page's part is on disk before its record, its counts and the cursor behind it are committed in one transaction. Killed
anywhere, the next run reads on from the cursor and writes the same page again; a part that nobody recorded is swept when
a run begins (`fencing.sweep_leftovers`), and never by a worker: another of the same run may be about to record it.

Of an active tenant only older mail is read: what came since becomes history once it was decided on (`onboarding.live`).
"""

from __future__ import annotations

import contextvars
import logging
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import replace
from functools import partial

from detection.mail.batch import MessageBatch
from detection.mail.organisation import Organisation
from onboarding import clock, store
from onboarding.database import mailboxes, tenants
from onboarding.database.mailboxes import PageRecord
from onboarding.database.runs import Fenced, RunToken
from onboarding.lifecycle import MailboxState, Step, TenantState
from onboarding.live.fold import fold
from onboarding.live.left import LeftToWatch, left_to_watch
from onboarding.parsing import Belief, parse_page
from onboarding.reach import Reach, newest, reach_of
from onboarding.shards import deal
from onboarding.sources.base import CursorLostError, Page, ReadsManyAtOnce, Source, SourceError, read_pages
from onboarding.sources.registry import open_source
from onboarding.stage import Stage, full_disk_holds, stage
from onboarding.workspace import Workspace

log = logging.getLogger(__name__)

LOOK_EVERY_SECONDS = 2.0
LEAST_A_SHARD = 1_000
"""Messages below which a shard, a task run with all that Prefect keeps of it, costs more than it saves."""

Tell = Callable[[int, int | None], None]
"""Is told how many messages were listed so far, and how many are expected (None: not known)."""


@contextmanager
def ingesting(workspace: Workspace, token: RunToken, tell: Tell = lambda done, total: None) -> Iterator[Stage]:
    """The stage around the shards: while they work, progress is read off the accounting and told."""
    with stage(workspace, token, Step.INGEST, unit="messages") as current:
        with workspace.database.session(token.tenant) as session:
            active = tenants.get(session, token.tenant).state is TenantState.ACTIVE
        if active:
            fold(workspace, token)
        stop = threading.Event()
        watcher = threading.Thread(
            # In the context of the run, so that what it says is put to the run's log.
            target=contextvars.copy_context().run,
            args=(_watch, current, stop, tell),
            name="ingest progress",
            daemon=True,
        )
        watcher.start()
        try:
            yield current
        finally:
            stop.set()
            watcher.join()
        with workspace.database.session(token.tenant) as session:
            totals = mailboxes.totals(session, token.tenant)
        current.progress(totals.listed, totals.listed)
        current.summary |= {"listed": totals.listed, "mailboxes": totals.ingested, "failed": totals.failed}


def _watch(current: Stage, stop: threading.Event, tell: Tell) -> None:
    tenant, told = current.token.tenant, 0
    while not stop.wait(LOOK_EVERY_SECONDS):
        with current.workspace.database.session(tenant) as session:
            known = mailboxes.all_of(session, tenant)
        listed = sum(one.listed for one in known)
        total = sum(max(one.estimate or 0, one.listed) for one in known) if all(one.estimate for one in known) else None
        try:
            current.progress(listed, total)
        except Fenced:
            return
        if listed == told:
            continue
        told = listed
        log.info("%s: %s messages read%s", tenant, f"{listed:,}", f" of about {total:,}" if total else "")
        tell(listed, total)


def shards(workspace: Workspace, tenant: str, sizes: Mapping[str, int | None]) -> list[list[str]]:
    """A tenant's mailboxes dealt into groups to be ingested side by side.

    Of a source over the network as many groups as are worked on at once: within a group its mailboxes are read side by
    side, and a group that had to wait for another would wait for that one's slowest mailbox.
    """
    settings = workspace.settings
    with workspace.database.session(tenant) as session:
        uri = tenants.get(session, tenant).source
    side_by_side = isinstance(open_source(uri), ReadsManyAtOnce)
    at_once = min(settings.workers, settings.parse_workers or settings.workers)
    return deal(list(sizes), sizes, at_once if side_by_side else min(settings.shards, _worth(sizes)))


def _worth(sizes: Mapping[str, int | None]) -> int:
    """So many groups are worth their task runs; as many as there are mailboxes while their sizes are not known."""
    known = [size for size in sizes.values() if size is not None]
    return -(-max(sum(known), 1) // LEAST_A_SHARD) if len(known) == len(sizes) else len(sizes)


def ingest(
    workspace: Workspace, token: RunToken, names: Sequence[str], early: bool = False, left: LeftToWatch | None = None
) -> int:
    """Reads mailboxes to their ends, or as far back as is asked for now (`onboarding.reach`; `early`: the newest days
    alone); gives how many messages were listed.

    `left` is what is left of an active tenant's mail; a worker that has the home at hand finds it out by itself.
    A mailbox that cannot be read ends as failed, with its reason, and the others go on. Raises Fenced when the run has
    been replaced, Held when the disk is full.
    """
    with workspace.database.session(token.tenant) as session:
        tenant = tenants.get(session, token.tenant)
    organisation = Organisation(frozenset(tenant.domains))
    stop = threading.Event()

    at_once, source = 1, None
    try:
        source = open_source(tenant.source)
    except SourceError as error:
        for name in names:
            _fail(workspace, token, name, error)
        return 0
    reach = reach_of(tenant, source, workspace.settings.early_days if early else 0)
    belief = Belief(now=int(clock.now().timestamp()), since=reach.since)
    left = left or left_to_watch(workspace, token.tenant)

    def read(source: Source, name: str) -> int:
        return 0 if stop.is_set() else _read(workspace, token, source, name, organisation, belief, reach, left)

    if isinstance(source, ReadsManyAtOnce):
        at_once = min(source.mailboxes_at_once, len(names))
    if at_once <= 1:
        return sum(read(source, name) for name in names)
    # Over the network a mailbox mostly waits: a slow one must not hold up those behind it.
    readers = ThreadPoolExecutor(at_once, thread_name_prefix="mailbox")
    try:
        listed = sum(
            done.result()
            for done in as_completed(
                # Each in the context of the run, so that what it logs is the run's.
                [readers.submit(contextvars.copy_context().run, read, source, name) for name in names]
            )
        )
        readers.shutdown()
        return listed
    finally:
        stop.set()
        readers.shutdown(wait=False, cancel_futures=True)


def _read(
    workspace: Workspace,
    token: RunToken,
    source: Source,
    name: str,
    organisation: Organisation,
    belief: Belief,
    reach: Reach,
    left: LeftToWatch | None,
) -> int:
    """One mailbox to its end, or to the reason for which it failed."""
    try:
        with full_disk_holds(token.tenant, workspace.home):
            try:
                return _ingest_mailbox(workspace, token, source, name, organisation, belief, reach, left)
            except CursorLostError as lost:
                log.info("%s: %s", token.tenant, lost)
                with workspace.database.transaction(token.tenant) as session:
                    mailboxes.reread(session, token, name)
                return _ingest_mailbox(workspace, token, source, name, organisation, belief, reach, left)
    except (SourceError, OSError) as error:
        _fail(workspace, token, name, error)
        return 0


def _fail(workspace: Workspace, token: RunToken, name: str, error: Exception) -> None:
    log.warning("%s: mailbox %s cannot be read: %s", token.tenant, name, error)
    with workspace.database.transaction(token.tenant) as session:
        mailboxes.fail(session, token, name, str(error))


def _ingest_mailbox(
    workspace: Workspace,
    token: RunToken,
    source: Source,
    name: str,
    organisation: Organisation,
    belief: Belief,
    reach: Reach,
    left: LeftToWatch | None,
) -> int:
    database = workspace.database
    with database.session(token.tenant) as session:
        mailbox = mailboxes.get(session, token.tenant, name)
        last = mailboxes.last_time(session, token.tenant, name)
    if left is not None and mailbox.state is MailboxState.INGESTED:
        return 0
    sequence, listed = mailbox.pages, 0
    since, until = reach.since, reach.until
    if mailbox.reached is not None and reach.early is not None:
        # Also one that failed or was stopped while it was read on: its newest mail is in, and it goes on in the next round.
        database.write(token.tenant, partial(mailboxes.pause, token=token, name=name, reached=mailbox.reached))
        return 0
    if until is not None and mailbox.reached is not None and mailbox.reached <= until:
        if left is not None:
            # Behind it there is only what came since.
            database.write(token.tenant, partial(mailboxes.pause, token=token, name=name, reached=mailbox.reached))
            return 0
        since, until = mailbox.reached, None
    for page in read_pages(source, name, mailbox.cursor, since):
        record = _store_page(workspace, token, name, sequence, page, organisation, belief, left)
        if not database.write(token.tenant, partial(mailboxes.record_page, token=token, page=record)):
            with database.session(token.tenant) as session:
                cursor = mailboxes.get(session, token.tenant, name).cursor
            if cursor != record.cursor:
                log.info("%s: mailbox %s is read by another worker too: going on behind it", token.tenant, name)
                return listed + _ingest_mailbox(workspace, token, source, name, organisation, belief, reach, left)
            # It was this worker's own: kept, although the connection broke before the database said so.
        sequence += 1
        listed += record.listed
        here = newest(page)
        if until is None or here is None:
            continue
        last = max(last or here, here)
        enough = replace(reach, until=until).enough(last)
        if enough is not None and here < enough:
            database.write(token.tenant, partial(mailboxes.pause, token=token, name=name, reached=here))
            log.info("%s: mailbox %s read back far enough for now, %d messages in this run", token.tenant, name, listed)
            return listed
    database.write(token.tenant, partial(mailboxes.finish, token=token, name=name))
    log.info("%s: mailbox %s read, %d messages in this run", token.tenant, name, listed)
    return listed


def _store_page(
    workspace: Workspace,
    token: RunToken,
    name: str,
    sequence: int,
    page: Page,
    organisation: Organisation,
    belief: Belief,
    left: LeftToWatch | None,
) -> PageRecord:
    parsed = parse_page(page, name, organisation, belief)
    if left is not None:
        parsed = left.without(parsed)
    record = PageRecord(
        mailbox=name,
        sequence=sequence,
        cursor=page.cursor,
        listed=len(page.messages),
        written=len(parsed.rows),
        skipped={str(reason): count for reason, count in parsed.skipped.items()},
    )
    if not parsed.rows:
        return record
    batch = MessageBatch.from_rows(parsed.rows)
    part = store.write_part(workspace.layout(token.tenant), name, sequence, batch)
    return replace(record, file=part.name, sha256=part.sha256, first_time=part.first_time, last_time=part.last_time)

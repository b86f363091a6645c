"""Mailboxes of a tenant and the accounting of what was read from them.

Every message that the source lists is written to a part, or skipped with a reason; of those written, some are
duplicates of others. So always: listed = stored + duplicates + skipped, where stored = written - duplicates.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, case, delete, func, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from onboarding import clock
from onboarding.database.rows import OfTenant, Row
from onboarding.database.runs import RunToken, fence
from onboarding.layout import LIVE
from onboarding.lifecycle import MailboxState


class Mailbox(OfTenant, Row):
    """One mailbox, how far it has been read, and the sums over its parts."""

    __tablename__ = "mailboxes"
    __table_args__ = (
        CheckConstraint("listed = written + skipped", name="accounted"),
        CheckConstraint("duplicates BETWEEN 0 AND written", name="duplicates"),
    )

    name: Mapped[str] = mapped_column(primary_key=True)
    state: Mapped[MailboxState]
    reason: Mapped[str | None]
    """Why it failed."""
    cursor: Mapped[str | None]
    """Reading goes on after this; None: from the start."""
    pages: Mapped[int]
    """Pages recorded; the sequence number of the next."""
    listed: Mapped[int]
    written: Mapped[int]
    duplicates: Mapped[int]
    skipped: Mapped[int]
    reached: Mapped[int | None]
    """How far back reading had come when it paused last, seconds since the epoch; None: it has not, or it is at its end."""
    estimate: Mapped[int | None]
    """Messages in it, when the source knows."""
    started_at: Mapped[datetime | None]
    updated_at: Mapped[datetime]

    @property
    def stored(self) -> int:
        """Messages written that are not duplicates."""
        return self.written - self.duplicates


class Part(OfTenant, Row):
    """One page of a mailbox as recorded: what it listed, and the file of the message store that holds its rows."""

    __tablename__ = "parts"
    __table_args__ = (
        ForeignKeyConstraint(["tenant", "mailbox"], ["mailboxes.tenant", "mailboxes.name"], ondelete="CASCADE"),
        CheckConstraint("listed = written + skipped", name="accounted"),
    )

    mailbox: Mapped[str] = mapped_column(primary_key=True)
    sequence: Mapped[int] = mapped_column(primary_key=True)
    """0 for the first page of the mailbox, without gaps."""
    file: Mapped[str | None]
    """Name in the message store; None when no message of the page was written."""
    sha256: Mapped[str | None]
    """Of the file, in hexadecimal."""
    listed: Mapped[int]
    written: Mapped[int]
    skipped: Mapped[int]
    first_time: Mapped[int | None]
    """Earliest message, seconds since the epoch."""
    last_time: Mapped[int | None]
    cursor: Mapped[str]
    """The cursor behind the page."""
    token: Mapped[int]
    """Fencing number of the run that recorded it."""
    recorded_at: Mapped[datetime]


class Skipped(OfTenant, Row):
    """How many messages of a mailbox were skipped for one reason."""

    __tablename__ = "skips"
    __table_args__ = (
        ForeignKeyConstraint(["tenant", "mailbox"], ["mailboxes.tenant", "mailboxes.name"], ondelete="CASCADE"),
    )

    mailbox: Mapped[str] = mapped_column(primary_key=True)
    reason: Mapped[str] = mapped_column(primary_key=True)
    count: Mapped[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class PageRecord:
    """What became of one page of a mailbox."""

    mailbox: str
    sequence: int
    cursor: str
    listed: int
    written: int
    skipped: Mapping[str, int] = field(default_factory=dict)
    file: str | None = None
    sha256: str | None = None
    first_time: int | None = None
    last_time: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """The accounting of a tenant. `listed == stored + duplicates + sum(skipped.values())`."""

    listed: int
    stored: int
    duplicates: int
    skipped: Mapping[str, int]
    discovered: int
    """Mailboxes known."""
    ingested: int
    """Read to their end, or as far back as was asked (`paused` of them)."""
    failed: int
    first_time: int | None
    last_time: int | None
    paused: int = 0


READ = (MailboxState.INGESTED, MailboxState.PAUSED)
"""Nothing more of a mailbox was asked for."""


class AccountingError(Exception):
    """A page cannot be recorded as given. The message says of which mailbox and why."""


def discover(session: Session, token: RunToken, found: Iterable[tuple[str, int | None]]) -> int:
    """Notes the mailboxes that the source lists, with estimates; gives how many are new.

    Known ones keep their progress; one that had failed is to be read again.
    """
    fence(session, token)
    known = {mailbox.name: mailbox for mailbox in all_of(session, token.tenant)}
    at, new = clock.now(), 0
    for name, estimate in found:
        mailbox = known.get(name)
        if mailbox is None:
            known[name] = mailbox = Mailbox(
                tenant=token.tenant,
                name=name,
                state=MailboxState.PENDING,
                pages=0,
                listed=0,
                written=0,
                duplicates=0,
                skipped=0,
                updated_at=at,
            )
            session.add(mailbox)
            new += 1
        mailbox.estimate = estimate
        if mailbox.state is MailboxState.FAILED:
            mailbox.state, mailbox.reason, mailbox.updated_at = MailboxState.PENDING, None, at
    session.flush()
    return new


def get(session: Session, tenant: str, name: str) -> Mailbox:
    """One mailbox, as it is now. Raises AccountingError when the tenant has none of that name."""
    mailbox = session.scalar(select(Mailbox).where(Mailbox.tenant == tenant, Mailbox.name == name))
    if mailbox is None:
        raise AccountingError(f"tenant {tenant} has no mailbox {name}")
    return mailbox


def all_of(session: Session, tenant: str) -> Sequence[Mailbox]:
    """Every mailbox of a tenant, by name."""
    return session.scalars(select(Mailbox).where(Mailbox.tenant == tenant).order_by(Mailbox.name)).all()


def record_page(session: Session, token: RunToken, page: PageRecord) -> bool:
    """Records a page, its sums and the cursor behind it; False when a page of that number is recorded already.

    False means that another worker was faster, or that this one's commit had gone through unnoticed: read the
    mailbox again and go on from its cursor. Raises Fenced when the run has been replaced, and AccountingError when
    the page does not add up or does not follow the last one.
    """
    fence(session, token)
    skipped = sum(page.skipped.values())
    if page.listed != page.written + skipped or page.written < 0 or min(page.skipped.values(), default=1) < 1:
        raise AccountingError(
            f"page {page.sequence} of mailbox {page.mailbox} does not add up: {page.listed} listed, "
            f"{page.written} written, {skipped} skipped"
        )
    mailbox = session.scalar(
        select(Mailbox)
        .where(Mailbox.tenant == token.tenant, Mailbox.name == page.mailbox)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if mailbox is None:
        raise AccountingError(
            f"tenant {token.tenant} has no mailbox {page.mailbox}: discover it before recording pages of it"
        )
    if page.sequence < mailbox.pages:
        return False
    if page.sequence > mailbox.pages:
        raise AccountingError(
            f"page {page.sequence} of mailbox {page.mailbox} cannot be recorded: page {mailbox.pages} is next"
        )
    at = clock.now()
    session.add(
        Part(
            tenant=token.tenant,
            mailbox=page.mailbox,
            sequence=page.sequence,
            file=page.file,
            sha256=page.sha256,
            listed=page.listed,
            written=page.written,
            skipped=skipped,
            first_time=page.first_time,
            last_time=page.last_time,
            cursor=page.cursor,
            token=token.number,
            recorded_at=at,
        )
    )
    for reason, count in page.skipped.items():
        row = session.scalar(
            select(Skipped).where(
                Skipped.tenant == token.tenant, Skipped.mailbox == page.mailbox, Skipped.reason == str(reason)
            )
        )
        if row is None:
            session.add(Skipped(tenant=token.tenant, mailbox=page.mailbox, reason=str(reason), count=count))
        else:
            row.count += count
    mailbox.state, mailbox.reason = MailboxState.INGESTING, None
    mailbox.started_at = mailbox.started_at or at
    mailbox.cursor, mailbox.pages, mailbox.updated_at = page.cursor, page.sequence + 1, at
    mailbox.listed += page.listed
    mailbox.written += page.written
    mailbox.skipped += skipped
    session.flush()
    return True


def finish(session: Session, token: RunToken, name: str) -> None:
    """The mailbox has been read to its end."""
    _settle(session, token, name, MailboxState.INGESTED, None)


def pause(session: Session, token: RunToken, name: str, reached: int) -> None:
    """The mailbox has been read back to a time (seconds since the epoch), which is enough for now."""
    _settle(session, token, name, MailboxState.PAUSED, None, reached)


def fail(session: Session, token: RunToken, name: str, reason: str) -> None:
    """The mailbox cannot be read further, and why."""
    _settle(session, token, name, MailboxState.FAILED, reason, get(session, token.tenant, name).reached)


def record_duplicates(session: Session, token: RunToken, counts: Mapping[str, int]) -> None:
    """Sets how many written messages of each mailbox are duplicates, in place of what was set before (others: none)."""
    fence(session, token)
    counted = {name: n for name, n in counts.items() if n}
    known = {mailbox.name: mailbox for mailbox in all_of(session, token.tenant)}
    if unknown := sorted(counted.keys() - known.keys()):
        raise AccountingError(f"tenant {token.tenant} has no mailbox {unknown[0]}")
    for name, mailbox in known.items():
        if not 0 <= counted.get(name, 0) <= mailbox.written:
            raise AccountingError(
                f"mailbox {name} cannot have {counted[name]} duplicates: {mailbox.written} messages were written"
            )
        mailbox.duplicates = counted.get(name, 0)
    session.flush()


def restart(session: Session, token: RunToken) -> None:
    """Forgets all mailboxes and what was read from them: the next ingest begins at the beginning.

    What was decided on live stays: no source need have it any more, and none says what it was judged.
    """
    fence(session, token)
    session.execute(delete(Mailbox).where(Mailbox.tenant == token.tenant, Mailbox.name != LIVE))


def reread(session: Session, token: RunToken, name: str) -> None:
    """Forgets what was read from one mailbox, which is then read from its start."""
    fence(session, token)
    estimate = get(session, token.tenant, name).estimate
    session.execute(delete(Mailbox).where(Mailbox.tenant == token.tenant, Mailbox.name == name))
    session.expire_all()
    discover(session, token, [(name, estimate)])


def cut_off(session: Session, tenant: str, reason: str) -> Sequence[str]:
    """Mailboxes of which a message was skipped for this reason, by name."""
    chosen = select(Skipped.mailbox).where(Skipped.tenant == tenant, Skipped.reason == reason).order_by(Skipped.mailbox)
    return session.scalars(chosen).all()


def parts(session: Session, tenant: str, mailbox: str | None = None) -> Sequence[Part]:
    """The parts of a tenant, or of one mailbox, by mailbox and sequence."""
    chosen = select(Part).where(Part.tenant == tenant).order_by(Part.mailbox, Part.sequence)
    return session.scalars(chosen if mailbox is None else chosen.where(Part.mailbox == mailbox)).all()


def last_time(session: Session, tenant: str, mailbox: str) -> int | None:
    """When the newest message that was stored of a mailbox came, seconds since the epoch; None: none was."""
    return session.scalar(select(func.max(Part.last_time)).where(Part.tenant == tenant, Part.mailbox == mailbox))


def totals(session: Session, tenant: str) -> Totals:
    """The accounting over all mailboxes of a tenant."""
    listed, written, duplicates, discovered, ingested, paused, failed = session.execute(
        select(
            func.coalesce(func.sum(Mailbox.listed), 0),
            func.coalesce(func.sum(Mailbox.written), 0),
            func.coalesce(func.sum(Mailbox.duplicates), 0),
            func.count(),
            func.coalesce(func.sum(case((Mailbox.state.in_(READ), 1), else_=0)), 0),
            func.coalesce(func.sum(case((Mailbox.state == MailboxState.PAUSED, 1), else_=0)), 0),
            func.coalesce(func.sum(case((Mailbox.state == MailboxState.FAILED, 1), else_=0)), 0),
        ).where(Mailbox.tenant == tenant)
    ).one()
    skipped = session.execute(
        select(Skipped.reason, func.sum(Skipped.count))
        .where(Skipped.tenant == tenant)
        .group_by(Skipped.reason)
        .order_by(Skipped.reason)
    ).all()
    first, last = session.execute(
        select(func.min(Part.first_time), func.max(Part.last_time)).where(Part.tenant == tenant)
    ).one()
    # PostgreSQL sums bigint to numeric, which arrives as Decimal.
    return Totals(
        listed=int(listed),
        stored=int(written) - int(duplicates),
        duplicates=int(duplicates),
        skipped={reason: int(count) for reason, count in skipped},
        discovered=int(discovered),
        ingested=int(ingested),
        failed=int(failed),
        first_time=first,
        last_time=last,
        paused=int(paused),
    )


def _settle(
    session: Session, token: RunToken, name: str, state: MailboxState, reason: str | None, reached: int | None = None
) -> None:
    fence(session, token)
    found = session.execute(
        update(Mailbox)
        .where(Mailbox.tenant == token.tenant, Mailbox.name == name)
        .values(state=state, reason=reason, reached=reached, updated_at=clock.now())
        .returning(Mailbox.name)
    ).scalar()
    if found is None:
        raise AccountingError(f"tenant {token.tenant} has no mailbox {name}")

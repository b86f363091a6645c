"""Reading one account: its history from the newest mail back, then what was put there since, by `Email/changes`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from detection.mail.message import Skip, SkipReason
from onboarding.sources.base import Listed, Page
from onboarding.sources.jmap import cursor as cursors
from onboarding.sources.jmap.content import Reader, grouped
from onboarding.sources.jmap.cursor import History, New
from onboarding.sources.jmap.listing import Changed, Entry, Lister

SETTLING_SECONDS = 300
"""How far behind now the moment lies from which a lost state is made up for: clocks differ, deliveries take a while."""

MOST_DRAFTS = 5_000


@dataclass(frozen=True, slots=True)
class MailboxReading:
    """One account being read."""

    lister: Lister
    reader: Reader

    def pages(self, cursor: str | None, since: int | None) -> Iterator[Page]:
        """The pages behind a cursor. Raises ProviderError, CursorLostError."""
        if cursor:
            state = cursors.read(cursor, self.reader.calls.mailbox)
        else:
            # The state first: what comes between the two is created since.
            known = self.lister.state()
            state = History(self._now() + 1, known)
        moved = False
        if isinstance(state, History):
            for page, after in self._history(state, since):
                state = after
                yield page
            if isinstance(state, History):
                state = _after(state)
            moved = True
        for page, after in self._new(state):
            state, moved = after, False
            yield page
        if moved:
            yield Page((), state.text())

    def _now(self) -> int:
        return int(self.lister.calls.client.time_there())

    # History

    def _history(self, state: History, since: int | None) -> Iterator[tuple[Page, History | New]]:
        while fresh := self._before(state, since):
            later = self.lister.created_since(state.state)
            for group in grouped(fresh):
                at = group[-1].received
                done = frozenset(entry.mark for entry in group if entry.received == at)
                drafts = state.drafts | {entry.mark for entry in group if not self._is_mail(entry)}
                state = replace(
                    state,
                    at=at,
                    done=done | (state.done if at == state.at else frozenset()),
                    drafts=frozenset(sorted(drafts)[:MOST_DRAFTS]),
                )
                # What was put there since reading began belongs to what is new.
                ours = [
                    entry
                    for entry in group
                    if self._is_mail(entry)
                    and (entry.received < state.start if later is None else entry.id not in later)
                ]
                settling = {entry.mark: entry.received for entry in ours if entry.received >= _base(state)}
                state = replace(state, seen={**state.seen, **settling})
                yield Page(self.reader.read(ours), state.text()), state
        if since is not None and (older := self._any_older(since)):
            after = _after(state)
            yield Page((older,), after.text()), after

    def _before(self, state: History, since: int | None) -> list[Entry]:
        """The next messages of history, the newest first; none at its end."""
        # From the very newest: clocks of senders and servers differ, and some mail is dated into the future.
        before = None if state.at is None else state.at + 1
        for entries in self.lister.newest_first(since, before):
            fresh = {
                entry.id: entry
                for entry in entries
                if (before is None or entry.received < before)
                and not (entry.received == state.at and entry.mark in state.done)
            }
            if fresh:
                return sorted(fresh.values(), key=lambda entry: -entry.received)
        return []

    def _any_older(self, since: int) -> Listed | None:
        """One message from before the lookback, unread: that there is more is worth knowing."""
        for entry in next(iter(self.lister.newest_first(None, since)), []):
            if self._is_mail(entry):
                path = entry.path(self.reader.calls.mailbox)
                kind = self.reader.folders.kind(entry.folders, entry.keywords)
                return Listed(path, Skip(SkipReason.OUTSIDE_LOOKBACK), kind, entry.received)
        return None

    # What is new

    def _new(self, state: New) -> Iterator[tuple[Page, New]]:
        while True:
            changed = self.lister.changed(state.state) if state.state else None
            if changed is None:
                yield from self._resync(state)
                return
            entries = self._of(changed, state)
            groups = list(grouped([entry for entry in entries if self._is_mail(entry)]))
            met = {entry.mark for entry in entries if not self._is_mail(entry)}
            sent = {entry.mark for entry in entries if self._is_mail(entry)}
            gone = {cursors.mark(one) for one in changed.destroyed}
            drafts = frozenset(sorted((state.drafts | met) - sent - gone)[:MOST_DRAFTS])
            for number, group in enumerate(groups):
                state = replace(state, seen={**state.seen, **{entry.mark: entry.received for entry in group}})
                if number == len(groups) - 1:
                    state = self._caught_up(replace(state, state=changed.state, drafts=drafts), changed)
                yield Page(self.reader.read(group), state.text()), state
            if not groups and changed.state != state.state:
                state = self._caught_up(replace(state, state=changed.state, drafts=drafts), changed)
                if drafts or not changed.more:
                    yield Page((), state.text()), state
            if not changed.more:
                return

    def _of(self, changed: Changed, state: New) -> list[Entry]:
        """What is to be listed of what changed: what is new, and what was a draft."""
        ids = [one for one in changed.created if cursors.mark(one) not in state.seen]
        ids += [
            one for one in changed.updated if (mark := cursors.mark(one)) in state.drafts and mark not in state.seen
        ]
        return sorted(self.lister.entries(ids), key=lambda entry: entry.received)

    def _caught_up(self, state: New, changed: Changed) -> New:
        """When nothing more is to come, what was received long enough ago need not be remembered."""
        if changed.more:
            return state
        base = max(state.base, self._now() - SETTLING_SECONDS)
        return replace(state, base=base, seen={mark: at for mark, at in state.seen.items() if at >= base})

    def _resync(self, state: New) -> Iterator[tuple[Page, New]]:
        """The server no longer knows the state: what was received since the base is listed again, without what is known.
        Bounded by the time since the server was last asked."""
        known = self.lister.state()
        state = replace(state, state="")
        found = True
        while found:  # once more without a find: what is deleted meanwhile shifts the list under us
            found = False
            for entries in self.lister.oldest_first(state.base):
                fresh = [one for one in entries if one.mark not in state.seen and self._is_mail(one)]
                drafts = state.drafts | {one.mark for one in entries if not self._is_mail(one)}
                state = replace(state, drafts=frozenset(sorted(drafts)[:MOST_DRAFTS]))
                for group in grouped(fresh):
                    found = True
                    state = replace(state, seen={**state.seen, **{entry.mark: entry.received for entry in group}})
                    yield Page(self.reader.read(group), state.text()), state
        state = replace(state, state=known)
        yield Page((), state.text()), state

    def _is_mail(self, entry: Entry) -> bool:
        return not entry.draft and self.reader.folders.holds_mail(entry.folders)


def _base(history: History) -> int:
    """From when on mail is listed again should the state be lost: a delivery may bear a time somewhat before the moment
    at which reading began, and come after it."""
    return history.start - SETTLING_SECONDS


def _after(history: History) -> New:
    """Where reading stands at the end of history: nothing of it is listed again."""
    return New(history.state, _base(history), history.seen, history.drafts)

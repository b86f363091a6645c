"""What an attacker could find out about a tenant, read from its history: its people, who matters, its partners, its habits."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from detection.calibration.burn_in import burn_in
from detection.keys import NO_KEY, Keys
from detection.mail.batch import Bools, Ints, Level, MessageBatch
from detection.mail.domains import is_address_literal, site_of
from detection.mail.language import LANGUAGES
from detection.mail.message import Folder
from detection.mail.names import person_name
from detection.mail.organisation import Organisation
from onboarding import scores
from onboarding.judged import NOTHING, Judged
from onboarding.scores import SECONDS_A_DAY

COLUMNS = ("sender_name", "recipient", "message_id", "link_host")
"""Texts of history that are read beside those of `onboarding.baseline.READ`."""

MOST_PEOPLE = 400
MOST_EXECUTIVES = 8
MOST_PARTNERS = 60
FEWEST_FROM_PARTNER = 3
LEAST_SINGLE_SHARE = 0.1
"""With less mail than this outside of lists, list mail is how the tenant's people talk."""
LEAST_LANGUAGE_SHARE = 0.02
SPOKEN = ("en", "de", "fr", "es")
"""Languages that there are wordings in."""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with an address: `key` is its key, `rows` what they sent, as rows of history."""

    address: str
    name: str
    key: int
    sent: int
    received: int
    since: int
    """First seen, seconds since the epoch."""

    @property
    def first_name(self) -> str:
        """What a mail would greet them by."""
        words = spoken(self.name).split()
        return words[0] if words else self.address.partition("@")[0]

    @property
    def domain(self) -> str:
        return self.address.rpartition("@")[2]


@dataclass(frozen=True, slots=True)
class Partner:
    """An outside party with regular mail: one of its people, and the rows of history that they wrote to the tenant."""

    contact: Person
    site: str
    paid: bool
    """Whether money is a matter between them: invoices and payments in what they write."""
    rows: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Target:
    """A tenant as seen by its attackers. Rows are those of `batch`, its history in order of time."""

    batch: MessageBatch
    organisation: Organisation
    said: Judged = NOTHING
    """What people said of its mail when the scores of its history were made."""

    @cached_property
    def known_bad(self) -> Bools:
        """Mail that nothing is learned from."""
        return self.said.known_bad(self.batch)

    @cached_property
    def clean(self) -> Bools:
        """Mail between people: no junk, from somebody, and no bulk, unless this tenant's people work on mailing lists."""
        m = self.batch
        good = ~self.known_bad & (m.folder != Folder.TRASH) & (m.sender_key != NO_KEY)
        single = good & ~m.bulk
        return np.asarray(single if single.sum() >= LEAST_SINGLE_SHARE * good.sum() else good, dtype=np.bool_)

    @cached_property
    def received(self) -> Ints:
        """Rows of mail between people that came to the tenant's people after the burn-in: the moments to choose from."""
        m = self.batch
        came = np.flatnonzero(scores.received(m))
        first = burn_in(m.sender_key[came], m.time[came] // SECONDS_A_DAY).first_day if len(came) else 0
        late = m.time // SECONDS_A_DAY >= first
        return np.flatnonzero(self.clean & late & (m.own_recipient_count > 0) & (m.time > m.time[:1]))

    @cached_property
    def from_outside(self) -> Ints:
        """Of those, the ones from outside."""
        return self.received[~self.batch.sender_is_own[self.received]]

    @cached_property
    def by_free_mail(self) -> Ints:
        """Of those, the ones through free-mail providers."""
        return self.from_outside[self.batch.sender_is_free_mail[self.from_outside]]

    @cached_property
    def strangers(self) -> Ints:
        """Of those, the ones by senders of which history has but a few mails: how a stranger's mail looks here."""
        rows = self.from_outside
        _, which, counts = np.unique(self.batch.sender_key[rows], return_inverse=True, return_counts=True)
        return rows[counts[which] <= 3]

    @cached_property
    def people(self) -> tuple[Person, ...]:
        """Own people who both write and are written to, the busiest first; where history has few, any with a mailbox."""
        m = self.batch
        senders = _tally(m.sender_key, self.clean & m.sender_is_own)
        own = m.recipient_is_own & self.clean[m.owner(Level.RECIPIENT)]
        receivers = _tally(m.recipient_key, own)
        both = [key for key in receivers if key in senders] or list(receivers)
        found = []
        for key in sorted(both, key=lambda k: (-min(receivers[k][0], senders.get(k, (1, 0))[0]), k))[:MOST_PEOPLE]:
            received, at = receivers[key]
            sent, row = senders.get(key, (0, -1))
            owner = int(np.searchsorted(m.offsets[Level.RECIPIENT], at, side="right")) - 1
            address = m.recipient[at]
            if not address.partition("@")[2]:
                continue
            since = int(m.time[owner] if row < 0 else min(m.time[owner], m.time[row]))
            name = self._name_of(key) if row >= 0 else ""
            found.append(Person(address, name or _spelled(address), key, sent, received, since))
        return tuple(found)

    @cached_property
    def victims(self) -> tuple[Person, ...]:
        """People with a name and a mailbox that is written to."""
        return tuple(p for p in self.people if p.received >= 2) or self.people

    @cached_property
    def executives(self) -> tuple[Person, ...]:
        """The people that most others write to, and who write themselves: as far as mail tells who matters."""
        m = self.batch
        owner = m.owner(Level.RECIPIENT)
        inner = m.recipient_is_own & (self.clean & m.sender_is_own)[owner]
        pairs = np.unique(np.stack([m.recipient_key[inner], m.sender_key[owner[inner]]]), axis=1)
        known = Counter(pairs[0].tolist())
        named = [p for p in self.people if len(person_name(p.name).split()) >= 2]
        return tuple(sorted(named, key=lambda p: (-known[p.key], p.address))[:MOST_EXECUTIVES])

    def around(self, person: Person) -> tuple[Person, ...]:
        """The colleagues a person writes to most: assistants and reports."""
        if person.key not in self._around:
            self._around[person.key] = self._written_to(person)
        return self._around[person.key]

    @cached_property
    def _around(self) -> dict[int, tuple[Person, ...]]:
        return {}

    def _written_to(self, person: Person) -> tuple[Person, ...]:
        m = self.batch
        rows = np.flatnonzero(self.clean & (m.sender_key == np.uint64(person.key)))
        written: Counter[int] = Counter()
        for row in rows[-500:].tolist():
            written.update(self.recipient_keys(row))
        by_key = {p.key: p for p in self.victims if p.key != person.key}
        return tuple(by_key[key] for key, _ in written.most_common(50) if key in by_key)[:5]

    @cached_property
    def partners(self) -> tuple[Partner, ...]:
        """Outside parties that write regularly, those with whom money is a matter first."""
        m = self.batch
        rows = np.flatnonzero(self.clean & ~m.sender_is_own & (m.own_recipient_count > 0))
        money = (m.lure_invoice[rows] > 0) | (m.lure_payment[rows] > 0) | (m.account_number_count[rows] > 0)
        parties, which, counts = np.unique(m.sender_party_key[rows], return_inverse=True, return_counts=True)
        paid = np.bincount(which, weights=money, minlength=len(parties))
        usable = np.zeros(len(m), dtype=np.bool_)
        usable[self.from_outside] = True
        order = np.lexsort((parties, -counts, -(paid > 0).astype(int)))
        by_party = np.split(rows[np.argsort(which, kind="stable")], np.cumsum(counts)[:-1]) if len(parties) else []
        found: list[Partner] = []
        for party in order.tolist():
            if len(found) == MOST_PARTNERS or counts[party] < FEWEST_FROM_PARTNER:
                continue
            mine = by_party[party]
            key = Counter(m.sender_key[mine].tolist()).most_common(1)[0][0]
            wrote = mine[m.sender_key[mine] == np.uint64(key)]
            late = wrote[1:][usable[wrote[1:]]]
            if len(late):
                address = m.sender[int(wrote[0])]
                contact = Person(
                    address,
                    self._name_of(key) or _spelled(address),
                    key,
                    len(wrote),
                    0,
                    int(m.time[wrote[0]]),
                )
                found.append(Partner(contact, site_of(contact.domain), bool(paid[party]), tuple(late[-200:].tolist())))
        return tuple(found)

    @cached_property
    def brands(self) -> tuple[str, ...]:
        """Hosts that mail from outside links to most: services that the tenant's people know."""
        m = self.batch
        owner = m.owner(Level.LINK)
        outside = np.flatnonzero(~m.sender_is_own[owner] & ~self.known_bad[owner] & (m.link_site_key != NO_KEY))
        tally = _tally(m.link_site_key[outside], np.ones(len(outside), dtype=np.bool_))
        top = sorted(tally, key=lambda key: (-tally[key][0], key))[:12]
        hosts = [m.link_host[int(outside[tally[key][1]])] for key in top]
        named = (host for host in hosts if "." in host and not is_address_literal(host))
        return tuple(host for host in named if not self.organisation.owns(host))

    @cached_property
    def languages(self) -> tuple[str, ...]:
        """The languages of its mail that there are wordings in, the commonest first; English where it is not known."""
        spoken = self.batch.language[self.received]
        counts = Counter(LANGUAGES[i] for i in spoken[spoken >= 0].tolist())
        least = LEAST_LANGUAGE_SHARE * max(counts.total(), 1)
        return tuple(code for code, n in counts.most_common() if code in SPOKEN and n >= least) or ("en",)

    @cached_property
    def domain(self) -> str:
        """The own domain that its people write from most."""
        counts = Counter(p.domain for p in self.people if self.organisation.owns(p.domain))
        return counts.most_common(1)[0][0] if counts else sorted(self.organisation.domains)[0]

    @cached_property
    def company(self) -> str:
        """What its name may be, as its domain spells it."""
        return site_of(self.domain).partition(".")[0].capitalize()

    def rows_by(self, person: Person) -> Ints:
        """Rows of what a person sent to the tenant's people after the burn-in."""
        return self._sent.get(person.key, np.zeros(0, dtype=np.int64))

    @cached_property
    def _sent(self) -> dict[int, Ints]:
        """Rows that came to the tenant's people after the burn-in, by sender, in order of time."""
        rows = self.received
        keys = self.batch.sender_key[rows]
        order = np.argsort(keys, kind="stable")
        distinct, starts = np.unique(keys[order], return_index=True)
        return dict(zip(distinct.tolist(), np.split(rows[order], starts[1:]), strict=True)) if len(rows) else {}

    @cached_property
    def active(self) -> tuple[Person, ...]:
        """Own people who wrote to colleagues after the burn-in."""
        return tuple(p for p in self.people[:60] if p.sent >= 3 and len(self.rows_by(p)))

    def recipient_keys(self, row: int) -> list[int]:
        """Keys of the recipients of one message."""
        at = self.batch.offsets[Level.RECIPIENT]
        return [int(key) for key in self.batch.recipient_key[int(at[row]) : int(at[row + 1])]]

    def own_recipients(self, row: int) -> list[Person]:
        """The tenant's people that one message went to."""
        keys = set(self.recipient_keys(row))
        return [person for person in self.people if person.key in keys]

    def _name_of(self, key: int) -> str:
        """The display name that a sender uses most."""
        m = self.batch
        rows = np.flatnonzero(m.sender_key == np.uint64(key))[-20:]
        names = Counter(name for row in rows.tolist() if (name := m.sender_name[row]) and "@" not in name)
        return names.most_common(1)[0][0] if names else ""


def spoken(name: str) -> str:
    """A name as one would say it.

    >>> spoken("Doe, Jane"), spoken("Jane Doe")
    ('Jane Doe', 'Jane Doe')
    """
    last, comma, first = name.partition(",")
    return f"{first.strip()} {last.strip()}".strip() if comma else name


def _tally(keys: Keys, among: Bools) -> dict[int, tuple[int, int]]:
    """How often each key occurs among the positions, and the first of them."""
    at = np.flatnonzero(among & (keys != NO_KEY))
    distinct, first, counts = np.unique(keys[at], return_index=True, return_counts=True)
    return dict(zip(distinct.tolist(), zip(counts.tolist(), at[first].tolist(), strict=True), strict=True))


def _spelled(address: str) -> str:
    """The name that an address spells: `jane.doe@` is Jane Doe."""
    local = address.partition("@")[0]
    return " ".join(word.capitalize() for word in local.replace("_", ".").replace("-", ".").split(".") if word)

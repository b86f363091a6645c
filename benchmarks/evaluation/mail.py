"""A tenant's mail, read once: as columns, as the words that models see, and as bytes for other filters."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from multiprocessing import get_context

import numpy as np
import pyarrow as pa

from benchmarks.evaluation.words import Grams, grams
from detection.mail.batch import MessageBatch, Row
from detection.mail.columns import Origin, row_of
from detection.mail.content import words_of
from detection.mail.message import Folder, Message, Skip
from detection.mail.organisation import Organisation
from detection.mail.parse import parse
from detection.mail.text_model import HEADS, text_model_scores
from onboarding.copies import place
from onboarding.parsing import usable_time
from onboarding.sources.base import Listed, Page
from onboarding.sources.registry import open_source
from onboarding.sources.simulated import SimulatedSource

NOW = 1_767_225_600
"""Mail dated after 2026-01-01 is not believed: the clock of an evaluation that gives the same figures on any day."""
SIMULATED_NOW = NOW + 400 * 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One tenant to evaluate on."""

    name: str
    what: str
    """In words, for the page."""
    source: str
    domains: tuple[str, ...]
    mailboxes: tuple[str, ...] = ()
    """Only these; all where empty."""
    live_days: int = 0
    """Of a simulated organisation: days after history, which are the later part."""
    attacks_a_kind: int = 0
    """Of a simulated organisation: attacks of every kind in those days."""


@dataclass(frozen=True, slots=True)
class Read:
    """One mail in three forms, with its label (empty: its source says nothing of it)."""

    row: Row
    words: bytes
    grams: Grams
    raw: bytes
    label: str


@dataclass(frozen=True, slots=True, eq=False)
class Mail:
    """Mails in order of time, every mail once."""

    batch: MessageBatch
    words: list[bytes]
    grams: list[Grams]
    raw: list[bytes]
    labels: list[str]
    listed: int

    def with_text_model(self) -> MessageBatch:
        """The columns as they would be had the text model in force been there when the mail was read."""
        return with_text_model(self.batch, self.words)


def read(case: Case, processes: int) -> Mail:
    """All mail of a tenant through the product's parser, in worker processes, copies of one mail united to one."""
    organisation = Organisation(frozenset(case.domains))
    found: list[Read] = []
    listed = 0
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        waiting = []
        for mailbox, page in _pages(case):
            listed += len(page.messages)
            now = SIMULATED_NOW if case.source.startswith("simulated:") else NOW
            waiting.append(pool.submit(read_page, page, mailbox, organisation, now))
            if len(waiting) > 4 * processes:
                found += waiting.pop(0).result()
        for rest in waiting:
            found += rest.result()
    rows = [one.row for one in found]
    placement = place(
        np.array([row["message_key"] for row in rows], dtype=np.uint64),
        np.array([row["time"] for row in rows], dtype=np.int64),
        np.array([row["folder"] for row in rows], dtype=np.int8),
        pa.array([row["mailbox"] for row in rows]),
        pa.array([row["path"] for row in rows]),
    )
    chosen: list[Read] = [found[0]] * placement.rows
    for one, rank, stands in zip(found, placement.rank.tolist(), placement.stands.tolist(), strict=True):
        if stands:
            chosen[rank] = one
    return in_columns(chosen, listed)


def in_columns(chosen: list[Read], listed: int) -> Mail:
    """Mails, in order of time already, as columns."""
    return Mail(
        MessageBatch.from_rows([one.row for one in chosen]),
        [one.words for one in chosen],
        [one.grams for one in chosen],
        [one.raw for one in chosen],
        [one.label for one in chosen],
        listed,
    )


def with_text_model(batch: MessageBatch, words: list[bytes]) -> MessageBatch:
    """The same columns with what the text model in force says of the words, as the parser would have it."""
    said = np.array([text_model_scores(text) for text in words], dtype=np.float64).reshape(len(words), len(HEADS))
    columns = {f"text_model_{head}": np.ascontiguousarray(said[:, at]) for at, head in enumerate(HEADS)}
    change: Callable[..., MessageBatch] = replace
    return change(batch, **columns)


def read_page(page: Page, mailbox: str, organisation: Organisation, now: int) -> list[Read]:
    """The mails of a page that can be read; the rest is left out, as ingest counts it out."""
    found = []
    for listed in page.messages:
        message = listed.content if isinstance(listed.content, Skip) else parse(listed.content)
        if isinstance(message, Skip) or isinstance(listed.content, Skip):
            continue
        time = usable_time(message, listed.time_hint, now)
        if time is not None:
            origin = Origin(mailbox, listed.path, listed.folder)
            found.append(as_read(message, row_of(message, organisation, origin, time), listed.content, listed.label))
    return found


def as_read(message: Message, row: Row, raw: bytes, label: str = "") -> Read:
    """One mail in its three forms."""
    sender = f"{message.sender.name} {message.sender.address}" if message.sender else ""
    words = words_of(message.subject, message.text)
    return Read(row, words, grams(message.subject, sender, message.text), raw, label)


def _pages(case: Case) -> Iterator[tuple[str, Page]]:
    source = open_source(case.source)
    for mailbox in source.mailboxes():
        if not case.mailboxes or mailbox.name in case.mailboxes:
            for page in source.pages(mailbox.name, None):
                yield mailbox.name, page
    if case.live_days and isinstance(source, SimulatedSource):
        waiting: list[Listed] = []
        for delivery in source.live_deliveries(case.live_days, case.attacks_a_kind):
            waiting.append(source.listed(delivery))
            if len(waiting) == 500:
                yield "live", Page(tuple(waiting), "")
                waiting = []
        yield "live", Page(tuple(waiting), "")


def junk(batch: MessageBatch) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Mail that lies in a junk folder."""
    return np.asarray(batch.folder == Folder.JUNK, dtype=np.bool_)

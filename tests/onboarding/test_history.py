"""History: every mail once, in order of time, the same bytes however it was ingested, whole at any moment."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from message_rows import row, table

from detection.mail.batch import SCHEMA, Level
from detection.mail.columns import Origin, from_messages
from detection.mail.message import Folder, Message, Role
from detection.mail.organisation import Organisation
from detection.mail.parse import parse
from onboarding import consolidate as consolidating
from onboarding import copies
from onboarding.consolidate import consolidate
from onboarding.files import StoreError
from onboarding.history import History, history_chunks, history_rows, open_history, read_history
from onboarding.layout import TenantLayout
from onboarding.store import sweep_drafts, write_part

Row = dict[str, Any]


@pytest.fixture
def layout(tmp_path: Path) -> TenantLayout:
    return TenantLayout(tmp_path, "acme")


def stored(layout: TenantLayout, rows: Sequence[Row], part_rows: int = 100) -> list[str]:
    """Rows written as parts of their mailboxes; the parts' names."""
    names = []
    for mailbox in sorted({each["mailbox"] for each in rows}):
        own = [each for each in rows if each["mailbox"] == mailbox]
        for number, start in enumerate(range(0, len(own), part_rows)):
            names.append(write_part(layout, mailbox, number, table(*own[start : start + part_rows])).name)
    return names


def on_disk(layout: TenantLayout) -> dict[str, bytes]:
    return {str(p.relative_to(layout.history)): p.read_bytes() for p in layout.history.rglob("*") if p.is_file()}


def recipients(layout: TenantLayout) -> list[list[tuple[str, Role]]]:
    batch = read_history(layout)
    offsets = batch.offsets[Level.RECIPIENT]
    flat = [(batch.recipient[i], Role(batch.recipient_role[i])) for i in range(len(batch.recipient_key))]
    return [flat[start:stop] for start, stop in pairwise(offsets)]


def test_every_mail_is_there_once_in_order_of_time(layout: TenantLayout) -> None:
    rows = [row("late", time=30), row("early", time=10), row("copied", time=20), row("copied", "bob", time=20)]
    history = consolidate(layout, stored(layout, rows))
    batch = read_history(layout)
    assert list(batch.message_id) == ["early@acme.example", "copied@acme.example", "late@acme.example"]
    assert (history.rows, history.first_time, history.last_time) == (3, 10, 30)
    assert history.duplicates == {"jane": 1}
    assert open_history(layout) == history
    assert len(rows) == history.rows + sum(history.duplicates.values())


@pytest.mark.parametrize("set_aside", [Folder.JUNK, Folder.TRASH])
def test_a_copy_outside_junk_and_trash_stands_for_the_mail(layout: TenantLayout, set_aside: Folder) -> None:
    copies_of_it = [
        row("a", "ann", folder=int(set_aside)),
        row("a", "bob", path="bob/z", folder=int(Folder.OTHER)),
        row("a", "bob", path="bob/y", folder=int(Folder.SENT)),
        row("a", "zoe", folder=int(Folder.INBOX)),
        row("b", "ann", folder=int(set_aside)),
        row("b", "bob", folder=int(set_aside)),
    ]
    history = consolidate(layout, stored(layout, copies_of_it))
    assert sorted(read_history(layout).path) == ["ann/b", "bob/y"]
    assert history.duplicates == {"ann": 1, "bob": 2, "zoe": 1}


def test_who_got_a_mail_unnamed_is_known_from_its_copies(layout: TenantLayout) -> None:
    rows = [
        row("a", "jane", delivered=["jane@acme.example"]),
        row("a", "ann", delivered=["ann@acme.example"]),
        row("a", "zoe", to=["bob@acme.example", "named@acme.example"], delivered=["zoe@acme.example"]),
        row("a", "bob"),
        row("b", "bob", time=5, delivered=["bob2@acme.example"]),
    ]
    consolidate(layout, stored(layout, rows))
    assert recipients(layout) == [
        [("bob@acme.example", Role.TO), ("bob2@acme.example", Role.DELIVERED)],
        [
            ("bob@acme.example", Role.TO),
            ("ann@acme.example", Role.DELIVERED),
            *sorted(
                [("jane@acme.example", Role.DELIVERED), ("zoe@acme.example", Role.DELIVERED)],
                key=lambda pair: row("x", to=[pair[0]])["recipient_key"][0],
            ),
        ],
    ]
    # What the mail itself says stays what it says.
    assert read_history(layout).recipient_count.tolist() == [2, 2]


def test_united_recipients_are_capped(layout: TenantLayout, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(copies, "MOST_UNITED_RECIPIENTS", 3)
    rows = [row("a", f"user{n}", delivered=[f"user{n}@acme.example"]) for n in range(9)]
    consolidate(layout, stored(layout, rows))
    assert len(recipients(layout)[0]) == 2 + 3


def test_messages_without_a_key_are_never_taken_for_copies(layout: TenantLayout) -> None:
    rows = [row(str(n), mailbox, message_key=0) for n in range(3) for mailbox in ("bob", "ann")]
    history = consolidate(layout, stored(layout, rows))
    assert (history.rows, history.duplicates) == (6, {})
    assert list(read_history(layout).path) == sorted(each["path"] for each in rows)


Stored = st.builds(
    lambda identity, mailbox, folder, delivered: row(
        f"m{identity}",
        mailbox,
        time=1_000 + identity // 3,
        folder=folder,
        to=[f"to{identity}@acme.example"],
        delivered=[f"{mailbox}@acme.example"] if delivered else [],
        path=f"{mailbox}/{folder}/m{identity}",
    ),
    st.integers(0, 15),
    st.sampled_from(["ann", "bob", "jane"]),
    st.integers(0, 5),
    st.booleans(),
)


@settings(max_examples=15, deadline=None)
@given(
    rows=st.lists(Stored, max_size=40, unique_by=lambda each: each["path"]),
    cuts=st.tuples(st.integers(1, 40), st.integers(1, 40)),
    shard_rows=st.integers(1, 20),
    gather_rows=st.tuples(st.integers(1, 40), st.integers(1, 40)),
    seed=st.randoms(use_true_random=False),
)
def test_the_cut_into_parts_and_the_order_of_ingest_make_no_difference(
    rows: list[Row],
    cuts: tuple[int, int],
    shard_rows: int,
    gather_rows: tuple[int, int],
    seed: random.Random,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    first, second = (TenantLayout(tmp_path_factory.mktemp("home"), "acme") for _ in range(2))
    shuffled = rows.copy()
    seed.shuffle(shuffled)
    one = consolidate(first, stored(first, rows, cuts[0]), shard_rows=shard_rows, gather_rows=gather_rows[0])
    parts = stored(second, shuffled, cuts[1])
    seed.shuffle(parts)
    other = consolidate(second, parts, shard_rows=shard_rows, gather_rows=gather_rows[1])
    assert one == other
    assert on_disk(first) == on_disk(second)
    assert_true_to(rows, one, first)


def assert_true_to(rows: list[Row], history: History, layout: TenantLayout) -> None:
    """The history is what a few lines of plain Python make of the rows."""
    groups: dict[int, list[Row]] = {}
    for each in rows:
        groups.setdefault(each["message_key"], []).append(each)
    aside = (Folder.JUNK, Folder.TRASH)
    best = [min(g, key=lambda r: (r["folder"] in aside, r["mailbox"], r["path"])) for g in groups.values()]
    best.sort(key=lambda r: (r["time"], r["message_key"]))
    batch = read_history(layout)
    assert list(batch.path) == [each["path"] for each in best]
    assert list(batch.message_key) == [each["message_key"] for each in best]
    assert len(rows) == history.rows + sum(history.duplicates.values())
    for each, got in zip(best, recipients(layout), strict=True):
        everyone = {address for copy in groups[each["message_key"]] for address in copy["recipient"]}
        assert {address for address, _ in got} == everyone
        assert len(got) == len(everyone)


def test_running_again_changes_nothing_and_repairs_what_is_damaged(layout: TenantLayout) -> None:
    parts = stored(layout, [row(str(n), time=n) for n in range(20)])
    history = consolidate(layout, parts, shard_rows=8)
    before = on_disk(layout)
    stamps = {path: path.stat().st_mtime_ns for path in layout.history.rglob("*.parquet")}
    assert consolidate(layout, parts, shard_rows=8) == history
    assert {path: path.stat().st_mtime_ns for path in layout.history.rglob("*.parquet")} == stamps
    (layout.history / history.shards[1].name).write_bytes(b"damaged")
    (layout.history / history.shards[2].name).unlink()
    with pytest.raises(StoreError, match="shard-000001"):
        read_history(layout)
    consolidate(layout, parts, shard_rows=8)
    assert on_disk(layout) == before


def test_a_new_history_takes_the_place_of_the_old_one(layout: TenantLayout) -> None:
    old = consolidate(layout, stored(layout, [row("a")]))
    new = consolidate(layout, stored(layout, [row("a"), row("b", "bob")]))
    assert old.digest != new.digest
    assert set(on_disk(layout)) == {"history.json", new.shards[0].name}
    assert len(read_history(layout)) == 2


def test_a_history_of_nothing(layout: TenantLayout) -> None:
    with pytest.raises(StoreError, match="no consolidated history"):
        open_history(layout)
    history = consolidate(layout, [])
    assert (history.rows, history.first_time, history.shards) == (0, None, ())
    assert len(read_history(layout)) == 0
    assert list(history_chunks(layout)) == []


def test_chosen_columns_are_read_and_others_refuse_to_be_used(layout: TenantLayout) -> None:
    consolidate(layout, stored(layout, [row(str(n), time=n) for n in range(5)]))
    batch = read_history(layout, ["time", "recipient_key"])
    assert batch.time.tolist() == [0, 1, 2, 3, 4]
    assert batch.total(Level.RECIPIENT, np.ones(5)).tolist() == [1] * 5
    assert len(batch) == 5
    for use in (lambda: batch.sender[0], lambda: np.asarray(batch.sender_key), lambda: len(batch.path)):
        with pytest.raises(StoreError, match="was not read from history"):
            use()
    with pytest.raises(KeyError, match="colour"):
        read_history(layout, ["colour"])


def test_history_comes_in_chunks_and_rows_in_order_of_time(layout: TenantLayout) -> None:
    consolidate(layout, stored(layout, [row(str(n), time=1_000 - n) for n in range(50)]), shard_rows=7)
    chunks = list(history_chunks(layout, ["time"]))
    assert [len(chunk) for chunk in chunks] == [7] * 7 + [1]
    times = np.concatenate([chunk.time for chunk in chunks])
    assert times.tolist() == sorted(times)
    chosen = np.array([0, 6, 7, 49])
    assert history_rows(layout, chosen).column("time").to_pylist() == times[chosen].tolist()
    assert history_rows(layout, chosen).schema.equals(SCHEMA)


def test_a_missing_part_or_a_full_disk_leaves_the_old_history_in_force(
    layout: TenantLayout, monkeypatch: pytest.MonkeyPatch
) -> None:
    parts = stored(layout, [row("a"), row("b")])
    consolidate(layout, parts)
    before = on_disk(layout)
    with pytest.raises(StoreError, match="gone"):
        consolidate(layout, [*parts, "jane/gone.parquet"])

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    for target in ((consolidating.Spill, "add"), (consolidating, "write_parquet"), (consolidating, "publish")):
        with monkeypatch.context() as patch:
            patch.setattr(*target, full)
            with pytest.raises(StoreError, match="No space left"):
                consolidate(layout, [*parts, *stored(layout, [row("c", "bob")])])
        assert on_disk(layout) == before
    assert read_history(layout).message_id[0]


KILLED = """
import sys
from pathlib import Path
from onboarding.consolidate import consolidate
from onboarding.layout import TenantLayout
from onboarding.store import stored_parts
layout = TenantLayout(Path(sys.argv[1]), "acme")
print("begin", flush=True)
while True:
    for parts in (stored_parts(layout), stored_parts(layout)[:-1]):
        consolidate(layout, parts, shard_rows=3, gather_rows=10)
"""


def test_killed_at_any_moment_a_whole_history_is_in_force(layout: TenantLayout) -> None:
    parts = stored(layout, [row(str(n), f"user{n % 4}", time=n) for n in range(40)], part_rows=5)
    consolidate(layout, parts)
    moments = random.Random(7)
    for _ in range(4):
        process = subprocess.Popen([sys.executable, "-c", KILLED, str(layout.home)], stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        assert process.stdout.readline() == "begin\n"
        time.sleep(moments.uniform(0.02, 0.4))
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        process.stdout.close()
        assert len(read_history(layout)) == open_history(layout).rows in (35, 40)
    # As every run begins.
    sweep_drafts(layout)
    history = consolidate(layout, parts, shard_rows=3)
    assert history.rows == 40
    assert set(on_disk(layout)) == {"history.json", *(shard.name for shard in history.shards)}


SECRET = "zyzzyva"
"""A word planted in every text of a mail that must not stay; no address or name of the mail holds it."""

PLANTED = f"""\
From: Ann Partner <ann@partner.example>
To: Bob <bob@acme.example>
Date: Mon, 02 Jan 2023 10:00:00 +0000
Message-ID: <1@partner.example>
Subject: Re: {SECRET} invoice
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=b

--b
Content-Type: text/plain

The {SECRET} is due: https://files.partner.example/{SECRET}?q={SECRET}
--b
Content-Type: text/html

<p>{SECRET}</p><a href="https://files.partner.example/{SECRET}">{SECRET}</a>
--b
Content-Type: application/pdf; name="{SECRET}.pdf"
Content-Disposition: attachment; filename="{SECRET}.pdf"

{SECRET}
--b--
""".encode()


def test_no_text_of_a_mail_is_at_rest(layout: TenantLayout, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every file the store writes, also those it deletes again, is decoded and searched for a planted word."""
    organisation = Organisation(frozenset({"acme.example"}))
    message = parse(PLANTED)
    assert isinstance(message, Message)
    assert SECRET in message.subject
    assert SECRET in message.text
    copies_of_it = {
        box: from_messages([(message, Origin(box, f"{box}/1", Folder.INBOX))], organisation) for box in "ab"
    }
    parts = [write_part(layout, box, 1, batch).name for box, batch in copies_of_it.items()]
    spilled: list[pa.Table] = []
    monkeypatch.setattr(consolidating.Spill, "add", watched(consolidating.Spill.add, spilled))
    assert consolidate(layout, parts).duplicates == {"b": 1}
    tables = [pq.read_table(path) for path in layout.root.rglob("*.parquet")] + spilled
    assert len(tables) == 2 + 1 + 1
    for one in tables:
        assert SECRET not in str(one.to_pylist())
        assert "ann@partner.example" in str(one.to_pylist())  # so the search can find something
    for path in layout.root.rglob("*"):
        assert SECRET not in path.name
        assert path.is_dir() or SECRET.encode() not in path.read_bytes()


def watched(add: Any, seen: list[pa.Table]) -> Any:
    def adding(spill: consolidating.Spill, kind: str, shard: int, table: pa.Table) -> None:
        seen.append(table)
        add(spill, kind, shard, table)

    return adding

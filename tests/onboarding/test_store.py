"""The message store: parts are whole or not there, the same messages are the same bytes, nothing leaves its place."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from message_rows import row, table

from detection.keys import NO_KEY
from detection.mail.batch import SCHEMA, MessageBatch
from onboarding import files, store
from onboarding.files import StoreError
from onboarding.layout import LONGEST_SLUG, TenantLayout, slug
from onboarding.store import read_part, remove_mailbox, remove_tenant, stored_parts, sweep, write_part

Names = st.text(alphabet="aAbé.=/~-_@ \n\0\ud800%", max_size=8) | st.text(max_size=200)


@pytest.fixture
def layout(tmp_path: Path) -> TenantLayout:
    return TenantLayout(tmp_path, "acme")


def test_a_part_is_read_back_as_it_was_written(layout: TenantLayout) -> None:
    messages = table(row("a", time=30), row("b", time=10, to=[], delivered=["x@acme.example"]), row("c", time=20))
    part = write_part(layout, "jane", 1, messages)
    assert read_part(layout, part.name).equals(messages)
    assert (part.rows, part.first_time, part.last_time) == (3, 10, 30)
    assert part.bytes == (layout.mail / part.name).stat().st_size
    assert stored_parts(layout) == [part.name]
    assert read_part(layout, part.name, ["time", "message_key"]).column_names == ["message_key", "time"]
    assert list(MessageBatch.from_arrow(read_part(layout, part.name)).message_id) == [
        f"{x}@acme.example" for x in "abc"
    ]


def test_the_same_messages_are_the_same_bytes_and_other_messages_another_part(tmp_path: Path) -> None:
    one, two = TenantLayout(tmp_path / "1", "acme"), TenantLayout(tmp_path / "2", "other")
    messages = table(row("a"), row("b"))
    sliced = pa.concat_tables([table(row("x"), row("a")).slice(1), table(row("b"))])
    first, second = write_part(one, "jane", 1, messages), write_part(two, "jane", 1, sliced)
    assert first == second
    assert (one.mail / first.name).read_bytes() == (two.mail / second.name).read_bytes()
    other = write_part(one, "jane", 1, table(row("a"), row("c")))
    assert stored_parts(one) == sorted([first.name, other.name])


def test_a_part_without_messages_is_a_part(layout: TenantLayout) -> None:
    part = write_part(layout, "jane", 1, SCHEMA.empty_table())
    assert (part.rows, part.first_time, part.last_time) == (0, None, None)
    assert read_part(layout, part.name).num_rows == 0


def test_only_messages_of_the_mailbox_and_the_schema_are_taken(layout: TenantLayout) -> None:
    with pytest.raises(ValueError, match="holds messages of"):
        write_part(layout, "jane", 1, table(row("a", mailbox="bob")))
    with pytest.raises(ValueError, match="SCHEMA"):
        write_part(layout, "jane", 1, table(row("a")).drop_columns(["time"]))
    assert stored_parts(layout) == []


def test_sweep_takes_what_nobody_recorded_and_leaves_the_rest(layout: TenantLayout) -> None:
    kept = write_part(layout, "jane", 1, table(row("a"))).name
    lost = write_part(layout, "jane", 2, table(row("b"))).name
    others = write_part(layout, "bob", 1, table(row("c", mailbox="bob"))).name
    (layout.mailbox("jane") / f"{files.TEMPORARY}1-a").write_bytes(b"half")
    assert sweep(layout, [kept], "jane") == [f"jane/{files.TEMPORARY}1-a", lost]
    assert stored_parts(layout) == [others, kept]
    assert sweep(layout, {kept}) == [others]
    assert sweep(layout, {kept}) == []
    assert sweep(layout, {kept}, "nobody") == []


@pytest.mark.parametrize("fails_at", ["write", "fsync", "replace"])
def test_a_write_that_fails_leaves_no_part(
    layout: TenantLayout, fails_at: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = write_part(layout, "jane", 1, table(row("a")))

    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    target = {"write": (files.Digesting, "write"), "fsync": (os, "fsync"), "replace": (os, "replace")}[fails_at]
    monkeypatch.setattr(*target, full)
    with pytest.raises(StoreError, match="No space left on device"):
        write_part(layout, "jane", 2, table(row("b")))
    monkeypatch.undo()
    assert os.listdir(layout.mailbox("jane")) == [Path(kept.name).name]


def test_what_was_stored_before_a_column_was_added_has_it_unknown(layout: TenantLayout) -> None:
    whole = table(row("a", to=["x@acme.example", "y@acme.example"]), row("b", to=[]))
    added = ["spf_aligned", "recipient_key", "variant_key", "lure_payment", "text_model_spam", "date_skew"]
    part = write_part(layout, "jane", 0, whole)
    pq.write_table(whole.drop_columns(added), layout.mail / part.name)
    read = read_part(layout, part.name)
    assert read.schema.equals(SCHEMA)
    assert read.column("spf_aligned").to_pylist() == [-1, -1]
    assert read.column("recipient_key").to_pylist() == [[NO_KEY, NO_KEY], []]
    assert [len(each) for each in read.column("variant_key").to_pylist()] == [0, 0], "nothing says how many there were"
    assert np.isnan(read.column("text_model_spam").to_numpy()).all()
    assert read.column("date_skew").to_pylist() == [-(2**63)] * 2
    assert read_part(layout, part.name, ["recipient_key", "spf_aligned"]).to_pydict() == {
        "recipient_key": [[NO_KEY, NO_KEY], []],
        "spf_aligned": [-1, -1],
    }
    batch = MessageBatch.from_arrow(pq.read_table(layout.mail / part.name))
    rows = [
        {name: value for name, value in each.items() if name not in added}
        for each in (row("a", to=["x@acme.example", "y@acme.example"]), row("b", to=[]))
    ]
    for again in (MessageBatch.from_rows(rows).to_arrow(), batch.to_arrow()):
        assert again.drop_columns("text_model_spam").equals(read.drop_columns("text_model_spam").combine_chunks())
    assert MessageBatch.from_rows(rows[:1]).spf_aligned[0] == -1, "one row goes another way"
    for needed in ("message_key", "time"):
        with pytest.raises(KeyError, match=needed):
            MessageBatch.from_rows([{name: value for name, value in rows[0].items() if name != needed}])


def test_a_missing_or_broken_part_is_named(layout: TenantLayout) -> None:
    part = write_part(layout, "jane", 1, table(row("a")))
    path = layout.mail / part.name
    path.write_bytes(path.read_bytes()[:-10])
    with pytest.raises(StoreError, match=r"part-000001.*cannot be read"):
        read_part(layout, part.name)
    path.unlink()
    with pytest.raises(StoreError, match=r"part-000001.*not there"):
        read_part(layout, part.name)


def test_removing_a_tenant_takes_everything_of_it_and_nothing_else(tmp_path: Path) -> None:
    acme, other = TenantLayout(tmp_path, "acme"), TenantLayout(tmp_path, "acme2")
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "kept").write_bytes(b"x")
    for layout in (acme, other):
        write_part(layout, "jane", 1, table(row("a")))
    write_part(acme, "bob", 1, table(row("a", mailbox="bob")))
    (acme.report).mkdir()
    (acme.report / "link").symlink_to(outside)
    assert remove_mailbox(acme, "bob").files == 1
    removed = remove_tenant(acme)
    assert removed.files == 1
    assert removed.bytes > 1_000
    assert not acme.root.exists()
    assert (outside / "kept").exists()
    assert len(stored_parts(other)) == 1
    assert remove_tenant(acme) == files.Removed(0, 0)


def test_a_removal_that_leaves_something_says_so(layout: TenantLayout, monkeypatch: pytest.MonkeyPatch) -> None:
    write_part(layout, "jane", 1, table(row("a")))

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "unlink", refuse)
    with pytest.raises(StoreError, match="could not be removed"):
        remove_tenant(layout)


@given(Names, Names)
def test_slugs_are_safe_and_no_two_names_share_one(first: str, second: str) -> None:
    slugs = slug(first), slug(second)
    for name in slugs:
        assert 0 < len(name.encode()) <= LONGEST_SLUG
        assert "/" not in name
        assert not name.startswith(".")
        assert name.isprintable()
        assert name == name.lower()
    assert (slugs[0] == slugs[1]) == (first == second)


@pytest.mark.parametrize("name", ["..", ".", "../../etc", "/etc", "a/../..", "a\0b", "", "~", "C:\\x", "con=2e"])
def test_no_tenant_or_mailbox_name_leads_out_of_its_place(tmp_path: Path, name: str) -> None:
    layout = TenantLayout(tmp_path, name)
    assert layout.root.parent == tmp_path / "tenants"
    assert layout.mailbox(name).parent == layout.mail
    assert layout.root.resolve().is_relative_to((tmp_path / "tenants").resolve())
    assert layout.root.resolve() != (tmp_path / "tenants").resolve()


def test_slugs_do_not_change() -> None:
    """They name folders on disk: another rule would lose what is stored."""
    assert slug("Jane Doe/INBOX") == "=4aane=20=44oe=2f=49=4e=42=4f=58"
    assert slug("x" * 101) == "x" * 67 + "~9c543fd357ad2f0a833eb0a7d0c9cd90"


def test_files_are_private_to_no_more_than_the_umask_says(layout: TenantLayout) -> None:
    before = os.umask(0o077)
    try:
        part = write_part(layout, "jane", 1, table(row("a")))
    finally:
        os.umask(before)
    assert stat.S_IMODE((layout.mail / part.name).stat().st_mode) == 0o600


def test_store_errors_are_one_kind() -> None:
    assert store.StoreError is files.StoreError

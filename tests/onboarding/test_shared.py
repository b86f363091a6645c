"""The store at a URL: what one machine writes another reads, whole or not at all, and no secret of the URL is ever said."""

from __future__ import annotations

import os
import pickle
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import fsspec
import pytest
from fsspec.implementations.memory import MemoryFileSystem
from message_rows import row, table
from pydantic import SecretStr

from onboarding import shared, store
from onboarding.consolidate import consolidate
from onboarding.files import TEMPORARY, Removed, StoreError, guarded
from onboarding.history import open_history, read_history, read_stretch
from onboarding.holds import HoldReason
from onboarding.layout import TenantLayout
from onboarding.settings import Settings, SettingsError, described
from onboarding.shared import SharedStore, fetched, publish, remove, there
from onboarding.stage import Held, full_disk_holds
from onboarding.workspace import COPIES, Workspace, open_workspace


class FailingStore(MemoryFileSystem):
    """One to log in to, that fails as told."""

    protocol = "failing"
    store: dict[str, Any] = {}  # noqa: RUF012 - one for all, as the memory file system has it
    pseudo_dirs = [""]  # noqa: RUF012
    fails: Callable[[str], None] | None = None

    @classmethod
    def _strip_protocol(cls, path: str) -> str:
        return MemoryFileSystem._strip_protocol(path.replace("failing://ada:hunter%232@hunter@", "memory://"))

    def put_file(self, lpath: str, rpath: str, *rest: Any, **named: Any) -> None:
        super().put_file(lpath, rpath, *rest, **named)
        if FailingStore.fails:
            FailingStore.fails("put")

    def _open(self, path: str, mode: str = "rb", **named: Any) -> Any:
        if FailingStore.fails and mode == "rb":
            FailingStore.fails("get")
        return super()._open(path, mode, **named)


SECRET = "failing://ada:hunter%232@hunter@store/mail"


@pytest.fixture(autouse=True)
def _empty() -> Iterator[None]:
    fsspec.register_implementation("failing", FailingStore, clobber=True)
    yield
    FailingStore.fails = None
    for each in (FailingStore, MemoryFileSystem):
        each.store.clear()
        each.pseudo_dirs[:] = [""]


@pytest.fixture(params=["file", "memory", "dir"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    (tmp_path / "store").mkdir()
    urls = {
        "file": f"file://{tmp_path}/store",
        "memory": "memory://gatehouse/x",
        "dir": f"dir::file://{tmp_path}/store",
    }
    return urls[request.param]


@pytest.fixture
def machine(tmp_path: Path, url: str) -> Callable[[str], TenantLayout]:
    """The tenant as a machine of this name sees it: a home of its own, and the URL."""
    return lambda name: TenantLayout(tmp_path / name, "acme", SharedStore(SecretStr(url)))


def test_what_one_machine_writes_another_reads_to_the_byte(machine: Callable[[str], TenantLayout]) -> None:
    one, two, three = machine("one"), machine("two"), machine("three")
    parts = [
        store.write_part(one, "jane", 1, table(row("a", time=30), row("b", time=10))).name,
        store.write_part(two, "bob", 1, table(row("c", time=20, mailbox="bob"))).name,
    ]
    assert store.stored_parts(three) == sorted(parts)
    assert store.read_part(three, parts[0]).num_rows == 2
    assert (three.mail / parts[0]).read_bytes() == (one.mail / parts[0]).read_bytes()
    history = consolidate(three, parts)
    assert open_history(one) == open_history(two) == history
    assert read_history(two).time.tolist() == [10, 20, 30]
    assert read_stretch(one, history.digest, ("time",), 1, 2).time.tolist() == [20]
    # Another history takes its place everywhere, and the one before is gone from the store.
    later = consolidate(one, parts[:1])
    assert open_history(three) == open_history(two) == later
    assert shared.folders_in(one, one.history) == [later.digest]
    with pytest.raises(StoreError, match="has been replaced"):
        read_stretch(three, history.digest, ("time",), 1, 2)
    assert store.read_by(two, parts).keys() == store.read_by(one, parts).keys()


def test_it_holds_what_a_plain_home_holds(machine: Callable[[str], TenantLayout], tmp_path: Path) -> None:
    plain, one = TenantLayout(tmp_path / "plain", "acme"), machine("one")
    for layout in (plain, one):
        parts = [store.write_part(layout, "jane", at, table(row(f"m{at}", time=at))).name for at in range(3)]
        consolidate(layout, parts)
    names = shared.names_in(plain, plain.root)
    assert set(one.shared.sizes(one.key(one.root))) == shared.names_in(one, one.root) == names  # type: ignore[union-attr]
    other = machine("other")
    for name in names - {"history/history.json"}:
        assert fetched(other, other.root / name).read_bytes() == (plain.root / name).read_bytes()


def test_a_folder_is_whole_or_not_there(
    machine: Callable[[str], TenantLayout], monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two = machine("one"), machine("two")
    final = one.stretches / "x" / "0-1"

    def draft() -> Path:
        folder = final.with_name(f"{TEMPORARY}0-1")
        folder.mkdir(parents=True, exist_ok=True)
        for name in ("manifest.json", "facts.bin", "zz"):
            (folder / name).write_text(name)
        return folder

    files = one.shared._open()[0]  # type: ignore[union-attr]

    def killed(self: Any, source: str, target: str, **_: Any) -> None:
        if target.endswith("manifest.json"):
            raise KeyboardInterrupt
        fsspec.AbstractFileSystem.mv(self, source, target)

    monkeypatch.setattr(type(files), "mv", killed)
    with pytest.raises(KeyboardInterrupt):
        publish(one, draft(), final)
    assert set(one.shared.sizes(one.key(final))) == {"facts.bin", "zz"}, "all but what is put last"  # type: ignore[union-attr]
    assert not there(one, final / "manifest.json")
    assert not final.exists(), "not at the URL, so not here"
    monkeypatch.undo()
    remove(one, final)
    publish(one, draft(), final)
    assert there(two, two.stretches / "x" / "0-1" / "manifest.json")
    assert {path.name for path in fetched(two, two.stretches / "x" / "0-1").iterdir()} == {
        "manifest.json",
        "facts.bin",
        "zz",
    }
    assert not fetched(two, two.stretches / "x" / "0-2").exists()
    assert remove(two, two.stretches).files == 3
    assert not there(one, final / "manifest.json")


def test_sweep_takes_what_no_record_names_from_here_and_from_there(machine: Callable[[str], TenantLayout]) -> None:
    one, two = machine("one"), machine("two")
    kept, lost = (store.write_part(one, "jane", at, table(row(f"m{at}"))).name for at in (1, 2))
    live = store.write_part(two, "bob", 1, table(row("c", mailbox="bob"))).name
    assert one.shared is not None
    files, root = one.shared._open()
    with files.open(f"{root}/{one.key(one.root)}/{TEMPORARY}1-half", "wb") as half:
        half.write(b"half")
    assert store.sweep(two, [], "bob") == [live]
    assert store.sweep(two, [kept]) == [lost]
    assert store.sweep_drafts(two) == [f"{TEMPORARY}1-half"]
    assert list(one.shared.sizes(one.key(one.root))) == [f"mail/{kept}"]
    assert store.sweep(two, [kept]) == store.sweep_drafts(two) == []
    removed = store.remove_tenant(two)
    assert (removed.files, removed.bytes > 0) == (1, True)
    assert store.stored_parts(two) == []
    assert store.remove_tenant(two) == Removed(0, 0)


def test_what_is_not_allowed_to_publish_publishes_nothing_there(machine: Callable[[str], TenantLayout]) -> None:
    one = machine("one")
    kept = store.write_part(one, "jane", 1, table(row("a"))).name

    @contextmanager
    def replaced() -> Iterator[None]:
        raise PermissionError("replaced")
        yield

    def attempts() -> Iterator[Callable[[], object]]:
        yield lambda: store.write_part(one, "jane", 2, table(row("b")))
        yield lambda: remove(one, one.mailbox("jane"))
        yield lambda: store.remove_tenant(one)

    with guarded(replaced):
        for attempt in attempts():
            with pytest.raises((PermissionError, StoreError), match="replaced"):
                attempt()
    assert list(one.shared.sizes(one.key(one.root))) == [f"mail/{kept}"]  # type: ignore[union-attr]


def everything_said(error: BaseException) -> str:
    """All that a log could print of an error, and all that travels with it."""
    return "".join(traceback.format_exception(error)) + repr(pickle.dumps(error)) + repr(error.__context__)


@pytest.mark.parametrize("what", ["put", "get"])
def test_a_store_that_fails_is_said_with_what_to_do_and_without_its_secrets(tmp_path: Path, what: str) -> None:
    layout = TenantLayout(tmp_path / "home", "acme", SharedStore(SecretStr(SECRET)))
    kept = store.write_part(layout, "jane", 1, table(row("a"))).name

    def fail(asked: str) -> None:
        if asked == what:
            raise OSError(28, f"PUT {SECRET}: no space left for ada with hunter#2@hunter")

    FailingStore.fails = fail
    elsewhere = TenantLayout(tmp_path / "other", "acme", layout.shared)
    with pytest.raises(Held) as held, full_disk_holds("acme", tmp_path):
        store.write_part(layout, "jane", 2, table(row("b"))) if what == "put" else store.read_part(elsewhere, kept)
    assert held.value.hold.reason is HoldReason.DISK_FULL
    assert "failing://store/mail" in held.value.hold.message
    error = held.value.__cause__
    assert isinstance(error, StoreError)
    assert "cannot " in str(error)
    assert "run the same command again" in str(error)
    assert "hunter" not in everything_said(error) + everything_said(held.value)
    FailingStore.fails = None
    assert list(layout.shared.sizes(layout.key(layout.root))) == [f"mail/{kept}"]  # type: ignore[union-attr]
    assert [path.name for path in layout.mailbox("jane").iterdir()] == [Path(kept).name]
    short = type("Short", (), {"size": 3, "read": lambda *_: next(halves)})()
    halves = iter([b"ab", b""])
    with pytest.raises(StoreError, match="2 of 3 bytes"):
        layout.shared._copy(short, tmp_path / "short" / "copy")  # type: ignore[union-attr]
    assert list((tmp_path / "short").iterdir()) == []
    assert store.read_part(elsewhere, kept).num_rows == 1


def test_the_url_is_never_shown_whole_and_a_wrong_one_is_said_at_once(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, store=SecretStr(SECRET))
    workspace = open_workspace(settings)
    try:
        said = repr(workspace) + repr(workspace.layout("acme")) + "".join(str(line) for line in described(settings))
        assert "hunter" not in said
    finally:
        workspace.database.close()
    for url, problem in (
        ("/mnt/store", "is not a URL"),
        ("memory://ada:hunter2@x/y?key=hunter2", "stand for other names"),
        ("ftp://ada:hunt/hunter2@x/y", "beyond that of its user"),
        ("nosuch://ada:hunter2@x/y", "cannot be used"),
        ("s3://ada:hunter2@bucket/x", "s3fs"),
    ):
        with pytest.raises(SettingsError, match=problem) as wrong:
            open_workspace(Settings(home=tmp_path, store=SecretStr(url)))
        assert "hunter2" not in everything_said(wrong.value)


def test_a_worker_with_a_home_of_its_own_works_in_copies_there_and_they_go_after_a_day(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def arrived(**settings: Any) -> Path:
        workspace = open_workspace(Settings(home=tmp_path / "home", **settings))
        workspace.database.close()
        received: Workspace = pickle.loads(pickle.dumps(workspace))
        assert received.database.url == workspace.database.url
        return received.home

    shared_url = SecretStr(f"file://{tmp_path}/store")
    monkeypatch.delenv("GATEHOUSE_HOME", raising=False)
    assert arrived(store=shared_url) == tmp_path / "home"
    monkeypatch.setenv("GATEHOUSE_HOME", str(tmp_path / "worker"))
    assert arrived() == tmp_path / "home", "without a URL the home is what machines share"
    copies = tmp_path / "worker" / COPIES
    for name in ("old", "new"):
        (copies / "tenants").mkdir(parents=True, exist_ok=True)
        (copies / "tenants" / name).write_text(name)
    os.utime(copies / "tenants" / "old", (1, 1))
    assert arrived(store=shared_url) == copies
    assert [path.name for path in (copies / "tenants").iterdir()] == ["new"]

"""Sources are opened by URI, and say where they are in a way that holds from any folder."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from onboarding.sources.base import SourceError
from onboarding.sources.registry import open_source, scheme, schemes
from onboarding.sources.uri import absolute_path, name_of, text_of

LOCAL = ("eml", "mbox", "maildir")


def test_every_local_scheme_is_declared_with_how_to_write_it() -> None:
    for name in LOCAL:
        assert schemes()[name].form.startswith(f"{name}:")
        assert schemes()[name].summary


@pytest.mark.parametrize("uri", ["pigeon:/mail", "/mail", "", "Eml", "base:/mail"])
def test_an_unknown_scheme_is_refused_naming_the_known_ones(uri: str) -> None:
    with pytest.raises(SourceError, match="eml:FOLDER") as refused:
        open_source(uri)
    assert "maildir:" in str(refused.value)
    assert "mbox:" in str(refused.value)


@pytest.mark.parametrize("name", LOCAL)
def test_a_relative_path_becomes_absolute_and_opens_the_same_source_again(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    source = open_source(f"{name}:mail/acme/../acme/")
    assert source.uri == f"{name}:{tmp_path}/mail/acme"
    monkeypatch.chdir("/")
    assert open_source(source.uri) == source


def test_other_ways_to_write_a_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/ann")
    assert open_source("EML:///mail/acme").uri == "eml:/mail/acme"
    assert open_source("eml:~/acme").uri == "eml:/home/ann/acme"
    assert open_source("eml:/mail/with space%20and:colon").uri == "eml:/mail/with space%20and:colon"


@pytest.mark.parametrize("rest", ["", "/mail/\udcff", "/mail/a\nb", "/mail/\0"])
def test_a_path_that_is_no_plain_text_is_refused(rest: str) -> None:
    with pytest.raises(SourceError, match="path"):
        absolute_path("eml", rest)


@pytest.mark.parametrize("name", LOCAL)
def test_check_never_raises_and_listing_names_a_missing_path(name: str, tmp_path: Path) -> None:
    source = open_source(f"{name}:{tmp_path}/nowhere")
    (requirement,) = source.check()
    assert not requirement.granted
    assert f"{tmp_path}/nowhere is not there" in requirement.evidence
    assert requirement.remedy
    with pytest.raises(SourceError, match="nowhere is not there"):
        source.mailboxes()


@pytest.mark.parametrize("name", LOCAL)
def test_an_empty_folder_can_be_read_but_holds_no_mail(name: str, tmp_path: Path) -> None:
    source = open_source(f"{name}:{tmp_path}")
    assert [requirement.granted for requirement in source.check()] == [True, True, False]
    assert source.check()[-1].remedy
    assert source.mailboxes() == []
    with pytest.raises(SourceError, match="mailbox jane"):
        list(source.pages("jane", None))


@pytest.mark.parametrize("name", ["eml", "maildir"])
def test_a_file_in_place_of_a_folder_is_named(name: str, tmp_path: Path) -> None:
    (tmp_path / "mail").write_bytes(b"From: x@acme.example\n\n")
    source = open_source(f"{name}:{tmp_path}/mail")
    assert [requirement.granted for requirement in source.check()] == [True, False]
    with pytest.raises(SourceError, match="is a file, not a folder"):
        source.mailboxes()


@pytest.mark.parametrize("name", LOCAL)
@pytest.mark.parametrize("mailbox", ["../jane", "jane/..", "/etc", ".", "..", "%00", "", "a%2Fb", "%2E%2E"])
def test_a_mailbox_name_cannot_lead_out_of_the_source(name: str, mailbox: str, tmp_path: Path) -> None:
    for folder in ("jane/cur", "jane/new", "tree/cur"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "jane" / "cur" / "1.mbox").write_bytes(b"From - Sun Jan 01 09:27:24 2023\n\n")
    with pytest.raises(SourceError):
        list(open_source(f"{name}:{tmp_path}/tree").pages(mailbox, None))


def test_a_scheme_cannot_be_declared_twice() -> None:
    assert "eml" in schemes()
    with pytest.raises(ValueError, match="twice"):
        scheme("eml", "eml:X", "another")(lambda rest: open_source("eml:/"))


@pytest.mark.parametrize(
    "name", [b"plain", "Grüße/日本".encode(), b"a\nb", b"%41", b"\xff\xfe", "a\u2028b\u202ec".encode()]
)
def test_names_become_printable_text_and_come_back(name: bytes) -> None:
    text = text_of(name)
    assert text.isprintable()
    assert text.encode("utf-8")
    assert name_of(text) == name
    assert os.fsencode(os.fsdecode(name)) == name

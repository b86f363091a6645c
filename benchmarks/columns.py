"""Raw bytes to columns beside the standard library's parser, and beside other mail filters where they are installed."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

from benchmarks.evaluation.peers import rspamd
from benchmarks.fleet import tree_cpu
from benchmarks.mail import ORIGIN, corpus
from benchmarks.measuring import in_turns
from benchmarks.parse import fields, split
from benchmarks.table import Row
from detection.mail.batch import MessageBatch
from detection.mail.collector import collector_waits
from detection.mail.columns import rows_of
from detection.mail.message import Skip
from detection.mail.organisation import Organisation
from detection.mail.parse import parse

WANTED = {"phishing": 2_000, "enron": 6_000}
TIMES_STDLIB = 3
PAGE = 500
_ORGANISATION = Organisation(frozenset({"acme.example"}))


def rows(sample: int) -> list[Row]:
    """A row a corpus, and a row a filter."""
    found = [against_stdlib(name, corpus(name, sample)) for name in WANTED]
    few = corpus("phishing", max(sample // 20, 20))
    return [*found, against_rspamd(few), against_spamassassin(few)]


def to_columns(contents: list[bytes]) -> None:
    """Everything between the bytes and the store: parsed, made rows, made columns, page by page."""
    for start in range(0, len(contents), PAGE):
        with collector_waits():  # as onboarding reads a page
            page = [parse(content) for content in contents[start : start + PAGE]]
            read = [(message, ORIGIN, None) for message in page if not isinstance(message, Skip)]
            rows = rows_of(read, _ORGANISATION)
        MessageBatch.from_rows(rows).to_arrow()


def against_stdlib(name: str, contents: list[bytes]) -> Row:
    """Beside `email` with its policy compat32: reading what a `Message` needs of the headers (the reference of the wish),
    and only taking the parts apart."""
    what = f"raw bytes to columns, `{name}/`"
    wanted = f">= {WANTED[name]:,} msg/s, >= {TIMES_STDLIB} x stdlib email"
    if not contents:
        return Row(what=what, wanted=wanted, skipped=f"corpora/{name} is not there")
    works: dict[str, Callable[[], object]] = {
        "ours": lambda: to_columns(contents),
        "parse": lambda: [parse(content) for content in contents],
        "stdlib": lambda: [fields(content) for content in contents],
        "split": lambda: [split(content) for content in contents],
    }
    seconds = in_turns(works)
    speed = {work: len(contents) / taken for work, taken in seconds.items()}
    ratio = seconds["stdlib"] / seconds["ours"]
    return Row(
        what=what,
        wanted=wanted,
        measured=f"{speed['ours']:,.0f} msg/s (bytes to `Message` alone: {speed['parse']:,.0f})",
        reference=f"stdlib compat32 {speed['stdlib']:,.0f} msg/s; ratio {ratio:.2f} (parts only {speed['split']:,.0f})",
        met=speed["ours"] >= WANTED[name] and ratio >= TIMES_STDLIB,
        figures={"messages": len(contents), "per_s": {k: round(v) for k, v in speed.items()}, "ratio": round(ratio, 2)},
    )


def against_rspamd(contents: list[bytes]) -> Row:
    """An rspamd of our own without network rules, asked through `rspamc`, whose CPU time counts as well."""
    what, wanted = "raw bytes to columns beside rspamd's bytes to decision, `phishing/`", ">= 8 x rspamd"
    if not shutil.which("rspamc"):
        return Row(what=what, wanted=wanted, skipped="rspamd is not installed")
    with rspamd() as port:
        if port is None:
            return Row(what=what, wanted=wanted, skipped="rspamd is installed and did not begin to answer")
        command = ["rspamc", "-h", f"127.0.0.1:{port}", "-n", "1", "symbols"]
        return beside(what, wanted, 8, contents, command)


def against_spamassassin(contents: list[bytes]) -> Row:
    """SpamAssassin without network rules, one process for all messages."""
    what, wanted = "raw bytes to columns beside SpamAssassin's bytes to decision, `phishing/`", ">= 200 x SpamAssassin"
    if not shutil.which("spamassassin"):
        return Row(what=what, wanted=wanted, skipped="spamassassin is not installed")
    return beside(what, wanted, 200, contents, ["spamassassin", "-L", "--mbox"])


def beside(what: str, wanted: str, times: float, contents: list[bytes], command: list[str]) -> Row:
    """Our bytes to columns beside a command that reads files named behind it (or an mbox file), on the same mail."""
    if not contents:
        return Row(what=what, wanted=wanted, skipped="corpora/phishing is not there")
    with tempfile.TemporaryDirectory() as folder:
        if "--mbox" in command:
            box = Path(folder) / "mbox"
            # mboxrd: a line of a message that looks like a separator is quoted.
            quoted = [content.replace(b"\nFrom ", b"\n>From ") for content in contents]
            box.write_bytes(b"".join(b"From a@b Mon Jan  1 00:00:00 2024\n" + one + b"\n\n" for one in quoted))
            files = [str(box)]
        else:
            files = [str(Path(folder) / str(number)) for number in range(len(contents))]
            for path, content in zip(files, contents, strict=True):
                Path(path).write_bytes(content)
        begun = tree_cpu(os.getpid())
        asked = subprocess.run([*command, *files], capture_output=True, check=False)
        theirs = tree_cpu(os.getpid()) - begun
    if asked.returncode:
        said = (asked.stderr or asked.stdout).decode(errors="replace").strip()[:200]
        return Row(what=what, wanted=wanted, skipped=f"{command[0]} ended with {asked.returncode}: {said}")
    ours = in_turns({"ours": lambda: to_columns(contents)})["ours"]
    return Row(
        what=what,
        wanted=wanted,
        measured=f"{len(contents) / ours:,.0f} msg/s",
        reference=f"{len(contents) / theirs:,.1f} msg/s; ratio {theirs / ours:.0f}",
        met=theirs / ours >= times,
        figures={"messages": len(contents), "ratio": round(theirs / ours, 1)},
    )

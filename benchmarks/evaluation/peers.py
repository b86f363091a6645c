"""Filters that others made, where they are installed: they see the same mails, both kinds with the same headers.

A mail as its archive holds it says by its headers where it was caught: attacks in a honeypot, benign mail on a list. So each
is written anew with From, To, Date, Message-ID, Subject and what its body needs, and nothing else.
"""

from __future__ import annotations

import http.client
import json
import os
import re
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from email.utils import format_datetime
from functools import partial
from hashlib import sha256
from pathlib import Path

import numpy as np

from benchmarks.evaluation.mail import Mail, Read
from detection.mail.batch import Floats, Level
from detection.mail.message import Message
from detection.mail.parse import parse

RSPAMD_FLAGS = 6.0
"""rspamd's own bar for adding a header."""
WAIT_SECONDS = 120
"""For rspamd to begin: it compiles its patterns first."""
_KEPT = re.compile(rb"^(from|subject|mime-version|content-[a-z-]+)\s*:", re.IGNORECASE)
_MASKED = re.compile(rb"phishing@pot", re.IGNORECASE)


def letter(raw: bytes, to: str, when: int, number: int) -> bytes:
    """The mail with the headers that both kinds get. `number` makes its Message-ID, in the sender's domain.

    >>> letter(b"From: a@b.example\\nX-Trap: 1\\nSubject: hi\\n\\nText\\n", "c@d.example", 0, 7).splitlines()[:3]
    [b'From: a@b.example', b'Subject: hi', b'To: c@d.example']
    """
    head, newline, body = _divided(raw)
    kept: list[bytes] = []
    keeping = False
    for line in head.splitlines(keepends=True):
        if line[:1] not in b" \t" or not line.strip():
            keeping = bool(_KEPT.match(line))
        if keeping:
            kept.append(line if line.endswith(b"\n") else line + newline)
    message = parse(raw)
    domain = message.sender.domain if isinstance(message, Message) and message.sender else ""
    date = format_datetime(datetime.fromtimestamp(when, UTC))
    for name, value in (("To", to), ("Date", date), ("Message-ID", f"<{number:x}@{domain or 'unknown.example'}>")):
        kept.append(f"{name}: {value}".encode("utf-8", "replace") + newline)
    return b"".join(kept) + newline + _MASKED.sub(to.encode("utf-8", "replace"), body)


def own_letters(mail: Mail, rows: Sequence[int]) -> Iterator[bytes]:
    """The tenant's own mail in the headers that both kinds get."""
    batch = mail.batch
    at = batch.offsets[Level.RECIPIENT]
    for row in rows:
        to = batch.recipient[int(at[row])] if at[row + 1] > at[row] else "undisclosed@unknown.example"
        yield letter(mail.raw[row], to, int(batch.time[row]), int(batch.message_key[row]))


def attack_letters(sent: Sequence[Read]) -> Iterator[bytes]:
    """Attacks in the headers that both kinds get."""
    for one in sent:
        row = one.row
        to = row["recipient"][0]
        yield letter(one.raw, to, row["time"], row["message_key"])


@contextmanager
def rspamd() -> Iterator[int | None]:
    """An rspamd of our own without network rules, on loopback: its port, or None where it is not installed or not to be had."""
    program = shutil.which("rspamd")
    if program is None:
        yield None
        return
    with tempfile.TemporaryDirectory(prefix="gatehouse-rspamd-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        port = _free_port()
        _configure(folder, port)
        places = [f"--var={key}={folder}" for key in ("LOCAL_CONFDIR", "DBDIR", "RUNDIR", "LOGDIR")]
        process = subprocess.Popen(
            [program, "-f", "-i", "-c", "/etc/rspamd/rspamd.conf", *places],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            yield port if _answers(port) else None
        finally:
            process.terminate()
            with suppress(subprocess.TimeoutExpired):
                process.wait(20)
            process.kill()


def rspamd_scores(port: int, letters: Iterator[bytes]) -> Floats:
    """Its score of each mail, the higher the worse; 0 for one that it refuses."""
    return kept_scores("rspamd", partial(_asked, port), letters, 4)


def kept_scores(filter_name: str, ask: Callable[[bytes], float], letters: Iterator[bytes], at_once: int) -> Floats:
    """Asks for each letter, unless an earlier run has kept the answer in the folder that `EVALUATE_KEPT` names."""
    folder = os.environ.get("EVALUATE_KEPT")
    place = Path(folder) / f"{filter_name}.json" if folder else None
    kept: dict[str, float] = json.loads(place.read_text()) if place is not None and place.exists() else {}

    def answer(raw: bytes) -> float:
        name = sha256(raw).hexdigest()
        if name not in kept:
            kept[name] = ask(raw)
        return kept[name]

    with ThreadPoolExecutor(at_once) as pool:
        found = np.array(list(pool.map(answer, letters)), dtype=np.float64)
    if place is not None:
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(json.dumps(kept))
    return found


SPAMASSASSIN_FLAGS = 5.0
"""SpamAssassin's own bar."""
CHILDREN = 3


@contextmanager
def spamassassin() -> Iterator[int | None]:
    """A spamd of our own without network rules, on loopback: its port, or None where it is not installed or not to be had."""
    program = shutil.which("spamd")
    if program is None:
        yield None
        return
    with tempfile.TemporaryDirectory(prefix="gatehouse-spamd-") as folder:
        port = _free_port()
        fixed = [
            "--local",
            "--nouser-config",
            "--syslog=null",
            f"--pidfile={folder}/pid",
            f"--helper-home-dir={folder}",
        ]
        process = subprocess.Popen(
            [program, *fixed, f"--max-children={CHILDREN}", "--listen=127.0.0.1", f"--port={port}"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            yield port if _spamd_answers(port) else None
        finally:
            process.terminate()
            with suppress(subprocess.TimeoutExpired):
                process.wait(20)
            process.kill()


def spamassassin_scores(port: int, letters: Iterator[bytes]) -> Floats:
    """Its score of each mail, the higher the worse; 0 for one that it refuses."""
    return kept_scores("spamassassin", partial(_spamd_asked, port), letters, CHILDREN)


_SCORE = re.compile(rb"^Spam: \w+ ; (-?[\d.]+) /", re.MULTILINE)


def _spamd_asked(port: int, raw: bytes) -> float:
    """By the protocol that spamc speaks: CHECK answers with the score alone."""
    answer = _spamd(port, b"CHECK SPAMC/1.5\r\nContent-length: %d\r\n\r\n" % len(raw) + raw)
    found = _SCORE.search(answer)
    return float(found.group(1)) if found else 0.0


def _spamd(port: int, request: bytes) -> bytes:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=120) as link:
            link.sendall(request)
            link.shutdown(socket.SHUT_WR)
            return b"".join(iter(lambda: link.recv(65_536), b""))
    except OSError:
        return b""


def _spamd_answers(port: int) -> bool:
    for _ in range(WAIT_SECONDS * 2):
        if b"PONG" in _spamd(port, b"PING SPAMC/1.5\r\n\r\n"):
            return True
        time.sleep(0.5)
    return False


def _asked(port: int, raw: bytes) -> float:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request("POST", "/checkv2", raw)
        return float(json.loads(connection.getresponse().read()).get("score", 0.0))
    except (OSError, ValueError, http.client.HTTPException):
        return 0.0
    finally:
        connection.close()


_OFF = (
    "hfilter",
    "rbl",
    "dmarc",
    "spf",
    "dkim",
    "arc",
    "asn",
    "mx_check",
    "fuzzy_check",
    "dkim_signing",
    "arc_signing",
)


def _configure(folder: Path, port: int) -> None:
    local = folder / "local.d"
    local.mkdir()
    for module in _OFF:
        (local / f"{module}.conf").write_text("enabled = false;\n")
    (local / "worker-normal.inc").write_text(f'bind_socket = "127.0.0.1:{port}";\ncount = 1;\n')
    for worker in ("proxy", "controller", "fuzzy"):
        (local / f"worker-{worker}.inc").write_text("enabled = false;\ncount = 0;\n")
    (local / "options.inc").write_text(
        'dns { nameserver = ["127.0.0.1:9"]; timeout = 0.01s; retransmits = 1; }\nlocal_addrs = [];\n'
    )
    (local / "logging.inc").write_text('type = "file"; filename = "/dev/null"; level = "error";\n')


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _answers(port: int) -> bool:
    for _ in range(WAIT_SECONDS * 4):
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
            connection.request("GET", "/ping")
            if connection.getresponse().status == 200:
                return True
        except (OSError, http.client.HTTPException):
            time.sleep(0.25)
    return False


def _divided(raw: bytes) -> tuple[bytes, bytes, bytes]:
    """Head, line ending and body."""
    newline = b"\r\n" if b"\r\n" in raw[:2_000] else b"\n"
    head, _, body = raw.partition(newline + newline)
    return head, newline, body

"""Messages a second from bytes to `Message`, beside the standard library's parser in the same run.

    python -m benchmarks.parse corpora/phishing corpora/enron [--most 3000]

Prints one JSON object a folder. Both sides get the same bytes from memory, alternating in rounds, and the best round of
each counts: the machine's other work falls out, the ratio holds. Two references, both of `email` with its default
policy `compat32`: `split` takes the message apart and decodes the payloads, nothing else; `fields` also reads what a
`Message` needs of the headers (addresses, decoded names and subject, dates, file names) with the standard library's own
functions. Neither reads HTML, links, authentication results or file types, nor hashes attachments.
"""

from __future__ import annotations

import argparse
import email
import json
import random
from collections.abc import Callable
from email.header import decode_header, make_header
from email.message import Message
from email.utils import getaddresses, parsedate_tz
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

from detection.mail.message import Skip
from detection.mail.parse import parse

_ROUNDS = 3
_SMALL = 100_000


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    arguments.add_argument("folders", nargs="+", type=Path)
    arguments.add_argument("--most", type=int, default=3_000, help="messages of each folder, drawn at random")
    options = arguments.parse_args()
    for folder in options.folders:
        print(json.dumps(measure(folder, options.most)), flush=True)


def measure(folder: Path, most: int) -> dict[str, object]:
    """Speeds over a random sample of the files under `folder`."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    contents = [path.read_bytes() for path in random.Random(1).sample(paths, min(most, len(paths)))]
    readers: dict[str, Callable[[bytes], object]] = {"ours": parse, "split": split, "fields": fields}
    best = dict.fromkeys(readers, float("inf"))
    seconds: list[float] = []
    skipped = 0
    for _ in range(_ROUNDS):
        for name, read in readers.items():
            begun = process_time()
            for content in contents:
                read(content)
            best[name] = min(best[name], process_time() - begun)
    for content in contents:
        begun = perf_counter()
        skipped += isinstance(parse(content), Skip)
        if len(content) <= _SMALL:
            seconds.append(perf_counter() - begun)
    seconds.sort()
    return {
        "folder": folder.name,
        "messages": len(contents),
        "mean_bytes": round(sum(map(len, contents)) / max(1, len(contents))),
        "skipped": skipped,
        "messages_per_second": round(len(contents) / best["ours"]),
        "standard_library_split_per_second": round(len(contents) / best["split"]),
        "standard_library_fields_per_second": round(len(contents) / best["fields"]),
        "ratio_to_split": round(best["split"] / best["ours"], 2),
        "ratio_to_fields": round(best["fields"] / best["ours"], 2),
        "p50_ms_up_to_100_kb": round(1e3 * seconds[len(seconds) // 2], 3),
        "p99_ms_up_to_100_kb": round(1e3 * seconds[int(len(seconds) * 0.99)], 3),
    }


def split(content: bytes) -> Message:
    """The standard library's parts with decoded payloads."""
    message = email.message_from_bytes(content)
    for part in message.walk():
        if not part.is_multipart():
            part.get_payload(decode=True)
    return message


def fields(content: bytes) -> Message:
    """`split`, and the header fields read as the standard library reads them; what it cannot read is passed over."""
    message = split(content)
    for name in ("from", "to", "cc", "bcc", "reply-to", "return-path"):
        for display_name, _ in _tried(getaddresses, [str(value) for value in message.get_all(name, [])]) or ():
            _tried(_decoded, display_name)
    _tried(_decoded, str(message.get("subject", "")))
    _tried(parsedate_tz, str(message.get("date", "")))
    for received in message.get_all("received", [])[:1]:
        _tried(parsedate_tz, str(received).rpartition(";")[2])
    for part in message.walk():
        _tried(part.get_filename)
        _tried(part.get_content_charset)
    return message


def _decoded(text: str) -> str:
    return str(make_header(decode_header(text)))


def _tried(read: Callable[..., Any], *arguments: Any) -> Any:
    try:
        return read(*arguments)
    except Exception:
        return None


if __name__ == "__main__":
    main()

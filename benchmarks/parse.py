"""Messages a second from bytes to `Message`, beside the standard library's parser in the same run.

    python -m benchmarks.parse corpora/phishing corpora/enron [--most 3000]

Prints one JSON object a folder. Both sides get the same bytes from memory, alternating in rounds, and the best round of
each counts: the machine's other work falls out, the ratio holds. The standard library only splits the message into
parts with decoded payloads (`compat32`); it reads no address, no HTML, no link.
"""

from __future__ import annotations

import argparse
import email
import json
import random
from pathlib import Path
from time import perf_counter, process_time

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
    ours, standard = [], []
    seconds: list[float] = []
    skipped = 0
    for _ in range(_ROUNDS):
        begun = process_time()
        for content in contents:
            parse(content)
        ours.append(process_time() - begun)
        begun = process_time()
        for content in contents:
            read_by_standard_library(content)
        standard.append(process_time() - begun)
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
        "messages_per_second": round(len(contents) / min(ours)),
        "standard_library_per_second": round(len(contents) / min(standard)),
        "ratio": round(min(standard) / min(ours), 2),
        "p50_ms_up_to_100_kb": round(1e3 * seconds[len(seconds) // 2], 3),
        "p99_ms_up_to_100_kb": round(1e3 * seconds[int(len(seconds) * 0.99)], 3),
    }


def read_by_standard_library(content: bytes) -> None:
    message = email.message_from_bytes(content)
    for part in message.walk():
        if not part.is_multipart():
            part.get_payload(decode=True)


if __name__ == "__main__":
    main()

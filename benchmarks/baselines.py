"""Baselines at scale: replay, build, look-up, opening, merging, on synthetic columns; prints one JSON document.

    python benchmarks/baselines.py                         1M and 2M messages, about three minutes
    python benchmarks/baselines.py --messages 100000       a quick look
    python benchmarks/baselines.py --rows 20000000         also the bulk build over 20M (message, recipient) rows

Each measurement runs in a process of its own, so that its peak memory is its own. Trust ratios, not seconds.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import resource
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from detection.baselines.facts import FACTS
from detection.baselines.overlay import Overlay
from detection.baselines.replay import replay
from detection.baselines.snapshot import Snapshot, build, merge, write
from detection.keys import combine
from detection.mail.batch import COLUMNS, RAGGED, Level, MessageBatch

START = 1_700_000_000
YEAR = 365 * 86_400


class NoTexts:
    """A column of empty strings that takes no memory."""

    def __init__(self, size: int) -> None:
        self.size = size

    def __len__(self) -> int:
        return self.size

    def __getitem__(self, index: Any) -> Any:
        return NoTexts(len(range(self.size)[index])) if isinstance(index, slice) else ""


def synthetic(n: int, seed: int, senders: int | None = None, start: int = START, span: int = YEAR) -> MessageBatch:
    """`n` messages of an organisation: few senders write most of the mail, 2 recipients and 1 link on average, an
    attachment in one of five, 8 look-alike forms of each sender's domain."""
    rng = np.random.default_rng(seed)
    senders = senders or max(n // 12, 10)
    sizes = {
        Level.RECIPIENT: rng.choice([1, 1, 1, 2, 3, 4], n),
        Level.LINK: rng.choice([0, 0, 1, 1, 3], n),
        Level.ATTACHMENT: (rng.random(n) < 0.2).astype(np.int64),
        Level.VARIANT: np.full(n, 8),
    }
    # Rare things, such as account numbers.
    sizes |= {level: (rng.random(n) < 0.02).astype(np.int64) for level in RAGGED if level not in sizes}
    offsets = {level: np.concatenate(([0], np.cumsum(size))).astype(np.int64) for level, size in sizes.items()}
    sender = skewed(rng, n, senders)
    site = sender // 4
    columns: dict[str, Any] = {}
    for name, kind, level in COLUMNS:
        size = n if level is Level.MESSAGE else int(offsets[level][-1])
        if str(kind) == "string":
            columns[name] = NoTexts(size)
        elif str(kind) == "bool":
            columns[name] = rng.random(size) < 0.3
        else:
            columns[name] = rng.integers(0, 3, size).astype(kind.to_pandas_dtype())
    columns["time"] = np.sort(rng.integers(start, start + span, n))
    columns["recipient_count"] = sizes[Level.RECIPIENT].astype(np.uint16)
    columns["own_recipient_count"] = sizes[Level.RECIPIENT].astype(np.uint16)
    own = key(1, sender)
    values = {
        "sender_key": own,
        "sender_site_key": key(2, site),
        "sender_domain_key": key(2, site),
        "sender_party_key": key(2, site),
        "sender_name_key": key(3, sender),
        "sender_local_name_key": key(3, sender),
        "sender_name_domain_key": np.zeros(n, dtype=np.uint64),
        "reply_to_key": np.where(rng.random(n) < 0.2, own, np.uint64(0)),
        "reply_to_site_key": np.where(rng.random(n) < 0.2, key(2, site), np.uint64(0)),
        "envelope_site_key": key(2, site),
        "network_key": key(4, site // 3 * 5 + rng.integers(0, 2, n)),
        "mailer_key": key(5, sender % 60),
        "header_order_key": key(6, sender % 300),
        "list_key": np.where(sender % 10 == 0, key(7, sender // 10), np.uint64(0)),
        "subject_shape_key": key(8, rng.integers(0, n // 3 + 1, n)),
        "thread_key": key(9, rng.integers(0, n // 3 + 1, n)),
        "parent_key": np.where(rng.random(n) < 0.5, key(10, rng.integers(0, n, n)), np.uint64(0)),
        "own_id_key": key(10, np.arange(n)),
    }
    recipients = int(offsets[Level.RECIPIENT][-1])
    links = int(offsets[Level.LINK][-1])
    files = int(offsets[Level.ATTACHMENT][-1])
    # Everyone has some habitual correspondents, and writes to somebody new one time in twelve.
    owner = np.repeat(sender, sizes[Level.RECIPIENT])
    habit = combine(key(14, owner), key(15, rng.integers(0, 12, recipients))) % np.uint64(max(senders // 5, 5))
    stranger = rng.random(recipients) < 1 / 12
    recipient = np.where(stranger, skewed(rng, recipients, max(senders // 5, 5)), habit.astype(np.int64))
    values |= {
        "recipient_key": key(1, recipient),
        "recipient_site_key": key(2, recipient // 4),
        "link_site_key": key(2, skewed(rng, links, max(senders // 4, 5))),
        "link_shown_site_key": key(2, skewed(rng, links, max(senders // 4, 5))),
        "attachment_type_key": key(11, rng.integers(0, 25, files)),
        "attachment_hash_key": key(12, rng.integers(0, n, files)),
        "variant_key": key(13, np.repeat(site, 8) * 8 + np.tile(np.arange(8), n)),
    }
    return MessageBatch(**(columns | values), offsets=offsets)


def skewed(rng: np.random.Generator, n: int, most: int) -> np.ndarray:
    """Numbers below `most`, the small ones far more often."""
    return (most * rng.random(n) ** 3).astype(np.int64)


def key(kind: int, numbers: np.ndarray) -> np.ndarray:
    """Hashed keys of numbers."""
    return combine(np.full(len(numbers), kind, dtype=np.uint64), numbers.astype(np.uint64) + np.uint64(1))


def bench_replay(n: int) -> dict[str, float]:
    """As-of values of all facts for n messages."""
    batch = synthetic(n, 1)
    before, began = peak(), time.process_time()
    seconds, _ = timed(lambda: replay(batch))
    return {
        "seconds": seconds,
        "cpu_seconds": time.process_time() - began,
        "peak_gb": peak(),
        "columns_gb": before,
        "messages_per_s": n / seconds,
    }


def bench_build(n: int, shards: int) -> dict[str, float]:
    """All facts of n messages from shards of a bounded size, merged as they come, smallest first."""
    total, rows = 0.0, 0
    waiting: list[Any] = []
    for shard in range(shards):
        size = n // shards
        batch = synthetic(size, shard, senders=n // 12, start=START + shard * YEAR // shards, span=YEAR // shards)
        rows += int(batch.offsets[Level.RECIPIENT][-1])
        began = time.process_time()
        waiting.append((1, build(batch)))
        while len(waiting) > 1 and waiting[-1][0] == waiting[-2][0]:
            (a, first), (b, second) = waiting.pop(), waiting.pop()
            waiting.append((a + b, merge(first, second)))
        total += time.process_time() - began
    began = time.process_time()
    while len(waiting) > 1:
        (a, first), (b, second) = waiting.pop(), waiting.pop()
        waiting.append((a + b, merge(first, second)))
    total += time.process_time() - began
    return {
        "cpu_seconds": total,
        "rows": rows,
        "rows_per_s": rows / total,
        "peak_gb": peak(),
        "keys": len(waiting[0][1].keys),
    }


def bench_look_up(keys: int) -> dict[str, float]:
    """One message of three recipients, and many, from a mapped snapshot of about `keys` keys."""
    history = synthetic(keys // 6, 1, senders=keys // 30)
    later = synthetic(20_000, 2, senders=keys // 30, start=START + YEAR)
    with tempfile.TemporaryDirectory() as folder:
        write(build(history), Path(folder) / "1")
        opening, snapshot = timed(lambda: Snapshot.open(Path(folder) / "1"))
        three = [m for m in (later.take(i, i + 1) for i in range(12_000)) if len(m.recipient_key) == 3][:1_500]
        for message in three:
            snapshot.look_up(message)
        one = [timed(lambda m=message: snapshot.look_up(m))[0] for message in three]
        bulk, values = timed(lambda: snapshot.look_up(later))
        overlay = Overlay(snapshot.tables)
        live = []
        for message in three:
            overlay.learn(message)
            live.append(timed(lambda m=message: overlay.look_up(m))[0])
        answers = sum(len(values[fact]) for fact in FACTS.values())
        result = {
            "keys": len(snapshot.tables.keys),
            "open_ms": opening * 1e3,
            "one_p50_us": float(np.percentile(one, 50)) * 1e6,
            "one_p99_us": float(np.percentile(one, 99)) * 1e6,
            "bulk_messages_per_s": len(later) / bulk,
            "bulk_values_per_s": answers / bulk,
            "learn_and_look_up_one_p50_us": float(np.percentile(live, 50)) * 1e6,
        }
        result |= {"open_100_tenants_" + k: v for k, v in bench_many(build(history), Path(folder)).items()}
        day = synthetic(50_000, 3, senders=keys // 30, start=START + YEAR, span=86_400)
        backlog = Overlay(snapshot.tables)
        backlog.learn(day)
        taking, _ = timed(lambda: backlog.look_up(synthetic(1, 4, start=START + 2 * YEAR)))
        giving, since = timed(backlog.tables)
        merging, _ = timed(lambda: merge(snapshot.tables, since))
        result |= {"day_of_50000_learned_s": taking, "day_as_tables_s": giving, "day_merged_s": merging}
    return result


def bench_many(tables: Any, folder: Path) -> dict[str, float]:
    """100 tenants open in one process."""
    for tenant in range(100):
        if tenant == 0:
            write(tables, folder / "t0")
        else:
            (folder / f"t{tenant}").mkdir()
            for name in ("facts.bin", "manifest.json"):
                (folder / f"t{tenant}" / name).hardlink_to(folder / "t0" / name)
    before = private()
    seconds, opened = timed(lambda: [Snapshot.open(folder / f"t{tenant}") for tenant in range(100)])
    message = synthetic(1, 5, start=START + YEAR)
    for snapshot in opened:
        snapshot.look_up(message)
    return {"ms": seconds * 1e3, "private_mb": (private() - before) / 1e6}


def private() -> int:
    """Private memory of this process, bytes (Linux)."""
    lines = Path("/proc/self/smaps_rollup").read_text().splitlines()
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith(("Private_Clean", "Private_Dirty")))


def peak() -> float:
    """Peak memory of this process so far, GB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    """CPU seconds of this thread, and what the work gave."""
    began = time.thread_time()
    result = work()
    return time.thread_time() - began, result


def alone(work: Callable[..., dict[str, float]], *arguments: int) -> dict[str, float]:
    """Runs a measurement in a fresh process."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(work, arguments)


def main() -> None:
    """Measures, and prints JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--messages", type=int, default=1_000_000, help="messages replayed, and then twice as many")
    parser.add_argument("--keys", type=int, default=1_000_000, help="keys of the snapshot looked up in, about")
    parser.add_argument("--rows", type=int, default=0, help="(message, recipient) rows of the bulk build; 0: left out")
    arguments = parser.parse_args()
    n = arguments.messages
    results: dict[str, Any] = {"facts": len(FACTS), "messages": n}
    results["replay"] = alone(bench_replay, n)
    results["replay_twice"] = alone(bench_replay, 2 * n)
    results["replay_ratio"] = results["replay_twice"]["cpu_seconds"] / results["replay"]["cpu_seconds"]
    results["look_up"] = alone(bench_look_up, arguments.keys)
    if arguments.rows:
        results["build"] = alone(bench_build, arguments.rows // 2, max(arguments.rows // 2_000_000, 1))
    print(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()

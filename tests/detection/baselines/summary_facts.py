"""Facts of several cells a key, declared for tests: every kind, at every pair of levels, beside facts of one cell."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from random_mail import random_batch

from detection.baselines.algebra import Count, DistinctCount, Fact, FirstValue, Last, Recent
from detection.baselines.layout import LAYOUT, Layout
from detection.baselines.parts import (
    FROM_US,
    LINK_SHOWN_SITE,
    LINK_SITE,
    NETWORK,
    PARTY,
    RECIPIENT,
    RECIPIENT_SITE,
    SENDER,
    SENDER_SITE,
    TENANT,
)
from detection.baselines.snapshot import build, write
from detection.baselines.summaries import DecayedCount, Rate, SketchedCount, TopValues

DAY = 86_400

FACTS: dict[str, Fact] = {
    "sender_messages": Count((SENDER,)),
    "sender_decayed": DecayedCount((SENDER,), half_life=DAY),
    "wrote_to_decayed": DecayedCount((SENDER, RECIPIENT), FROM_US, (RECIPIENT, SENDER), half_life=7 * DAY),
    "tenant_rate": Rate((TENANT,)),
    "sender_last": Last((SENDER,)),
    "sender_rate": Rate((SENDER,), FROM_US),
    "link_rate": Rate((LINK_SITE,)),
    "sender_about_recipients": SketchedCount((SENDER,), of=RECIPIENT),
    "recipient_about_senders": SketchedCount((RECIPIENT,), of=SENDER),
    "wrote_to_about_people": SketchedCount((SENDER_SITE,), FROM_US, (RECIPIENT_SITE,), of=SENDER),
    "sender_networks": TopValues((SENDER,), of=NETWORK),
    "sender_links": TopValues((SENDER,), of=LINK_SITE),
    "link_parties": TopValues((LINK_SITE,), of=PARTY),
    "link_shown": TopValues((LINK_SITE,), of=LINK_SHOWN_SITE),
    "sender_first_site": FirstValue((SENDER,), of=SENDER_SITE),
    "sender_recipients": DistinctCount((SENDER,), of=RECIPIENT),
    "sender_last_day": Recent((SENDER,), seconds=DAY),
}
SUMMARIES = Layout(FACTS)
LAYOUTS = {"declared": LAYOUT, "summaries": SUMMARIES}


def write_shard(folder: Path, layout: str, shard: int, shards: int) -> Path:
    """Builds every so-many-th message of a history and writes its snapshot, as a worker of a sharded build does."""
    batch = random_batch(400, 11, span=40 * DAY, names=25)
    tables = build(batch, np.arange(len(batch)) % shards == shard, LAYOUTS[layout])
    write(tables, folder / f"{layout}-{shard}")
    return folder / f"{layout}-{shard}"

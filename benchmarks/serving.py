"""Scoring over HTTP, against real `gatehouse serve` processes: latency, rate, memory a tenant, and what is beyond saturation.

    python -m benchmarks.serving [--tenants 100]

Each client keeps one connection and sends its next request when the last is answered, so that a latency is that of a
client which waits; beyond saturation hundreds send at once. Client and server share the machine's cores.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from itertools import islice
from pathlib import Path
from typing import Any

import httpx
import numpy as np

from benchmarks.fleet import tree_cpu
from benchmarks.table import Row
from flows.ports import free_port
from onboarding.activate import activate
from onboarding.baseline import make_baseline
from onboarding.calibrate import make_calibration
from onboarding.connect import connect
from onboarding.database import tenants
from onboarding.database.tokens import Role
from onboarding.ingest import ingest, ingesting
from onboarding.readiness import check_readiness
from onboarding.rehearse import rehearse
from onboarding.run import ONBOARD, running
from onboarding.settings import Settings
from onboarding.sources.simulated.source import SimulatedSource
from onboarding.tokens import create_token
from onboarding.workspace import Workspace, open_workspace

URI = "simulated:seed=21,mailboxes=5,days=40,rate=8"
BATCH = 32
FLOOD = 60
"""Clients that send a batch each at once beyond saturation; a process takes 256 waiting messages."""
LARGE = 8_000_000
"""Bytes of one message where saturation is one of bytes; a process holds 128 MB of requests."""


def rows(active: int, messages: int) -> list[Row]:
    """The lines of the benchmark's table."""
    found = measure(active, messages)
    one, batch, many, flood, large = (found[name] for name in ("one", "batch", "many", "flood", "large"))

    def said(each: dict[str, Any]) -> str:
        return (
            f"p50 {each['p50_ms']:.1f} ms, p99 {each['p99_ms']:.1f} ms; {each['messages_per_second']:,.0f} messages/s"
        )

    return [
        Row(
            what="scoring over HTTP, one message a request, 1 tenant",
            wanted="p50 <= 50 ms, p99 <= 250 ms",
            measured=said(one) + f"; {one['server_cpu_ms']:.1f} ms of the server's CPU each",
            met=one["p50_ms"] <= 50 and one["p99_ms"] <= 250,
            figures=found,
        ),
        Row(
            what=f"scoring over HTTP, batches of {BATCH}, 1 tenant",
            wanted="no fewer messages/s than singly",
            measured=said(batch) + f"; {batch['server_cpu_ms']:.1f} ms of the server's CPU a message",
            reference=f"{one['messages_per_second']:,.0f} messages/s singly",
            met=batch["messages_per_second"] >= one["messages_per_second"],
        ),
        Row(
            what=f"scoring over HTTP, one message a request, {active} active tenants in turn",
            wanted="<= 2 MB of memory a tenant",
            measured=said(many) + f"; {found['kb_a_tenant']:,.0f} KB of resident memory a tenant",
            met=found["kb_a_tenant"] <= 2_000,
        ),
        Row(
            what=f"beyond saturation: {FLOOD} clients send {BATCH} messages each at once",
            wanted="429 with Retry-After, no error, no growth of memory",
            measured=f"{flood['answers'].get('200', 0):,} answered, {flood['answers'].get('429', 0):,} refused, "
            f"{flood['others']} other answers; memory {flood['growth_mb']:+.0f} MB from the second wave to the fifth",
            met=flood["refused_without_retry_after"] == 0
            and flood["others"] == 0
            and flood["answers"].get("429", 0) > 0
            and flood["growth_mb"] < 20,
        ),
        Row(
            what=f"the same in bytes: {FLOOD} clients send one message of {LARGE / 1e6:.0f} MB each at once",
            wanted="429 with Retry-After, no error, no growth of memory",
            measured=f"{large['answers'].get('200', 0):,} answered, {large['answers'].get('429', 0):,} refused, "
            f"{large['others']} other answers; memory {large['growth_mb']:+.0f} MB from the second wave to the last, "
            f"{large['peak_mb']:.0f} MB at the peak where {FLOOD * LARGE / 1e6:.0f} MB are offered at a time",
            met=large["refused_without_retry_after"] == 0
            and large["others"] == 0
            and large["answers"].get("429", 0) > 0
            and large["growth_mb"] < 20,
        ),
    ]


def measure(active: int, messages: int) -> dict[str, Any]:
    """Everything that is reported."""
    folder = Path(tempfile.mkdtemp())
    try:
        workspace = open_workspace(Settings(home=folder / "home", parse_workers=0, heartbeat_seconds=60))
        _onboarded(workspace, "tenant-0000")
        for number in range(1, active):
            copied(workspace, "tenant-0000", f"tenant-{number:04d}")
        token, _ = create_token(workspace, None, Role.PIPELINE, lasts=timedelta(days=1), note="", actor="benchmark")
        workspace.database.close()
        mails = _mails(messages * 4)
        with serving(folder / "home") as (address, pid):
            return asyncio.run(_measured(address, pid, token, mails, active, messages))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


async def _measured(
    address: str, pid: int, token: str, mails: list[bytes], active: int, messages: int
) -> dict[str, Any]:
    limits = httpx.Limits(max_connections=FLOOD, max_keepalive_connections=FLOOD)
    head = {"Authorization": f"Bearer {token}"}
    async with httpx.AsyncClient(base_url=address, headers=head, limits=limits, timeout=120) as client:
        only = ["tenant-0000"]
        await _send(client, pid, only, mails[:20], 1)
        one = await _send(client, pid, only, mails[20 : 20 + messages], 1)
        batch = await _send(client, pid, only, mails[20 + messages : 20 + 2 * messages], BATCH)
        before = _resident_kb(pid)
        everyone = [f"tenant-{number:04d}" for number in range(active)]
        opened = await _send(client, pid, everyone, mails[:active], 1)
        after = _resident_kb(pid)
        many = await _send(client, pid, everyone, mails[20 + 2 * messages : 20 + 3 * messages], 1)
        flood = await _flood(client, pid, mails[-messages:], BATCH)
        padding = (b"A" * 70 + b"\r\n") * (LARGE // 72)
        large = await _flood(client, pid, [mail + padding for mail in mails[-4:]], 1)
    return {
        "one": one,
        "batch": batch,
        "many": many,
        "first_of_a_tenant_p50_ms": opened["p50_ms"],
        "active": active,
        "kb_a_tenant": (after - before) / max(active - 1, 1),
        "resident_mb": after / 1000,
        "flood": flood,
        "large": large,
    }


async def _send(
    client: httpx.AsyncClient, pid: int, names: Sequence[str], mails: Sequence[bytes], size: int
) -> dict[str, Any]:
    """Requests one after the other, each of `size` messages, for the tenants in turn."""
    seconds, cpu, begun = [], tree_cpu(pid), time.perf_counter()
    for at in range(0, len(mails), size):
        name = names[(at // size) % len(names)]
        some = mails[at : at + size]
        sent = time.perf_counter()
        answer = await _post(client, name, some)
        seconds.append(time.perf_counter() - sent)
        answer.raise_for_status()
    took = time.perf_counter() - begun
    p50, p99 = np.percentile(seconds, (50, 99)) * 1e3
    return {
        "p50_ms": float(p50),
        "p99_ms": float(p99),
        "messages_per_second": len(mails) / took,
        "server_cpu_ms": 1e3 * (tree_cpu(pid) - cpu) / len(mails),
    }


async def _post(client: httpx.AsyncClient, name: str, mails: Sequence[bytes]) -> httpx.Response:
    place = f"/v1/tenants/{name}/messages:score"
    if len(mails) == 1:
        return await client.post(place, content=mails[0], headers={"Content-Type": "message/rfc822"})
    return await client.post(place, json={"messages": [{"raw": base64.b64encode(mail).decode()} for mail in mails]})


async def _flood(client: httpx.AsyncClient, pid: int, mails: Sequence[bytes], size: int) -> dict[str, Any]:
    """Waves of clients that all send `size` messages at once, more than may wait."""
    answers: Counter[str] = Counter()
    missing, memory, highest = 0, [], [0]

    async def watched() -> None:
        while True:
            highest[0] = max(highest[0], _resident_kb(pid))
            await asyncio.sleep(0.02)

    watching = asyncio.create_task(watched())
    for wave in range(5):

        async def one(number: int, wave: int = wave) -> httpx.Response | None:
            # Each its own message: what was decided before is answered from memory.
            some = [
                mails[(number + at) % len(mails)].replace(b"Subject: ", f"Subject: {wave}.{number}.{at} ".encode(), 1)
                for at in range(size)
            ]
            try:
                return await _post(client, "tenant-0000", some)
            except httpx.HTTPError:
                return None

        for answer in await asyncio.gather(*(one(number) for number in range(FLOOD))):
            if answer is None:
                answers["no answer"] += 1
                continue
            answers[str(answer.status_code)] += 1
            missing += answer.status_code == 429 and "retry-after" not in answer.headers
        memory.append(_resident_kb(pid))
    watching.cancel()
    return {
        "answers": dict(answers),
        "others": sum(count for code, count in answers.items() if code not in ("200", "429")),
        "refused_without_retry_after": missing,
        "growth_mb": (memory[-1] - memory[1]) / 1000,
        "peak_mb": highest[0] / 1000,
        "resident_mb": [round(kb / 1000) for kb in memory],
    }


def _onboarded(workspace: Workspace, name: str) -> None:
    """A small tenant, active in shadow."""
    source = SimulatedSource(URI)
    with workspace.database.transaction(name) as session:
        tenants.add(
            session,
            name,
            domains=list(source.domains),
            source=source.uri,
            alpha=0.01,
            delta=0.05,
            lookback_days=None,
            actor="benchmark",
        )
    with running(workspace, name, ONBOARD, actor="benchmark") as token:
        sizes = connect(workspace, token)
        with ingesting(workspace, token):
            ingest(workspace, token, list(sizes))
        baseline = make_baseline(workspace, token)
        rehearse(workspace, token)
        calibration = make_calibration(workspace, token, baseline.version)
        readiness = check_readiness(workspace, token, calibration)
        activate(workspace, token, baseline.version, calibration.version, readiness)


def copied(workspace: Workspace, name: str, other: str) -> None:
    """Another tenant with the same files and versions under its own name: rows and folders are copied."""
    from sqlalchemy import insert, select

    from onboarding.database.rows import Row as Rows

    shutil.copytree(workspace.layout(name).root, workspace.layout(other).root)
    with workspace.database.transaction(name) as session:
        found = [
            (
                table,
                [dict(row) for row in session.execute(select(table).where(table.c[_owner(table)] == name)).mappings()],
            )
            for table in Rows.metadata.sorted_tables
            if _owner(table) in table.c and table.name in COPIED
        ]
    with workspace.database.transaction(other) as session:
        for table, values in found:
            if values:
                session.execute(insert(table), [row | {_owner(table): other} for row in values])


COPIED = ("tenants", "baselines", "calibrations", "activations")


def _owner(table: Any) -> str:
    return "name" if table.name == "tenants" else "tenant"


def _mails(count: int) -> list[bytes]:
    """Mail that comes after the history, one copy of each."""
    live = (one.content for one in SimulatedSource(URI).live(400) if isinstance(one.content, bytes))
    return list(islice(dict.fromkeys(live), count))


@contextmanager
def serving(home: Path) -> Iterator[tuple[str, int]]:
    """A `gatehouse serve` of one process; its address and process id."""
    port = free_port(8100)
    command = [str(Path(sys.executable).with_name("gatehouse")), "serve", "--port", str(port)]
    process = subprocess.Popen(
        command, env=os.environ | {"GATEHOUSE_HOME": str(home)}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    address = f"http://127.0.0.1:{port}"
    try:
        deadline = time.monotonic() + 60
        while True:
            try:
                httpx.get(f"{address}/health", timeout=5).raise_for_status()
                break
            except httpx.HTTPError:
                if process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError("gatehouse serve did not start") from None
                time.sleep(0.2)
        yield address, process.pid
    finally:
        process.terminate()
        process.wait(30)


def _resident_kb(pid: int) -> int:
    """Resident memory that is the process's own: without the mapped files, which the system shares and may drop."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("RssAnon:"):
            return int(line.split()[1])
    raise RuntimeError("the system does not say how much memory a process has")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tenants", type=int, default=100)
    parser.add_argument("--messages", type=int, default=500)
    given = parser.parse_args()
    print(json.dumps(measure(given.tenants, given.messages), indent=1))


if __name__ == "__main__":
    main()

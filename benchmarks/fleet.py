"""Many small tenants onboarded side by side on PostgreSQL: tenants an hour, Prefect's share of the CPU, growth a tenant.

    python -m benchmarks.fleet --tenants 200

Our tables and Prefect's are on two PostgreSQL servers, so that the CPU of each can be told apart. What Prefect's client
costs inside the onboarding processes is the difference to the same steps called as plain functions.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from time import perf_counter
from typing import Any

from sqlalchemy import insert, text

from benchmarks.postgresql import NoPostgresqlError, Postgresql, postgresql
from benchmarks.table import Row
from flows import server
from flows.environment import prefect_environment
from onboarding import clock
from onboarding.database import tenants
from onboarding.database.connection import Database
from onboarding.database.mailboxes import Mailbox
from onboarding.database.tenants import Tenant
from onboarding.database.upgrade import upgrade
from onboarding.lifecycle import MailboxState
from onboarding.sources.registry import open_source
from onboarding.sources.simulated.source import SimulatedSource

COMMAND = str(Path(sys.executable).with_name("gatehouse"))
PLAIN = 8
"""Tenants onboarded by plain functions, for what Prefect's client adds."""

MANY = 1_000


def rows(count: int, at_once: int = 2) -> list[Row]:
    """The lines of the benchmark's table."""
    what = f"{count} small tenants (5 mailboxes, 2,000 messages each), PostgreSQL"
    share, status = "Prefect's share of their CPU", f"`gatehouse status` with {MANY:,} tenants"
    try:
        found = measure(count, at_once)
    except NoPostgresqlError as missing:
        return [Row(what=what, wanted="no failure", skipped=str(missing))]
    return [
        Row(
            what=what,
            wanted="no failure",
            measured=f"{found['tenants_per_hour']:,.0f} tenants an hour, {found['failed']} failed; "
            f"{found['cpu_seconds_each']:.1f} CPU s, {found['ours_kb_each']:,.0f} KB in our database and "
            f"{found['prefect_kb_each']:,.0f} KB in Prefect's a tenant",
            met=found["failed"] == 0,
            figures=found,
        ),
        Row(
            what=share,
            wanted="<= 30%",
            measured=f"{100 * found['prefect_share']:.0f}%",
            reference="the same steps as plain functions",
            met=found["prefect_share"] <= 0.30,
        ),
        Row(
            what=status,
            wanted="<= 1 s",
            measured=f"{found['status_seconds']:.2f} s ({found['status_cpu_seconds']:.2f} CPU s)",
            met=found["status_seconds"] <= 1.0,
        ),
    ]


def measure(count: int, at_once: int) -> dict[str, Any]:
    """Everything that is reported, and what it is made of."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)  # the database's user has to reach its part
    with postgresql(folder / "ours") as ours, postgresql(folder / "theirs") as its:
        home = folder / "home"
        upgrade(Database(ours.url))
        names = [f"tenant-{number:04d}" for number in range(count)]
        database = Database(ours.url)
        for number, name in enumerate(names):
            add(database, name, number)
        environment = os.environ | {"GATEHOUSE_HOME": str(home), "GATEHOUSE_DATABASE_URL": ours.url}
        environment |= {"GATEHOUSE_TENANTS_AT_ONCE": str(at_once)}
        setting = prefect_environment(home) | {
            "PREFECT_API_DATABASE_CONNECTION_URL": its.url.replace("postgresql://", "postgresql+asyncpg://", 1)
        }
        os.environ.update(setting)  # for the server, which takes them from here
        address = server.start(home, setting, first_port=4600)
        environment["PREFECT_API_URL"] = address.api_url
        try:
            before = [*(tree_cpu(each.pid) for each in (ours, its, address)), *map(size_of, (ours, its))]
            begun = perf_counter()
            process = subprocess.Popen(
                [COMMAND, "onboard", "--all", "--json"], env=environment, stdout=subprocess.PIPE, text=True
            )
            out, _ = process.stdout.read(), None  # type: ignore[union-attr]
            _, code, used = os.wait4(process.pid, 0)
            seconds = perf_counter() - begun
            after = [*(tree_cpu(each.pid) for each in (ours, its, address)), *map(size_of, (ours, its))]
        finally:
            server.stop(home)
        ended = json.loads(out)
        spent = [b - a for a, b in zip(before, after, strict=True)]
        working = used.ru_utime + used.ru_stime
        plain = plain_cpu(Database(ours.url), home, count) / PLAIN * count
        client = max(working - plain, 0.0)
        total = working + spent[0] + spent[1] + spent[2]
        with database.fleet_session() as session:
            listed = int(session.scalar(text("SELECT sum(listed) FROM mailboxes WHERE tenant LIKE 'tenant-%'")) or 0)
        found = {
            "tenants": count,
            "at_once": at_once,
            "exit_code": os.waitstatus_to_exitcode(code),
            "seconds": seconds,
            "tenants_per_hour": 3600 * count / seconds,
            "outcomes": {outcome: sum(one["outcome"] == outcome for one in ended) for outcome in _outcomes(ended)},
            "failed": sum(one["outcome"] not in ("completed", "held") for one in ended),
            "messages_each": listed / count,
            "cpu_seconds_each": total / count,
            "prefect_share": (client + spent[1] + spent[2]) / total,
            "prefect_client_cpu": client,
            "prefect_server_cpu": spent[2],
            "prefect_database_cpu": spent[1],
            "our_database_cpu": spent[0],
            "onboarding_cpu": working,
            "ours_kb_each": spent[3] / count / 1000,
            "prefect_kb_each": spent[4] / count / 1000,
            "files_kb_each": folder_bytes(home / "tenants") / count / 1000,
        }
        fill(database, MANY - count)
        found |= status_of(environment)
        database.close()
    shutil.rmtree(folder, ignore_errors=True)
    return found


def _outcomes(ended: list[dict[str, Any]]) -> list[str]:
    return sorted({str(one["outcome"]) for one in ended})


def add(database: Database, name: str, seed: int) -> None:
    """A small tenant: 5 mailboxes, some 2,000 messages."""
    uri = f"simulated:seed={1000 + seed},mailboxes=5,days=60,rate=7"
    source = open_source(uri)
    assert isinstance(source, SimulatedSource)
    with database.transaction(name) as session:
        tenants.add(
            session,
            name,
            domains=list(source.domains),
            source=uri,
            alpha=0.01,
            delta=0.05,
            lookback_days=None,
            actor="benchmark",
        )


PLAIN_STEPS = """
import sys, time
from onboarding.workspace import open_workspace
from onboarding.run import ONBOARD, running
from onboarding.stage import Held
from onboarding.connect import connect
from onboarding.ingest import ingest, ingesting
from onboarding.baseline import make_baseline
from onboarding.rehearse import rehearse
from onboarding.calibrate import make_calibration
from onboarding.readiness import check_readiness
from onboarding.activate import activate
from onboarding.run import outcome
from onboarding.report.write import write_report

def whole(workspace, name):
    with running(workspace, name, ONBOARD, actor="benchmark") as token:
        sizes = connect(workspace, token)
        with ingesting(workspace, token):
            ingest(workspace, token, list(sizes))
        baseline = make_baseline(workspace, token)
        rehearse(workspace, token)
        made = make_calibration(workspace, token, baseline.version)
        ready = check_readiness(workspace, token, made)
        activate(workspace, token, baseline.version, made.version, ready)
        write_report(workspace, name, outcome(workspace, name, token.run))

workspace = open_workspace()
begun = time.process_time()
for name in sys.argv[1:]:
    try:
        whole(workspace, name)
    except Held:
        pass
print(time.process_time() - begun)
"""


def plain_cpu(database: Database, home: Path, count: int) -> float:
    """CPU seconds of onboarding `PLAIN` tenants by plain functions, in one process, its start left out."""
    names = [f"plain-{number}" for number in range(PLAIN)]
    for number, name in enumerate(names):
        add(database, name, number)
    url = database.url.render_as_string(hide_password=False)
    done = subprocess.run(
        [sys.executable, "-c", PLAIN_STEPS, *names],
        env=os.environ | {"GATEHOUSE_HOME": str(home), "GATEHOUSE_DATABASE_URL": url},
        capture_output=True,
        text=True,
        check=True,
    )
    return float(done.stdout)


def fill(database: Database, count: int) -> None:
    """Tenants up to so many, each with five mailboxes."""
    if count <= 0:
        return
    at = clock.now()
    common = {"alpha": 1e-3, "delta": 0.05, "tags": [], "overrides": {}, "created_at": at, "updated_at": at}
    names = [f"filler-{number}" for number in range(count)]
    counts = dict.fromkeys(("pages", "duplicates", "skipped"), 0) | {"listed": 5, "written": 5}
    with database.engine.begin() as connection:
        connection.execute(
            insert(Tenant),
            [
                {"name": n, "domains": ["x.example"], "source": "s", "state": "registered", "mode": "off"} | common
                for n in names
            ],
        )
        connection.execute(
            insert(Mailbox),
            [
                {"tenant": n, "name": str(box), "state": MailboxState.INGESTED, "updated_at": at} | counts
                for n in names
                for box in range(5)
            ],
        )


def status_of(environment: dict[str, str]) -> dict[str, float]:
    """The best of three `gatehouse status`: seconds, and CPU seconds."""
    best, cpu = float("inf"), float("inf")
    for _ in range(3):
        begun = perf_counter()
        process = subprocess.Popen([COMMAND, "status"], env=environment, stdout=subprocess.DEVNULL)
        _, code, used = os.wait4(process.pid, 0)
        assert code == 0
        best, cpu = min(best, perf_counter() - begun), min(cpu, used.ru_utime + used.ru_stime)
    return {"status_seconds": best, "status_cpu_seconds": cpu}


def size_of(running: Postgresql) -> int:
    """Bytes of the database, written out."""
    database = Database(running.url)
    with database.engine.connect() as connection:
        connection.execute(text("CHECKPOINT"))
        size = int(connection.scalar(text("SELECT pg_database_size(current_database())")) or 0)
    database.close()
    return size


def tree_cpu(pid: int) -> float:
    """CPU seconds of a process, of those it started, and of those that ended and were waited for."""
    ticks, seconds = os.sysconf("SC_CLK_TCK"), 0.0
    parents: dict[int, list[int]] = {}
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = entry.read_bytes().rpartition(b")")[2].split()
        except OSError:
            continue
        parents.setdefault(int(fields[1]), []).append(int(entry.parent.name))
    waiting = [pid]
    while waiting:
        one = waiting.pop()
        try:
            fields = Path(f"/proc/{one}/stat").read_bytes().rpartition(b")")[2].split()
        except OSError:
            continue
        seconds += sum(int(value) for value in fields[11:15]) / ticks
        waiting += parents.get(one, [])
    return seconds


def folder_bytes(folder: Path) -> int:
    """Bytes of all files in it."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tenants", type=int, default=200)
    parser.add_argument("--at-once", type=int, default=2)
    arguments = parser.parse_args()
    print(json.dumps(measure(arguments.tenants, arguments.at_once), indent=1))

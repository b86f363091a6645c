"""A machine to do harm to: a Gatehouse home, commands in processes of their own, and what must be true afterwards."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import text

from onboarding.database.connection import Database
from onboarding.sources.simulated.source import SimulatedSource

COMMAND = str(Path(sys.executable).with_name("gatehouse"))
FAULTS = Path(__file__).with_name("faults")
SOURCE = "simulated:seed=3,mailboxes=6,days=45,rate=12"
TENANT = "acme"


@dataclass(frozen=True, slots=True)
class Machine:
    """A home, where its database is, and the environment of its commands."""

    home: Path
    environment: dict[str, str] = field(default_factory=dict)
    database_url: str = ""

    def start(self, *arguments: str, faults: Mapping[str, str] | None = None) -> subprocess.Popen[str]:
        """Begins a command in a session of its own. `faults` are those of `faults/sitecustomize.py`, by variable."""
        environment = os.environ | {"GATEHOUSE_HOME": str(self.home)} | self.environment
        if self.database_url:
            environment["GATEHOUSE_DATABASE_URL"] = self.database_url
        if faults:
            path = [str(FAULTS), *filter(None, [os.environ.get("PYTHONPATH")])]
            environment |= {**faults, "PYTHONPATH": os.pathsep.join(path)}
        return subprocess.Popen(
            [COMMAND, *arguments],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def document(self, *arguments: str, code: int = 0, faults: Mapping[str, str] | None = None) -> Any:
        """The JSON document a command printed. Fails when its exit code is another."""
        process = self.start(*arguments, "--json", faults=faults)
        out, err = process.communicate(timeout=300)
        assert process.returncode == code, f"{' '.join(arguments)} ended with {process.returncode}:\n{err}\n{out}"
        return json.loads(out) if out.strip() else None

    def register(self, source: str = SOURCE) -> None:
        """Adds the tenant."""
        if self.database_url:
            self.document("database", "upgrade")
        domain = SimulatedSource(source).domains[0]
        self.document("tenant", "add", TENANT, "--domain", domain, "--source", source, "--budget", "0.01")

    def onboard(self, **how: Any) -> Any:
        """The outcome of the whole way."""
        return self.document("onboard", TENANT, **how)

    def query(self, sql: str) -> list[Any]:
        """Rows of the database, read beside whatever runs."""
        database = Database(self.database_url or f"sqlite:///{self.home / 'gatehouse.db'}")
        try:
            with database.fleet_session() as session:
                return [tuple(row) for row in session.execute(text(sql))]
        finally:
            database.close()

    def wait_for(self, sql: str, seconds: float = 120) -> None:
        """Until the query's first value is true."""
        until = time.monotonic() + seconds
        while not self.query(sql)[0][0]:
            assert time.monotonic() < until, f"not within {seconds} s: {sql}"
            time.sleep(0.05)

    def reads_on(self) -> dict[str, int]:
        """The accounting as the database holds it at this moment. Fails when it does not add up."""
        ((listed, written, duplicates, skipped),) = self.query(
            "SELECT coalesce(sum(listed), 0), coalesce(sum(written), 0), coalesce(sum(duplicates), 0), "
            "coalesce(sum(skipped), 0) FROM mailboxes"
        )
        ((parts, pages),) = self.query(
            "SELECT (SELECT coalesce(sum(listed), 0) FROM parts), (SELECT coalesce(sum(pages), 0) FROM mailboxes)"
        )
        ((recorded,),) = self.query("SELECT count(*) FROM parts")
        ((reasons,),) = self.query("SELECT coalesce(sum(count), 0) FROM skips")
        assert listed == (written - duplicates) + duplicates + skipped
        assert (parts, recorded, reasons) == (listed, pages, skipped)
        names = [file for (file,) in self.query("SELECT file FROM parts WHERE file IS NOT NULL")]
        missing = [name for name in names if not (self.home / "tenants" / TENANT / "mail" / name).exists()]
        assert not missing, f"recorded, and not there: {missing[:3]}"
        return {"listed": int(listed), "written": int(written)}

    def learned(self) -> dict[str, bytes]:
        """What was learned, to the byte, by what it is. Version numbers may differ, contents may not."""
        root = self.home / "tenants" / TENANT
        ((baseline, calibration),) = self.query(
            "SELECT baseline, calibration FROM activations ORDER BY version DESC LIMIT 1"
        )
        found = {
            "facts": root / "baselines" / str(baseline) / "facts.bin",
            "names": root / "baselines" / f"{baseline}-names.parquet",
            "calibration": root / "calibrations" / f"{calibration}.json",
            "history": root / "history" / "history.json",
        }
        found |= {f"history {path.name}": path for path in (root / "history").glob("*/shard-*.parquet")}
        found |= {path.name: path for path in (root / "scores").glob("*.parquet")}
        return {name: path.read_bytes() for name, path in found.items()}

    def leftovers(self) -> list[str]:
        """Drafts, and parts that nobody recorded."""
        root = self.home / "tenants" / TENANT
        recorded = {file for (file,) in self.query("SELECT file FROM parts WHERE file IS NOT NULL")}
        parts = {f"{path.parent.name}/{path.name}" for path in (root / "mail").glob("*/part-*")}
        drafts = [str(path.relative_to(root)) for path in root.rglob(".*")]
        return sorted(parts - recorded) + sorted(drafts)


STANDS = ("state", "mode", "messages", "mailboxes", "history", "calibration", "rehearsal", "findings")
"""Parts of an outcome that an undisturbed run and a disturbed one have in common."""


def kill(process: subprocess.Popen[str]) -> None:
    """SIGKILL to the process and all that it started."""
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()


def same_end(calm: tuple[Any, dict[str, bytes]], machine: Machine, outcome: Any) -> None:
    """Fails unless the machine ended as the undisturbed one did, with nothing left over."""
    expected, learned = calm
    for part in STANDS:
        assert outcome[part] == expected[part], f"{part}: {outcome[part]} instead of {expected[part]}"
    mail = outcome["messages"]
    assert mail["listed"] == mail["stored"] + mail["duplicates"] + sum(mail["skipped"].values())
    machine.reads_on()
    mine = machine.learned()
    assert mine.keys() == learned.keys()
    assert not (differing := [name for name, content in learned.items() if mine[name] != content]), differing

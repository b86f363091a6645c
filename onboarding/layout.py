"""Where everything of a tenant lies on disk: the one place that knows the layout of `GATEHOUSE_HOME`.

    tenants/<tenant>/mail/<mailbox>/part-000001-1a2b3c4d.parquet    messages as columns, one mailbox, as ingested
    tenants/<tenant>/history/                                       the same, one row a mail, in order of time
    tenants/<tenant>/stretches/                                     pieces of a replay that is worked on apart
    tenants/<tenant>/baselines/<n>/  baselines/<n>-names.parquet  calibrations/<n>.json  scores/  report/
    tenants/<tenant>/arrivals/00001764000000-17-ab12cd34.jsonl       live mail as it was decided on, not yet in the store
    tenants/<tenant>/decisions/2026-11-24/<segment>.parquet          every decision on live mail, by the day it was made

Names from outside (tenants, mailboxes) become folder names by `slug`, so that none of them can leave its place.
Of it mail, history and stretches may lie at a URL too, for machines that share no folder (`onboarding.shared`).
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

from onboarding.shared import SharedStore

LIVE = "(live)"
"""The mailbox under which the store keeps what came through the API or was followed."""

LONGEST_SLUG = 100
_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-_@+.")


@dataclass(frozen=True, slots=True)
class TenantLayout:
    """The folders of one tenant under `home` (none of them need exist)."""

    home: Path
    tenant: str
    shared: SharedStore | None = None
    """Where the store lies of which `home` has copies; None when `home` is the store."""

    @property
    def root(self) -> Path:
        """Everything of the tenant, and nothing of another."""
        return self.home / "tenants" / slug(self.tenant)

    def key(self, path: Path) -> str:
        """The name under which a file or folder of the tenant lies at the URL."""
        return path.relative_to(self.home).as_posix()

    @property
    def mail(self) -> Path:
        """The parts, a folder a mailbox."""
        return self.root / "mail"

    def mailbox(self, mailbox: str) -> Path:
        """The parts of one mailbox."""
        return self.mail / slug(mailbox)

    @property
    def history(self) -> Path:
        """The consolidated history."""
        return self.root / "history"

    @property
    def stretches(self) -> Path:
        """Pieces of a replay, while it is worked on."""
        return self.root / "stretches"

    @property
    def made(self) -> Path:
        """What was made from what, so that it is not made again."""
        return self.root / "made.json"

    def baseline(self, version: int) -> Path:
        """One immutable baseline."""
        return self.root / "baselines" / str(version)

    def names(self, baseline: int) -> Path:
        """Texts of the keys of a baseline that reasons may have to name."""
        return self.root / "baselines" / f"{baseline}-names.parquet"

    def recent(self, baseline: int) -> Path:
        """Which of the latest messages a baseline has learned."""
        return self.root / "baselines" / f"{baseline}-recent.npy"

    @property
    def arrivals(self) -> Path:
        """The journal of live mail."""
        return self.root / "arrivals"

    @property
    def decisions(self) -> Path:
        """Every decision on live mail, a folder a day."""
        return self.root / "decisions"

    def calibration(self, version: int) -> Path:
        """One immutable calibration."""
        return self.root / "calibrations" / f"{version}.json"

    @property
    def scores(self) -> Path:
        """Signals and scores of the replay."""
        return self.root / "scores"

    @property
    def tidied(self) -> Path:
        """The day on which it was last looked for labels whose messages are gone."""
        return self.root / "tidied"

    @property
    def report(self) -> Path:
        """The onboarding report."""
        return self.root / "report"


def slug(name: str) -> str:
    """A folder name for any text: safe on every file system, and no two names share one (also where case is ignored).

    Lower-case letters, digits and `-_@+.` stay; every other byte, and a dot at the start, becomes `=xx`. A name that
    gets too long is cut and ends in `~` and 128 bits of its BLAKE2b.

    >>> slug("jane.doe@acme.example"), slug("../x"), slug("Jane"), slug("")
    ('jane.doe@acme.example', '=2e.=2fx', '=4aane', '=')
    """
    coded = "".join(
        char if char in _PLAIN and not (char == "." and at == 0) else _escape(char) for at, char in enumerate(name)
    )
    if len(coded) > LONGEST_SLUG:
        digest = blake2b(name.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
        coded = f"{coded[: LONGEST_SLUG - 33]}~{digest}"
    return coded or "="


def _escape(char: str) -> str:
    return "".join(f"={byte:02x}" for byte in char.encode("utf-8", "surrogatepass"))

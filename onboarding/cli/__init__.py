"""The command line. `main` is the console script `gatehouse`; each module beside this one holds one group of commands.

Every command takes `--json`: one document on standard output (a line a message for `score` and `replay`); people are
spoken to on standard error. Exit codes: 0 done, 1 failed, 2 wrong usage, 3 the tenant is held, 143 stopped by
SIGTERM, 129 by SIGHUP.
"""

from __future__ import annotations

from onboarding.cli.main import main

__all__ = ["main"]

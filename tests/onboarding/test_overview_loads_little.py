"""The list of all tenants answers at once: it loads nothing of what learns, scores or writes reports."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

LISTING = """
import sys
from onboarding.cli import main
try:
    main(["status"])
except SystemExit as ended:
    assert not ended.code, ended.code
print(sorted({"numpy", "pyarrow", "pandas", "prefect", "detection.engine"} & set(sys.modules)))
"""


def test_the_list_of_tenants_loads_neither_the_engine_nor_numpy(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", LISTING],
        env=os.environ | {"GATEHOUSE_HOME": str(tmp_path / "home")},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines()[-1] == "[]"

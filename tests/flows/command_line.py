"""The command `gatehouse` as a user has it: in a process of its own, in a home of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

COMMAND = str(Path(sys.executable).with_name("gatehouse"))


@dataclass(frozen=True, slots=True)
class Gatehouse:
    """The command `gatehouse` in a home of its own."""

    home: Path
    environment: dict[str, str]

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Begins a command and does not wait."""
        return subprocess.Popen(
            [COMMAND, *arguments],
            env=os.environ | self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def run(self, *arguments: str, code: int = 0) -> str:
        """What a command printed. Fails the test when its exit code is another."""
        process = self.start(*arguments)
        out, err = process.communicate(timeout=180)
        assert process.returncode == code, (
            f"gatehouse {' '.join(arguments)} ended with {process.returncode}:\n{err}\n{out}"
        )
        assert "Traceback" not in err, err
        return out

    def document(self, *arguments: str, code: int = 0) -> Any:
        """The JSON document a command printed."""
        return json.loads(self.run(*arguments, "--json", code=code))

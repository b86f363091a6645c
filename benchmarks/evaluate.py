"""What detection is worth on real mail: the table in docs/evaluation.md, and one JSON document on standard output.

    make evaluate                    all tenants in corpora/, and a simulated one; some twenty minutes on two cores
    EVALUATE=quick make evaluate     two of them and fewer attacks; five minutes

Other filters' scores are kept from run to run in the folder that EVALUATE_KEPT names, as they take longest.
What is not there (corpora/, other filters) is skipped, and the page says so. Nothing of the mail goes into the page.
"""

from __future__ import annotations

import os
import sys
import tempfile


def main() -> None:
    """Sets the models aside, so that mail is read once for all of them, and evaluates."""
    mode = os.environ.get("EVALUATE", "full")
    if mode not in ("full", "quick"):
        sys.exit(f"EVALUATE={mode}: it is full or quick")
    with tempfile.TemporaryDirectory(prefix="gatehouse-evaluate-") as folder:
        os.environ["GATEHOUSE_MODELS"] = folder
        # Only now: which models are in force is decided when the engine is first imported.
        from benchmarks.evaluation.run import run

        run(mode, folder)


if __name__ == "__main__":
    main()

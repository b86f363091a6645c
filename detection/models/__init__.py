"""The trained parts of the engine, as files: the shipped ones lie in this folder with their model card.

They are made by `gatehouse model train --from eml:spamassassin --domain spamassassin.taint.org --domain netnoteinc.com
--domain jmason.org --earliest 0.7 --for-others --out detection/models`, the folder holding the SpamAssassin public corpus.

`GATEHOUSE_MODELS` names a folder with others to use in their place, such as ones trained on mail that may not be
passed on. Which files are in force is part of the engine's version, so a tenant is never judged by others than it was
calibrated for.
"""

from __future__ import annotations

import os
from functools import cache
from hashlib import sha256
from pathlib import Path

from detection.models.artifact import Artifact, ArtifactError, read_artifact

__all__ = ["CARD", "SHIPPED", "SIGNALS_MODEL", "TEXT_MODEL", "Artifact", "ArtifactError", "digest", "folder", "load"]

VARIABLE = "GATEHOUSE_MODELS"
SHIPPED = Path(__file__).parent
TEXT_MODEL = "text.model"
SIGNALS_MODEL = "signals.model"
CARD = "CARD.md"


@cache
def folder() -> Path:
    """Where the models in force lie, decided once a process."""
    named = os.environ.get(VARIABLE)
    return Path(named) if named else SHIPPED


def load(name: str) -> Artifact | None:
    """A model in force; None where the folder has none of that name. Raises ArtifactError for one that is damaged."""
    path = folder() / name
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ArtifactError(f"the model {path} cannot be read: {error.strerror}") from error
    return read_artifact(content, str(path))


@cache
def digest() -> str:
    """Names the models in force: 64 hexadecimal digits over their contents."""
    total = sha256()
    for name in (TEXT_MODEL, SIGNALS_MODEL):
        path = folder() / name
        total.update(name.encode() + b"\0" + (path.read_bytes() if path.is_file() else b"") + b"\0")
    return total.hexdigest()

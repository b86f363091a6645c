"""Secrets by name: from the environment, from files, or from Prefect blocks; never from a command line or a parameter.

A secret has a name like `graph-client-secret`. It is looked for, in this order, in

1. the environment variable `GATEHOUSE_SECRET_GRAPH_CLIENT_SECRET` (the name in upper case, `_` for `-`);
2. the file that `GATEHOUSE_SECRET_GRAPH_CLIENT_SECRET_FILE` names;
3. the file `graph-client-secret` in the folder of the setting `secrets_folder` (by default `GATEHOUSE_HOME/secrets`);
4. the Prefect block of type Secret that is called `graph-client-secret`.

What was found is remembered as secret (`onboarding.redaction`): it is taken out of every message and log line.
"""

from __future__ import annotations

import os
import re
import stat
from dataclasses import dataclass, field
from pathlib import Path

from onboarding.orchestration import secret_block
from onboarding.redaction import remember
from onboarding.settings import PREFIX, Settings, load

LARGEST_BYTES = 1_000_000
_NAME = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*")


class SecretError(Exception):
    """A secret is not there, or must not be used as it lies there. Names it and where it was looked for, never its value."""


@dataclass(frozen=True, slots=True)
class Secret:
    """A secret value and where it came from. Printing it shows neither; `reveal()` is for the one call that needs it."""

    name: str
    origin: str
    """Where it was found, for people: `the environment variable GATEHOUSE_SECRET_...`."""
    _value: str = field(repr=False)

    def reveal(self) -> str:
        """The value itself."""
        return self._value

    def __reduce__(self) -> tuple[object, ...]:
        raise TypeError(f"the secret {self.name} is not pickled: pass its name, and look it up where it is used")


def find(name: str, settings: Settings | None = None) -> Secret | None:
    """The secret of a name, or None when it is nowhere.

    Raises SecretError when it is somewhere but cannot be used: a file that others may read, or that holds nothing.
    """
    if not _NAME.fullmatch(name):
        raise SecretError(f"{name!r} is not the name of a secret: lower-case words joined with `-`")
    settings = settings or load()
    variable = variable_of(name)
    if value := os.environ.get(variable, "").strip():
        return _known(name, f"the environment variable {variable}", value)
    if path := os.environ.get(f"{variable}_FILE"):
        return _known(name, f"the file {path}", _read(name, Path(path)))
    path_of_name = folder_of(settings) / name
    if path_of_name.exists():
        return _known(name, f"the file {path_of_name}", _read(name, path_of_name))
    if kept := secret_block(settings, name):
        return _known(name, f"the Prefect block {name}", kept)
    return None


def get(name: str, settings: Settings | None = None) -> Secret:
    """The secret of a name. Raises SecretError, saying where it may be put, when it is nowhere."""
    settings = settings or load()
    found = find(name, settings)
    if found is None:
        raise SecretError(f"the secret {name} is nowhere: {where_to_put(name, settings)}")
    return found


def where_to_put(name: str, settings: Settings) -> str:
    """A sentence on where a secret may be put."""
    return (
        f"put it into the file {folder_of(settings) / name} (readable by its owner only), the environment variable "
        f"{variable_of(name)}, or a Prefect block of type Secret called {name}"
    )


def variable_of(name: str) -> str:
    """The environment variable of a secret.

    >>> variable_of("graph-client-secret")
    'GATEHOUSE_SECRET_GRAPH_CLIENT_SECRET'
    """
    return f"{PREFIX}SECRET_{name.upper().replace('-', '_')}"


def folder_of(settings: Settings) -> Path:
    """Where secrets lie as files."""
    return settings.secrets_folder.expanduser() if settings.secrets_folder else settings.folder / "secrets"


def _read(name: str, path: Path) -> str:
    try:
        state = path.stat()
        if stat.S_ISREG(state.st_mode) and state.st_mode & 0o077 and state.st_uid == os.getuid():
            raise SecretError(f"the secret {name} in {path} may be read by others: `chmod 600 {path}`")
        with path.open("rb") as file:
            content = file.read(LARGEST_BYTES + 1)
    except OSError as error:
        raise SecretError(f"the secret {name} in {path} cannot be read: {error.strerror}") from error
    try:
        text = content.decode().strip()
    except UnicodeDecodeError:
        raise SecretError(f"the secret {name} in {path} is not text") from None
    if not text or len(content) > LARGEST_BYTES:
        raise SecretError(f"the secret {name} in {path} is {'empty' if not text else 'too large to be one'}")
    return text


def _known(name: str, origin: str, value: str) -> Secret:
    remember(value)
    return Secret(name, origin, value)

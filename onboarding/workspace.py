"""What every step works in: settings, database, and the folders of a tenant. Opened once a process, passed to all."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import onboarding.database.models  # noqa: F401 - every table is known before any is written: foreign keys need theirs
from onboarding.database.connection import Database
from onboarding.database.upgrade import open_database
from onboarding.layout import TenantLayout
from onboarding.settings import PREFIX, Settings, SettingsError, load
from onboarding.shared import SharedStore, drop_copies

COPIES = "copies"
COPIES_KEPT_SECONDS = 86_400
"""What was fetched for others' work goes after a day: a tenant may have been removed where it belongs."""


@dataclass(frozen=True, slots=True)
class Workspace:
    """A Gatehouse home. Can be pickled: worker processes get it whole, and those with a home of their own work in that, when
    the store lies at a URL."""

    settings: Settings
    database: Database

    @property
    def home(self) -> Path:
        """The home folder, absolute."""
        return self.settings.folder

    def layout(self, tenant: str) -> TenantLayout:
        """The folders of a tenant."""
        return TenantLayout(self.home, tenant, self.shared)

    @property
    def shared(self) -> SharedStore | None:
        """The store at a URL, of which the home has copies; None when the home is the store."""
        return None if self.settings.store is None else SharedStore(self.settings.store)

    def __reduce__(self) -> tuple[Callable[[Settings, Database], Workspace], tuple[Settings, Database]]:
        return _arrived, (self.settings, self.database)


def open_workspace(settings: Settings | None = None) -> Workspace:
    """The workspace of these settings, by default those of the environment.

    Raises SettingsError for a wrong setting, DatabaseError for a database that cannot be used.
    """
    settings = settings or load()
    if settings.store is not None and (wrong := SharedStore(settings.store).check()):
        raise SettingsError(f"{PREFIX}STORE {wrong}")
    return Workspace(settings, open_database(settings))


def _arrived(settings: Settings, database: Database) -> Workspace:
    """In a process on a machine with another home, it works in a folder there, of copies alone."""
    own = os.environ.get(f"{PREFIX}HOME")
    if settings.store is not None and own and (home := Path(own).expanduser().absolute()) != settings.folder:
        drop_copies(home / COPIES, time.time() - COPIES_KEPT_SECONDS)
        settings = settings.model_copy(update={"home": home / COPIES})
    return Workspace(settings, database)

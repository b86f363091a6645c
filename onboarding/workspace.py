"""What every step works in: settings, database, and the folders of a tenant. Opened once a process, passed to all."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import onboarding.database.models  # noqa: F401 - every table is known before any is written: foreign keys need theirs
from onboarding.database.connection import Database
from onboarding.database.upgrade import open_database
from onboarding.layout import TenantLayout
from onboarding.settings import Settings, load


@dataclass(frozen=True, slots=True)
class Workspace:
    """A Gatehouse home. Can be pickled: worker processes get it whole."""

    settings: Settings
    database: Database

    @property
    def home(self) -> Path:
        """The home folder, absolute."""
        return self.settings.folder

    def layout(self, tenant: str) -> TenantLayout:
        """The folders of a tenant."""
        return TenantLayout(self.home, tenant)


def open_workspace(settings: Settings | None = None) -> Workspace:
    """The workspace of these settings, by default those of the environment.

    Raises SettingsError for a wrong setting, DatabaseError for a database that cannot be used.
    """
    settings = settings or load()
    return Workspace(settings, open_database(settings))

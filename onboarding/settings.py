"""What can be set from outside, by environment variables GATEHOUSE_*; `gatehouse settings` lists it from here."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from annotated_types import BaseMetadata, Ge, Gt, Le, Lt
from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict
from sqlalchemy import URL

PREFIX = "GATEHOUSE_"


class TaskRunner(StrEnum):
    """Where shards of work run."""

    THREADS = "threads"
    PROCESSES = "processes"
    DASK = "dask"


class SettingsError(Exception):
    """A setting has a value that it cannot have. One line: which, what is wrong, what is allowed."""


class Settings(BaseSettings):
    """Everything that can be set. Fields of a tenant's own (budget, lookback) are defaults for new tenants."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, env_ignore_empty=True, extra="ignore")

    home: Path = Field(
        default=Path("~/.gatehouse"),
        description="folder of the embedded database, message store, baselines, calibrations and reports",
    )
    database_url: SecretStr | None = Field(
        default=None,
        description="database instead of SQLite in the home folder, as postgresql+psycopg://user@host/name; "
        "its password is better left to PGPASSFILE",
    )
    store: SecretStr | None = Field(
        default=None,
        description="URL at which messages, history and what is made on the way to a baseline lie, for machines that share no "
        "folder, as s3://bucket/folder; keys are better left to its own variables. Unset: in the home folder",
    )
    task_runner: TaskRunner = Field(
        default=TaskRunner.THREADS, description="where shards of work run: threads, processes or dask"
    )
    dask_address: str | None = Field(
        default=None, description="address of the Dask scheduler, when task_runner is dask"
    )
    workers: int = Field(default=2, ge=1, le=256, description="shards worked on at the same time, per run")
    tenants_at_once: int = Field(
        default=4,
        ge=1,
        le=64,
        description="tenants onboarded at the same time, by the worker of `gatehouse up` and by `gatehouse onboard --all`",
    )
    parse_workers: int = Field(
        default=2, ge=0, le=256, description="processes that parse mail, per run; 0 parses in the worker itself"
    )
    shards: int = Field(
        default=16, ge=1, le=100, description="groups that a tenant's mailboxes are dealt into, each one task"
    )
    alpha: float = Field(
        default=1e-3,
        gt=0,
        lt=0.5,
        description="default budget of a new tenant: share of benign messages that may be flagged",
    )
    delta: float = Field(
        default=0.05, gt=0, lt=0.5, description="one minus the confidence of the promise, for a new tenant"
    )
    lookback_days: int | None = Field(
        default=None, ge=1, le=3650, description="default days of history to read for a new tenant; unset for all"
    )
    early_days: int = Field(
        default=30,
        ge=0,
        le=397,
        description="a new tenant with much mail over the network is switched on in shadow on its newest days, before the "
        "rest is read; 0: never",
    )
    secrets_folder: Path | None = Field(
        default=None, description="folder of files that hold a secret each; unset: secrets in the home folder"
    )
    graph_url: str = Field(
        default="https://graph.microsoft.com/v1.0",
        description="address of Microsoft Graph; sovereign clouds have others",
    )
    graph_authority: str = Field(
        default="https://login.microsoftonline.com", description="where tokens for Microsoft Graph are issued"
    )
    gmail_url: str = Field(default="https://gmail.googleapis.com", description="address of the Gmail API")
    google_directory_url: str = Field(
        default="https://admin.googleapis.com", description="address of Google's Directory API, which lists users"
    )
    google_token_url: str = Field(
        default="https://oauth2.googleapis.com/token", description="where tokens for Google's APIs are issued"
    )
    gmail_user_units: int = Field(
        default=6_000,
        ge=100,
        le=1_000_000,
        description="Gmail quota units a minute for a user; 15000 for projects from before May 2026",
    )
    gmail_message_units: int = Field(
        default=20, ge=1, le=100, description="Gmail quota units to get a message; 5 for projects from before May 2026"
    )
    mailboxes_at_once: int = Field(
        default=16, ge=1, le=256, description="mailboxes that one worker reads at a time from a source over the network"
    )
    decisions_days: int = Field(
        default=400, ge=1, le=3_650, description="days for which decisions, live and in history, are kept"
    )
    actions_days: int = Field(
        default=400,
        ge=1,
        le=3_650,
        description="days for which what was done with live mail is kept; what can still be taken back always is",
    )
    labels_days: int = Field(
        default=1_100,
        ge=1,
        le=3_650,
        description="days for which labels are kept; those of messages that are still in the store always are",
    )
    heartbeat_seconds: float = Field(default=10.0, ge=0.1, le=600, description="how often a run says that it is alive")
    silent_seconds: float = Field(
        default=90.0, ge=1, le=86_400, description="a run elsewhere that has been silent for so long counts as dead"
    )

    @property
    def database_address(self) -> str | URL:
        """The SQLAlchemy URL in use; may hold a password, so it is for connecting, not for showing."""
        if self.database_url is not None:
            return self.database_url.get_secret_value()
        # Not as text, in which a folder's `?` would end the path.
        return URL.create("sqlite", database=str(self.folder / "gatehouse.db"))

    @property
    def folder(self) -> Path:
        """The home folder as an absolute path."""
        return self.home.expanduser().absolute()

    def create_home(self) -> Path:
        """Makes the home folder, readable by its owner only. Raises SettingsError when that is not possible."""
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise SettingsError(f"{PREFIX}HOME={self.home}: the folder cannot be made: {error.strerror}") from error
        return self.folder


def load() -> Settings:
    """The settings of this process's environment. Raises SettingsError, naming the first variable that is wrong."""
    try:
        settings = Settings()
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        name = str(first["loc"][0])
        field = Settings.model_fields.get(name)
        shown = "" if field is not None and _is_secret(name) else "=" + " ".join(str(first["input"]).split())[:80]
        raise SettingsError(f"{PREFIX}{name.upper()}{shown}: {first['msg'][0].lower()}{first['msg'][1:]}") from None
    if settings.task_runner is TaskRunner.DASK and not settings.dask_address:
        raise SettingsError(f"{PREFIX}TASK_RUNNER=dask needs {PREFIX}DASK_ADDRESS, such as tcp://scheduler:8786")
    return settings


@dataclass(frozen=True, slots=True)
class Described:
    """One setting as `gatehouse settings` shows it."""

    variable: str
    value: str
    default: str
    bounds: str
    description: str


def described(settings: Settings) -> Iterator[Described]:
    """Every setting with its value (secrets masked), default and bounds."""
    for name, field in Settings.model_fields.items():
        yield Described(
            variable=f"{PREFIX}{name.upper()}",
            value=_shown(getattr(settings, name)),
            default=_shown(field.default),
            bounds=", ".join(filter(None, map(_bound, field.metadata))),
            description=field.description or "",
        )


def _is_secret(name: str) -> bool:
    return "SecretStr" in str(Settings.model_fields[name].annotation)


def _shown(value: object) -> str:
    return "" if value is None else str(value)


def _bound(bound: BaseMetadata) -> str:
    match bound:
        case Ge():
            return f">= {bound.ge}"
        case Gt():
            return f"> {bound.gt}"
        case Le():
            return f"<= {bound.le}"
        case Lt():
            return f"< {bound.lt}"
    return ""

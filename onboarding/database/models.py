"""Every table, imported so that `Row.metadata` knows them all."""

from onboarding.database.actions import Action
from onboarding.database.activations import Activation
from onboarding.database.audit import AuditEntry
from onboarding.database.canary import DailyCount
from onboarding.database.corrections import CorrectionRow
from onboarding.database.decisions import DecisionRow
from onboarding.database.gates import GateRow
from onboarding.database.labels import Label
from onboarding.database.mailboxes import Mailbox, Part, Skipped
from onboarding.database.rehearsals import RehearsalRow
from onboarding.database.rows import Row
from onboarding.database.runs import Lease, Run
from onboarding.database.steps import StepRow
from onboarding.database.tenants import Tenant
from onboarding.database.tokens import ApiToken
from onboarding.database.tuning import SharedTuning
from onboarding.database.versions import Baseline, Calibration
from onboarding.database.watching import Watched, Watcher

METADATA = Row.metadata

__all__ = [
    "METADATA",
    "Action",
    "Activation",
    "ApiToken",
    "AuditEntry",
    "Baseline",
    "Calibration",
    "CorrectionRow",
    "DailyCount",
    "DecisionRow",
    "GateRow",
    "Label",
    "Lease",
    "Mailbox",
    "Part",
    "RehearsalRow",
    "Run",
    "SharedTuning",
    "Skipped",
    "StepRow",
    "Tenant",
    "Watched",
    "Watcher",
]

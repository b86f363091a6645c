"""Every table, imported so that `Row.metadata` knows them all."""

from onboarding.database.activations import Activation
from onboarding.database.audit import AuditEntry
from onboarding.database.decisions import DecisionRow
from onboarding.database.gates import GateRow
from onboarding.database.mailboxes import Mailbox, Part, Skipped
from onboarding.database.rows import Row
from onboarding.database.runs import Lease, Run
from onboarding.database.steps import StepRow
from onboarding.database.tenants import Tenant
from onboarding.database.versions import Baseline, Calibration

METADATA = Row.metadata

__all__ = [
    "METADATA",
    "Activation",
    "AuditEntry",
    "Baseline",
    "Calibration",
    "DecisionRow",
    "GateRow",
    "Lease",
    "Mailbox",
    "Part",
    "Run",
    "Skipped",
    "StepRow",
    "Tenant",
]

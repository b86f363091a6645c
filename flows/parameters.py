"""What the deployments may be asked, as forms: the UI builds its fields from these models, and Prefect's API refuses a
value outside their bounds before a run exists. Free of Prefect, so that the command line can check as well."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from onboarding.database.tenants import NAME
from onboarding.lifecycle import Step

TenantName = Annotated[str, StringConstraints(min_length=1, max_length=63, pattern=f"^{NAME.pattern}$")]
Tag = Annotated[str, StringConstraints(min_length=1, max_length=100)]

TENANT = "Name of a registered tenant: lower-case letters, digits and hyphens, as `gatehouse tenant list` shows it."


class _Form(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class OnboardTenant(_Form):
    """Takes one tenant from its mail to switched-on detection; goes on where an earlier run stopped."""

    model_config = ConfigDict(title="Onboard a tenant", json_schema_extra={"examples": [{"tenant": "acme"}]})

    tenant: TenantName = Field(title="Tenant", description=TENANT, examples=["acme"])
    until: Step = Field(
        default=Step.ACTIVATE,
        title="Last step",
        description="The run ends after this step. `activate`, the last one, switches detection on; a later run goes on "
        "from wherever this one ends.",
    )


class OneTenant(_Form):
    """One tenant by name."""

    model_config = ConfigDict(title="One tenant")

    tenant: TenantName = Field(title="Tenant", description=TENANT, examples=["acme"])


class TenantsTagged(_Form):
    """Every tenant that carries a tag."""

    model_config = ConfigDict(title="Tenants with a tag")

    tag: Tag = Field(title="Tag", description="As given with `gatehouse tenant add --tag`.", examples=["emea"])


class EveryTenant(_Form):
    """Every tenant there is; said in so many words, so that nothing left out means all."""

    model_config = ConfigDict(title="All tenants")

    every: Literal[True] = Field(default=True, title="Every tenant", description="Every tenant there is.")


Tenants = OneTenant | TenantsTagged | EveryTenant
WHICH = "One tenant by name, all that carry a tag, or every tenant there is."


class RecalibrateTenant(_Form):
    """Sets thresholds again from what is stored. No mail is fetched."""

    model_config = ConfigDict(title="Recalibrate")

    tenants: Tenants = Field(title="Tenants", description=WHICH)
    action: Literal["dry-run", "promote-if-better"] = Field(
        default="dry-run",
        title="What to do with a new calibration",
        description="`dry-run` makes it and leaves in force what is. `promote-if-better` puts it in force when it certifies "
        "its budget, its walk-forward audit is kept and its rehearsed recall is no worse.",
    )


class RefreshBaselines(_Form):
    """Merges what came since into the baselines. No history is read again."""

    model_config = ConfigDict(title="Refresh baselines")

    tenants: Tenants = Field(default=EveryTenant(), title="Tenants", description=WHICH)


class LookAfterTenants(_Form):
    """Does what is due: resume, refresh, recalibrate, advance or drop a mode, retire old versions."""

    model_config = ConfigDict(title="Look after tenants")

    tenants: Tenants = Field(default=EveryTenant(), title="Tenants", description=WHICH)


class WatchTenants(_Form):
    """Follows live mail of active tenants for some minutes."""

    model_config = ConfigDict(title="Watch tenants")

    tenants: Tenants = Field(default=EveryTenant(), title="Tenants", description=WHICH)
    minutes: float = Field(
        default=9.0,
        ge=0.0,
        le=1440.0,
        title="Minutes",
        description="How long this run goes on; the schedule begins the next. 0: one round.",
    )
    every: float = Field(
        default=10.0, ge=0.1, le=3600.0, title="Seconds between rounds", description="How long a round waits for mail."
    )


def label(tenants: Tenants) -> str:
    """The tenants in a word or two, for a run's name."""
    match tenants:
        case OneTenant():
            return tenants.tenant
        case TenantsTagged():
            return f"tag {tenants.tag}"
    return "all tenants"

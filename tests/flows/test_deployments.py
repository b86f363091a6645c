"""The deployments: declared once, the same for Prefect's own tools, with forms that explain themselves and refuse nonsense."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator
from pydantic import ValidationError

from flows.deployments import DEPLOYMENTS, POOL, Declared
from flows.parameters import EveryTenant, OnboardTenant, OneTenant, RecalibrateTenant, TenantsTagged
from onboarding.lifecycle import Step
from onboarding.settings import Settings
from onboarding.shards import deal

ROOT = Path(__file__).parent.parent.parent
FILES = ("prefect.yaml", "prefect.docker.yaml", "prefect.kubernetes.yaml")
STAGES_BESIDE_INGEST = len(Step) - 1


def _declared_in(file: str) -> dict[str, dict[str, Any]]:
    return {one["name"]: one for one in yaml.safe_load((ROOT / file).read_text())["deployments"]}


@pytest.mark.parametrize("file", FILES)
def test_prefects_own_tools_register_what_gatehouse_up_does(file: str) -> None:
    written = _declared_in(file)
    assert list(written) == [declared.name for declared in DEPLOYMENTS]
    for declared in DEPLOYMENTS:
        one = written[declared.name]
        assert one["entrypoint"] == declared.entrypoint
        assert one["description"] == declared.description
        assert one["parameters"] == declared.parameters
        assert [schedule["cron"] for schedule in one.get("schedules", [])] == ([declared.cron] if declared.cron else [])
        assert one.get("concurrency_limit") == declared.most_at_once
        assert one["work_pool"]["name"].startswith(POOL)


@pytest.mark.parametrize("file", FILES[1:])
def test_containers_share_a_database_and_hold_no_password(file: str) -> None:
    for one in _declared_in(file).values():
        environment = one["work_pool"]["job_variables"]["env"]
        assert environment["GATEHOUSE_DATABASE_URL"].startswith("postgresql+psycopg://")
        assert ":" not in environment["GATEHOUSE_DATABASE_URL"].partition("://")[2]
        assert all(isinstance(value, str) for value in environment.values()), "environments are text"
        known = {f"GATEHOUSE_{name.upper()}" for name in Settings.model_fields}
        assert {name for name in environment if name.startswith("GATEHOUSE_")} <= known


def test_the_cluster_gives_a_worker_what_it_needs_and_no_more() -> None:
    parts = {part["kind"]: part for part in yaml.safe_load_all((ROOT / "deploy" / "kubernetes.yaml").read_text())}
    pool = _declared_in("prefect.kubernetes.yaml")["onboard-tenant"]["work_pool"]
    args = parts["Deployment"]["spec"]["template"]["spec"]["containers"][0]["args"]
    assert args[args.index("--pool") + 1] == pool["name"]
    assert pool["job_variables"]["namespace"] == parts["Namespace"]["metadata"]["name"]
    assert pool["job_variables"]["service_account_name"] == parts["ServiceAccount"]["metadata"]["name"]
    assert not any("*" in rule["verbs"] or "secrets" in rule["resources"] for rule in parts["Role"]["rules"])


@pytest.mark.parametrize("declared", DEPLOYMENTS, ids=lambda declared: declared.name)
def test_a_form_explains_itself_and_accepts_its_own_defaults(declared: Declared) -> None:
    from prefect.flows import load_flow_from_entrypoint

    flow = load_flow_from_entrypoint(declared.entrypoint)
    assert flow.name == declared.name
    schema = flow.parameters.model_dump()
    definitions = schema.get("definitions", {})
    for name, form in definitions.items():
        for field, shown in form.get("properties", {}).items():
            assert shown.get("title"), f"{name}.{field} has no title"
            assert shown.get("description"), f"{name}.{field} has no description"
    whole = {**schema, "$defs": definitions}
    if declared.parameters:
        Draft202012Validator(whole).validate(dict(declared.parameters))
    if schema["properties"]:
        assert not Draft202012Validator(whole).is_valid({"request": {"tenants": {"tenant": "../x"}, "tenant": "../x"}})


def test_nonsense_is_refused_before_a_run_exists() -> None:
    for wrong in (
        {"tenant": "No Such!"},
        {"tenant": ""},
        {"tenant": "acme", "until": "never"},
        {"tenant": "a", "x": 1},
    ):
        with pytest.raises(ValidationError):
            OnboardTenant.model_validate(wrong)
    for wrong in ({"tenants": {}, "action": "promote"}, {"tenants": {"tenant": "a", "tag": "b"}}, {}):
        with pytest.raises(ValidationError):
            RecalibrateTenant.model_validate(wrong)


@pytest.mark.parametrize(
    ("given", "kind"),
    [({"tenant": "acme"}, OneTenant), ({"tag": "emea"}, TenantsTagged), ({"every": True}, EveryTenant)],
)
def test_which_tenants_is_told_by_what_is_said(given: dict[str, Any], kind: type) -> None:
    assert isinstance(RecalibrateTenant.model_validate({"tenants": given}).tenants, kind)


def test_a_tenant_of_5000_mailboxes_is_150_task_runs_at_most() -> None:
    names = [f"mailbox-{number}" for number in range(5000)]
    most = next(bound.le for bound in Settings.model_fields["shards"].metadata if hasattr(bound, "le"))
    groups = deal(names, dict.fromkeys(names, 1), most)
    assert sorted(name for group in groups for name in group) == sorted(names)
    assert len(groups) + STAGES_BESIDE_INGEST <= 150

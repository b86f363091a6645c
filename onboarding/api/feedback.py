"""What a person says of a message, over HTTP."""

from __future__ import annotations

from typing import Any, Literal

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field

from onboarding.api.access import Analyst
from onboarding.feedback import give_feedback
from onboarding.shown import feedback_shown

router = APIRouter(prefix="/v1/tenants/{tenant}/feedback", tags=["feedback"])


class Verdict(BaseModel):
    """A message by its Message-ID, and what it is. Where several carry it the answer is 409 and lists them."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "example": {"message_id": "4711@partner.example", "verdict": "safe", "reason": "known vendor"}
        },
    )

    message_id: str = Field(min_length=1, max_length=998)
    verdict: Literal["safe", "attack"]
    reason: str = Field(default="", max_length=2_000)
    messages: list[str] = Field(
        default_factory=list, max_length=100, description="those meant, by the names that an answer 409 lists"
    )


@router.post("", status_code=201)
def feedback(tenant: str, said: Verdict, request: Request, grant: Analyst) -> dict[str, Any]:
    """Labels the message; one that was flagged and is safe is corrected at once, if it is authentic."""
    heard = give_feedback(
        request.app.state.workspace,
        tenant,
        said.message_id,
        said.verdict,
        reason=said.reason,
        actor=f"token {grant.token}",
        messages=said.messages,
    )
    return feedback_shown(tenant, said.message_id, said.verdict, heard)

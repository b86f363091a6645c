"""Up to twenty requests in one: `$batch`, whose answer is 200 though items of it were refused.

"Combine multiple HTTP requests using JSON batching" in Microsoft's documentation: items come back in any order, and an item
that is not JSON comes in base64.
"""

from __future__ import annotations

import base64
import binascii
from collections import Counter, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from onboarding.sources.graph.listing import IMMUTABLE
from onboarding.sources.network.client import Client, Request
from onboarding.sources.network.faults import Answer, Trouble
from onboarding.sources.network.retry import wait_before
from onboarding.sources.network.width import Width

MOST = 20
MOST_BYTES = 3_000_000
"""Of contents in one batch: an answer takes a third more than what is in it."""

TRIES = 6
"""An item that fails so often alone, while others of its batch come, is given up."""


@dataclass(frozen=True, slots=True)
class Item:
    """One GET in a batch. `weight`: about how many bytes it brings."""

    key: str
    url: str
    weight: int = 1_000


@dataclass(frozen=True, slots=True)
class Batches:
    """Batches of one mailbox; `width` is how many items go into one, learned from refusals."""

    client: Client
    mailbox: str
    width: Width = field(default_factory=lambda: Width(MOST, MOST))

    def get(self, items: Sequence[Item], what: str) -> dict[str, Answer]:
        """The answer to each item by its key: a good one, a refusal that stays, or the last trouble after `TRIES` tries.

        Throttled items are asked again for as long as it takes. Raises ProviderError when batches themselves fail.
        """
        answers: dict[str, Answer] = {}
        tries: Counter[str] = Counter()
        waiting = deque(items)
        throttled = 0
        while waiting:
            chosen = self._next(waiting)
            request = Request(
                what=f"{what} of {self.mailbox}",
                mailbox=self.mailbox,
                url="$batch",
                method="POST",
                body={
                    "requests": [
                        {"id": str(at), "method": "GET", "url": f"/{item.url}", "headers": IMMUTABLE}
                        for at, item in enumerate(chosen)
                    ]
                },
                cost=len(chosen),
                paid=True,
            )
            came = _by_id(self.client.json(request))
            slow: list[Answer] = []
            worst = 0
            for at, item in enumerate(chosen):
                answer = came.get(str(at), Answer(0))
                trouble = Trouble.BROKEN if answer.status == 0 else self.client.judge(answer)
                self.client.counts.sent()
                if trouble is None:
                    self.client.counts.came(len(answer.content), good=answer.good)
                    answers[item.key] = answer
                    continue
                self.client.counts.trouble(trouble)
                if trouble is Trouble.THROTTLED:
                    slow.append(answer)
                    waiting.append(item)
                    continue
                tries[item.key] += 1
                worst = max(worst, tries[item.key])
                if tries[item.key] < TRIES:
                    waiting.append(item)
                else:
                    answers[item.key] = answer
            if slow:
                granted = len(chosen) - len(slow)
                if granted:
                    self.client.pacer.accepted(self.mailbox, granted)
                # In a row are batches of which nothing was granted: a few items refused of many leave the way open.
                throttled = 1 if granted else throttled + 1
                crowded = any(self.client.dialect.crowded(one, self.client.dialect.said(one)) for one in slow)
                if crowded:
                    self.width.refused()
                self.client.pacer.refused(
                    self.mailbox,
                    slow[-1],
                    throttled,
                    units=len(slow),
                    overspent=not crowded,
                    requests=len(slow),
                )
            else:
                throttled = 0
                self.client.pacer.accepted(self.mailbox, len(chosen))
                self.width.accepted()
                if worst and waiting:
                    self.client.pause(wait_before(Trouble.UNAVAILABLE, worst, None) or 0.0)
        return answers

    def _next(self, waiting: deque[Item]) -> list[Item]:
        """The items of the next batch, paid for."""
        chosen: list[Item] = []
        weight = 0
        while waiting and len(chosen) < min(int(self.width), MOST):
            if chosen and weight + waiting[0].weight > MOST_BYTES:
                break
            weight += waiting[0].weight
            chosen.append(waiting.popleft())
        units = self.client.pay(self.mailbox, len(chosen), least=1)
        waiting.extendleft(reversed(chosen[units:]))
        return chosen[:units]


def _by_id(document: Any) -> dict[str, Answer]:
    responses = document.get("responses") if isinstance(document, Mapping) else None
    return {str(each.get("id")): _answer(each) for each in responses or () if isinstance(each, Mapping)}


def _answer(response: Mapping[str, Any]) -> Answer:
    headers = {str(name).lower(): str(value) for name, value in (response.get("headers") or {}).items()}
    body = response.get("body")
    if not isinstance(body, str):
        return Answer(int(response.get("status") or 0), headers, b"", body)
    try:
        content = base64.b64decode(body, validate=True)
    except (binascii.Error, ValueError):
        content = body.encode("utf-8", "surrogateescape")
    return Answer(int(response.get("status") or 0), headers, content)

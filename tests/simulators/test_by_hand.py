"""Mail arrives at a running simulator by hand: received now, whatever the file says; and cursors are forgotten."""

from __future__ import annotations

import json
import time

from simulators.hand import by_hand
from simulators.organisation import Organisation
from simulators.server import Asked, Reply

ANN = "ann@acme.example"
OLD = b"Message-ID: <1@shop.example>\r\nDate: Mon, 1 Jan 2018 10:00:00 +0000\r\n\r\nhello\r\n"


def test_a_message_arrives_now_and_is_found_and_cursors_are_forgotten() -> None:
    organisation, forgotten, now = Organisation(), [0], time.time()
    organisation.open(ANN)

    def ask(method: str, what: str, query: str = "", body: bytes = b"") -> Reply | None:
        asked = Asked(method, what, query, {}, body)
        return by_hand(asked, organisation, lambda: forgotten.append(1), now)

    assert ask("GET", "/v1.0/users") is None
    delivered = ask("POST", "/simulator/deliver", f"mailbox={ANN}", OLD)
    assert delivered is not None
    assert delivered.status == 200
    (item,) = organisation.boxes[ANN].items.values()
    assert item.received == int(now)
    assert item.bytes().startswith(b"Received: ")
    assert item.bytes().endswith(OLD)
    found = ask("GET", "/simulator/find", "message-id=<1@shop.example>")
    assert found is not None
    assert json.loads(found.body)[0]["folder"] == "Inbox"
    ask("POST", "/simulator/forget")
    assert forgotten == [0, 1]
    for query in ("mailbox=nobody@acme.example", f"mailbox={ANN}&received=soon", f"mailbox={ANN}&folder=cellar"):
        refused = ask("POST", "/simulator/deliver", query, OLD)
        assert refused is not None
        assert refused.status == 400

"""Google's own client works against the simulator: tokens, users, messages, labels, history, errors, modification."""

from __future__ import annotations

import base64
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from detection.mail.message import Folder
from simulators.faults import FaultPlan
from simulators.gmail import ADMIN, METADATA, MODIFY, READ, USERS, Gmail
from simulators.gmail_store import gmail_id
from simulators.limits import Limit
from simulators.organisation import Organisation

discovery = pytest.importorskip("googleapiclient.discovery")
ANN = "ann@acme.example"


def mail(number: int) -> bytes:
    return (
        f"From: Bob <bob@partner.example>\r\nTo: {ANN}\r\nSubject: note {number}\r\nMessage-ID: <{number}@partner.example>\r\n"
        f"\r\nhello {number}\r\n"
    ).encode()


@pytest.fixture
def organisation() -> Organisation:
    made = Organisation()
    for address in (ANN, "bob@acme.example", "cyd@acme.example"):
        made.open(address)
    now = int(time.time()) - 5000
    for number in range(25):
        made.deliver(ANN, mail(number), now + 60 * number, Folder.SENT if number % 5 == 0 else Folder.INBOX)
    return made


Service = Callable[..., Any]


@pytest.fixture
def gmail(organisation: Organisation) -> Iterator[Gmail]:
    served = Gmail(organisation, delegated=(USERS, READ, METADATA, MODIFY))
    with served.running():
        yield served


def service(gmail: Gmail, api: str, version: str, scope: str, subject: str) -> Any:
    """Google's client, as its documentation makes it, but for the address."""
    from google.oauth2 import service_account

    credentials = service_account.Credentials.from_service_account_info(gmail.key(), scopes=[scope], subject=subject)
    return discovery.build(
        api, version, credentials=credentials, client_options={"api_endpoint": gmail.address}, static_discovery=True
    )


def test_users_are_listed_page_by_page(gmail: Gmail) -> None:
    users = service(gmail, "admin", "directory_v1", USERS, ADMIN).users()
    request, found = users.list(domain="acme.example", maxResults=2), []
    while request is not None:
        answer = request.execute()
        found += [user["primaryEmail"] for user in answer["users"]]
        request = users.list_next(request, answer)
    assert found == [ANN, "bob@acme.example", "cyd@acme.example"]


def test_messages_are_listed_and_read_as_mime_and_as_headers(gmail: Gmail, organisation: Organisation) -> None:
    messages = service(gmail, "gmail", "v1", READ, ANN).users().messages()
    request, found = messages.list(userId="me", maxResults=10, includeSpamTrash=True), []
    while request is not None:
        answer = request.execute()
        found += [one["id"] for one in answer["messages"]]
        request = messages.list_next(request, answer)
    items = {gmail_id(item.id): item for item in organisation.boxes[ANN].items.values()}
    assert sorted(found) == sorted(items)
    times = [items[one].received for one in found]
    assert times == sorted(times, reverse=True)
    raw = messages.get(userId=ANN, id=found[0], format="raw").execute()
    assert base64.urlsafe_b64decode(raw["raw"]) == items[found[0]].bytes()
    assert int(raw["internalDate"]) == items[found[0]].received * 1000
    shown = messages.get(userId=ANN, id=found[0], format="metadata", metadataHeaders=["Subject"]).execute()
    assert [one["name"] for one in shown["payload"]["headers"]] == ["Subject"]
    middle = items[found[12]].received
    early = messages.list(userId=ANN, q=f"before:{middle}", labelIds=["SENT"]).execute()
    wanted = {
        key for key, item in items.items() if item.received < middle and int(item.received) and item.id in sent(gmail)
    }
    assert {one["id"] for one in early["messages"]} == wanted
    labels = service(gmail, "gmail", "v1", READ, ANN).users().labels().list(userId="me").execute()["labels"]
    assert {"INBOX", "SENT", "SPAM", "TRASH"} <= {one["id"] for one in labels}


def sent(gmail: Gmail) -> set[str]:
    return gmail.mailboxes[ANN].sent


def test_history_says_what_was_added_and_what_was_moved(gmail: Gmail, organisation: Organisation) -> None:
    users = service(gmail, "gmail", "v1", MODIFY, ANN).users()
    start = users.getProfile(userId="me").execute()["historyId"]
    new = organisation.deliver(ANN, mail(99), int(time.time()))
    old = gmail_id(min(organisation.boxes[ANN].items))
    moved = users.messages().modify(userId="me", id=old, body={"addLabelIds": ["SPAM"], "removeLabelIds": ["INBOX"]})
    assert "SPAM" in moved.execute()["labelIds"]
    history = users.history().list(userId="me", startHistoryId=start).execute()
    added = [one["message"]["id"] for each in history["history"] for one in each.get("messagesAdded", ())]
    labelled = [one["message"]["id"] for each in history["history"] for one in each.get("labelsAdded", ())]
    assert added == [gmail_id(new.id)]
    assert labelled == [old]
    assert "history" not in users.history().list(userId="me", startHistoryId=history["historyId"]).execute()


def test_errors_come_as_google_s_client_knows_them(gmail: Gmail) -> None:
    from google.auth.exceptions import RefreshError
    from googleapiclient.errors import HttpError

    def status(request: Any) -> tuple[int, str]:
        with pytest.raises(HttpError) as caught:
            request.execute()
        return caught.value.resp.status, caught.value.error_details[0]["reason"]

    headers = service(gmail, "gmail", "v1", METADATA, ANN).users()
    some = headers.messages().list(userId="me").execute()["messages"][0]["id"]
    assert status(headers.messages().list(userId="me", q="after:1")) == (403, "forbidden")
    assert status(headers.messages().get(userId="me", id=some, format="raw")) == (403, "forbidden")
    assert status(headers.messages().get(userId="bob@acme.example", id=some)) == (403, "forbidden")
    gmail.forget_history()
    assert status(headers.history().list(userId="me", startHistoryId="1")) == (404, "notFound")
    assert status(headers.messages().get(userId="me", id="0" * 16, format="metadata")) == (404, "notFound")
    with pytest.raises(RefreshError, match="Invalid email"):
        service(gmail, "gmail", "v1", READ, "nobody@acme.example").users().getProfile(userId="me").execute()
    gmail.delegated = (USERS,)
    with pytest.raises(RefreshError, match="unauthorized_client"):
        service(gmail, "gmail", "v1", MODIFY, ANN).users().getProfile(userId="me").execute()


def test_google_s_client_itself_waits_out_a_throttle_and_renews_a_token(organisation: Organisation) -> None:
    served = Gmail(organisation, FaultPlan(token_requests=4), Limit(units=10, seconds=1.5))
    with served.running():
        messages = service(served, "gmail", "v1", READ, ANN).users().messages()
        for _ in range(5):
            messages.list(userId="me").execute(num_retries=5)
    assert served.meter.refused > 0
    assert len(served.tokens) > 1

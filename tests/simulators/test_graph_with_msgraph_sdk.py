"""Microsoft's own client works against the simulator: users, folders, messages, MIME, delta, batch of errors, move."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from typing import Any

import pytest

from detection.mail.message import Folder
from simulators.faults import FaultPlan
from simulators.graph import Graph
from simulators.organisation import Organisation

pytestmark = pytest.mark.filterwarnings("ignore:This class is deprecated:DeprecationWarning")
msgraph = pytest.importorskip("msgraph")
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


def client(graph: Graph, address: str) -> Any:
    """The SDK's client, as its documentation makes it, but for the address."""
    from azure.core.credentials import AccessToken
    from kiota_authentication_azure.azure_identity_authentication_provider import AzureIdentityAuthenticationProvider
    from msgraph import GraphRequestAdapter, GraphServiceClient

    class Credential:
        def get_token(self, *scopes: str, **_: Any) -> AccessToken:
            return AccessToken(graph._issue(), int(time.time()) + 3000)

        def close(self) -> None:
            pass

    provider = AzureIdentityAuthenticationProvider(
        Credential(), scopes=["https://graph/.default"], allowed_hosts=["127.0.0.1"]
    )  # type: ignore[arg-type]
    provider.access_token_provider._isLoopback = True  # type: ignore[attr-defined]
    adapter = GraphRequestAdapter(provider)
    adapter.base_url = f"{address}/v1.0"
    return GraphServiceClient(request_adapter=adapter)


@pytest.fixture
def served(organisation: Organisation) -> Iterator[tuple[Graph, str]]:
    graph = Graph(organisation, roles=("User.Read.All", "Mail.ReadWrite"))
    with graph.running() as address:
        yield graph, address


def test_users_folders_messages_and_mime(served: tuple[Graph, str], organisation: Organisation) -> None:
    from kiota_abstractions.base_request_configuration import RequestConfiguration
    from msgraph.generated.users.item.messages.messages_request_builder import MessagesRequestBuilder
    from msgraph.generated.users.users_request_builder import UsersRequestBuilder

    async def drive() -> None:
        graph = client(*served)
        query = UsersRequestBuilder.UsersRequestBuilderGetQueryParameters(select=["id", "mail"], top=2)
        users = await graph.users.get(RequestConfiguration(query_parameters=query))
        assert [user.mail for user in users.value] == [ANN, "bob@acme.example"]
        more = await graph.users.with_url(users.odata_next_link).get()
        assert [user.mail for user in more.value] == ["cyd@acme.example"]
        folders = await graph.users.by_user_id(ANN).mail_folders.get()
        assert {folder.display_name for folder in folders.value} >= {"Inbox", "Sent Items"}
        inbox = await graph.users.by_user_id(ANN).mail_folders.by_mail_folder_id("inbox").get()
        assert inbox.total_item_count == 20
        listing = MessagesRequestBuilder.MessagesRequestBuilderGetQueryParameters(
            select=["id", "receivedDateTime", "internetMessageHeaders", "parentFolderId"],
            orderby=["receivedDateTime desc"],
            top=10,
            count=True,
        )
        configuration = RequestConfiguration(query_parameters=listing)
        configuration.headers.add("Prefer", 'IdType="ImmutableId"')
        found = await graph.users.by_user_id(ANN).messages.get(configuration)
        assert found.odata_count == 25
        seen = list(found.value)
        while found.odata_next_link:
            found = await graph.users.by_user_id(ANN).messages.with_url(found.odata_next_link).get()
            seen += found.value
        assert {message.id for message in seen} == set(organisation.boxes[ANN].items)
        times = [message.received_date_time for message in seen]
        assert times == sorted(times, reverse=True)
        for message in seen:
            sent = message.parent_folder_id != inbox.id
            assert bool(message.internet_message_headers) is not sent
        mime = await graph.users.by_user_id(ANN).messages.by_message_id(seen[0].id).content.get()
        assert mime == organisation.boxes[ANN].items[seen[0].id].bytes()

    asyncio.run(drive())


def test_delta_and_move(served: tuple[Graph, str], organisation: Organisation) -> None:
    from msgraph.generated.users.item.messages.item.move.move_post_request_body import MovePostRequestBody

    async def drive() -> None:
        graph = client(*served)
        messages = graph.users.by_user_id(ANN).mail_folders.by_mail_folder_id("inbox").messages
        found: list[Any] = []
        page = await messages.delta.get()
        while True:
            found += page.value
            if page.odata_delta_link:
                break
            page = await messages.delta.with_url(page.odata_next_link).get()
        assert len(found) == 20
        new = organisation.deliver(ANN, mail(99), int(time.time()))
        gone = found[0].id
        await (
            graph.users.by_user_id(ANN)
            .messages.by_message_id(gone)
            .move.post(MovePostRequestBody(destination_id="junkemail"))
        )
        after = await messages.delta.with_url(page.odata_delta_link).get()
        changes = {message.id: message.additional_data for message in after.value}
        assert set(changes) == {new.id, gone}
        assert "@removed" in changes[gone]
        assert organisation.boxes[ANN].items[gone].folder == organisation.boxes[ANN].folder(Folder.JUNK).id

    asyncio.run(drive())


def test_errors_come_as_the_sdk_knows_them(organisation: Organisation) -> None:
    from msgraph.generated.models.o_data_errors.o_data_error import ODataError

    graph = Graph(organisation, FaultPlan(unlicensed=("bob@acme.example",)))
    with graph.running() as address:

        async def drive() -> None:
            sdk = client(graph, address)
            for user, status, code in (
                ("bob@acme.example", 404, "MailboxNotEnabledForRESTAPI"),
                ("nobody@acme.example", 404, "Request_ResourceNotFound"),
            ):
                with pytest.raises(ODataError) as caught:
                    await sdk.users.by_user_id(user).messages.get()
                assert caught.value.response_status_code == status
                assert caught.value.error is not None
                assert caught.value.error.code == code

        asyncio.run(drive())


def test_the_sdk_itself_waits_out_a_throttle(organisation: Organisation) -> None:
    from simulators.limits import Limit

    graph = Graph(organisation, limit=Limit(units=3, seconds=2.0))
    with graph.running() as address:

        async def drive() -> None:
            sdk = client(graph, address)
            for _ in range(5):
                await sdk.users.by_user_id(ANN).messages.get()

        asyncio.run(drive())
    assert graph.meter.refused > 0

"""Microsoft Graph on this machine, as far as mail goes: users, folders, messages, MIME, delta, move, $batch, and its tokens.

Faithful to the documentation in what it answers and refuses, so that Microsoft's own SDK works against it. Run it:

    python -m tests.simulators.graph --port 8365 --simulated size=small

and it prints what to set so that `gatehouse` reads the organisation from it.
"""

from __future__ import annotations

import base64
import json
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import Any
from urllib.parse import parse_qs, parse_qsl, quote, unquote, urlsplit

from .faults import Dice, Fault, FaultPlan
from .graph_messages import shown, stamp, window
from .hand import by_hand
from .limits import Limit, Meter
from .organisation import Box, Change, Item, Organisation
from .server import Asked, Reply, serving

ALL_ROLES = ("User.Read.All", "Mail.Read")
FILTERED_DELTA_MOST = 5_000
BATCH_MOST = 20


class Refusal(Exception):  # noqa: N818 - an answer, not a mistake
    """An error as Graph words it."""

    def __init__(self, status: int, code: str, message: str, **headers: str) -> None:
        super().__init__(message)
        self.reply = Reply(
            status,
            {"content-type": "application/json", **{name.replace("_", "-"): value for name, value in headers.items()}},
            json.dumps(
                {"error": {"code": code, "message": message, "innerError": {"date": stamp(int(time.time()))}}}
            ).encode(),
        )


@dataclass(slots=True)
class Graph:
    """One customer's tenant. `roles` are the application permissions granted; change them while it runs."""

    organisation: Organisation
    plan: FaultPlan = field(default_factory=FaultPlan)
    limit: Limit = field(default_factory=Limit)
    tenant: str = "11111111-2222-3333-4444-555555555555"
    client_id: str = "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee"
    client_secret: str = "planted~client~secret~of~the~simulator"
    thumbprints: tuple[str, ...] = ()
    """SHA-1 or SHA-256 thumbprints of certificates that are accepted, as they stand in a client assertion."""
    roles: tuple[str, ...] = ALL_ROLES
    forbidden: tuple[str, ...] = ()
    """Mailboxes kept from the app by an access policy."""
    now: Any = time.time
    address: str = ""
    meter: Meter = field(init=False)
    dice: Dice = field(init=False)
    tokens: dict[str, tuple[int, float]] = field(default_factory=dict)
    """Issued tokens: requests made with each, and when it ends."""
    asked: dict[str, int] = field(default_factory=dict)
    """Requests to each mailbox."""
    lost_before: int = -1
    """Delta tokens of states before this are forgotten."""
    moves: list[tuple[str, str, str]] = field(default_factory=list)
    listed: set[str] = field(default_factory=set)
    """Ids of messages that were on a page of a list or a delta."""
    guests: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        self.meter = Meter(self.limit)
        self.dice = Dice(self.plan)

    @contextmanager
    def running(self, port: int = 0) -> Iterator[str]:
        """Serves it while the block runs; gives its address (`/v1.0` is the API, `/TENANT` the authority)."""
        with serving(self.handle, port) as address:
            self.address = address
            yield address

    def revoke(self) -> None:
        """All tokens issued so far are refused from now on."""
        self.tokens.clear()

    def forget_cursors(self) -> None:
        """All delta tokens given out so far are refused from now on."""
        self.lost_before = self.organisation.number + 1

    def handle(self, asked: Asked) -> Reply:
        """Answers one request over the line."""
        if (done := by_hand(asked, self.organisation, self.forget_cursors, self.now())) is not None:
            return done
        try:
            if asked.path.endswith(("/oauth2/v2.0/token", "/.well-known/openid-configuration")):
                return self._authority(asked)
            bearer = self._authenticate(asked)
            fault = None if asked.path.endswith("/$batch") else self._fault(asked.path)
            reply = self._served(asked, bearer, fault)
            travelling = self.dice.next_fault() if asked.path.endswith("/$batch") else fault
        except Refusal as refusal:
            return refusal.reply
        self._spoil(reply, travelling)
        user = self._mailbox_in(asked.path)
        if user in self.plan.sluggish:
            reply.seconds = self.plan.slow_seconds
        reply.headers.setdefault("date", formatdate(self.now(), usegmt=True))
        return reply

    def _spoil(self, reply: Reply, fault: Fault | None) -> None:
        match fault:
            case Fault.CUT if len(reply.body) > 1:
                reply.cut = True
            case Fault.TRUNCATED if reply.headers.get("content-type", "").startswith("application/json"):
                reply.body = reply.body[: len(reply.body) // 2]
            case Fault.SLOW:
                reply.seconds = self.plan.slow_seconds

    def _served(self, asked: Asked, bearer: tuple[str, ...], fault: Fault | None) -> Reply:
        if fault is Fault.THROTTLE:
            raise self._throttle(1.0)
        if fault is Fault.UNAVAILABLE:
            raise Refusal(503, "serviceNotAvailable", "The service is temporarily unavailable.")
        path = asked.path.removeprefix("/v1.0/").strip("/").removesuffix("()")  # a function may be called in brackets
        if asked.path.startswith("/v1.0/") and path == "$batch" and asked.method == "POST":
            return self._batch(asked, bearer)
        if not asked.path.startswith("/v1.0/"):
            raise Refusal(400, "BadRequest", "Invalid version.")
        mailbox = self._mailbox_in(asked.path)
        if mailbox and (wait := self.meter.spend(mailbox)) is not None:
            raise self._throttle(wait)
        with self.meter.inside(mailbox or "directory") as fits:
            if not fits and mailbox:
                raise Refusal(
                    429,
                    "ApplicationThrottled",
                    "Application is over its MailboxConcurrency limit.",
                    **self._retry_after(1.0),
                )
            return self._resource(asked, [unquote(part) for part in path.split("/")], bearer)

    def _resource(self, asked: Asked, parts: list[str], bearer: tuple[str, ...]) -> Reply:
        query = dict(parse_qsl(asked.query, keep_blank_values=True))
        match parts:
            case ["users"]:
                self._need(bearer, {"User.Read.All", "User.ReadBasic.All", "Directory.Read.All"})
                return self._users(query)
            case ["users", user]:
                self._need(bearer, {"User.Read.All", "User.ReadBasic.All", "Directory.Read.All"})
                return _json(self._user(self._box(user, mail=False)))
            case ["users", user, *rest]:
                with self.organisation.lock:
                    return self._mail(asked, self._box(user), rest, query, bearer)
        raise Refusal(400, "BadRequest", f"Resource not found for the segment '{parts[0]}'.")

    def _mail(self, asked: Asked, box: Box, rest: list[str], query: dict[str, str], bearer: tuple[str, ...]) -> Reply:
        self._need(bearer, {"Mail.Read", "Mail.ReadWrite", "Mail.ReadBasic.All", "Mail.ReadBasic"})
        if box.address in self.forbidden:
            raise Refusal(403, "ErrorAccessDenied", "Access to OData is disabled: [RAOP] : Blocked by tenant policy.")
        basic = not {"Mail.Read", "Mail.ReadWrite"} & set(bearer)
        match rest:
            case ["mailFolders"] | ["mailFolders", "delta"]:
                return self._folders(box, query, delta="delta" in rest)
            case ["mailFolders", folder]:
                return _json(self._folder_json(box, self._folder_id(box, folder)))
            case ["mailFolders", folder, "messages", "delta"]:
                return self._delta(asked, box, self._folder_id(box, folder), query, basic)
            case ["messages"]:
                return self._list(asked, box, None, query, basic)
            case ["mailFolders", folder, "messages"]:
                return self._list(asked, box, self._folder_id(box, folder), query, basic)
            case ["messages", item] | ["mailFolders", _, "messages", item]:
                return _json(self._shown(box, self._item(box, item), query, basic))
            case ["messages", item, "$value"]:
                if basic:
                    raise Refusal(403, "ErrorAccessDenied", "Access is denied. Check credentials and try again.")
                return Reply(200, {"content-type": "text/plain"}, self._item(box, item).bytes())
            case ["messages", item, "move"] if asked.method == "POST":
                self._need(bearer, {"Mail.ReadWrite"})
                found = self._item(box, item)
                body = {
                    name.lower(): value for name, value in json.loads(asked.body).items()
                }  # OData ignores case here
                target = self._folder_id(box, body["destinationid"])
                moved = self.organisation.move(box.address, found.id, target)
                self.moves.append((box.address, found.id, target))
                return _json(self._shown(box, moved, {}, basic), 201)
        raise Refusal(400, "BadRequest", f"Resource not found for the segment '{rest[-1]}'.")

    # Users and folders

    def _users(self, query: dict[str, str]) -> Reply:
        everyone = sorted(self.organisation.boxes) + sorted(self.guests)
        start, top = int(query.get("$skiptoken", "0")), min(int(query.get("$top", "100")), 999)
        page = [self._user_of(address) for address in everyone[start : start + top]]
        answer: dict[str, Any] = {"@odata.context": f"{self.address}/v1.0/$metadata#users", "value": page}
        if start + top < len(everyone):
            answer["@odata.nextLink"] = self._link("users", {**query, "$skiptoken": str(start + top)})
        return _json(answer)

    def _user_of(self, address: str) -> dict[str, Any]:
        if address in self.guests:
            name = address.replace("@", "_") + f"#EXT#@{self.organisation.domain}"
            return {"id": address, "userPrincipalName": name, "mail": address, "userType": "Guest"}
        return self._user(self.organisation.boxes[address])

    def _user(self, box: Box) -> dict[str, Any]:
        return {
            "id": base64.b32encode(box.address.encode()).decode().rstrip("=").lower(),
            "displayName": box.name,
            "mail": box.address,
            "userPrincipalName": box.address,
            "userType": "Member",
            "accountEnabled": True,
        }

    def _box(self, user: str, *, mail: bool = True) -> Box:
        known = {self._user(box)["id"]: box for box in self.organisation.boxes.values()}
        box = self.organisation.boxes.get(user.lower()) or known.get(user)
        count = self.asked[user.lower()] = self.asked.get(user.lower(), 0) + 1
        if box is None or (box.address in self.plan.vanishing and count > self.plan.vanish_after):
            raise Refusal(404, "Request_ResourceNotFound", f"Resource '{user}' does not exist.")
        if mail and box.address in self.plan.unlicensed:
            raise Refusal(
                404,
                "MailboxNotEnabledForRESTAPI",
                "The mailbox is either inactive, soft-deleted, or is hosted on-premise.",
            )
        if mail and box.address in self.plan.broken:
            raise Refusal(500, "ErrorInternalServerError", "An internal server error occurred. The operation failed.")
        return box

    def _folders(self, box: Box, query: dict[str, str], *, delta: bool) -> Reply:
        every = [self._folder_json(box, folder) for folder in box.folders]
        start, top = int(query.get("$skip", query.get("$skiptoken", "0"))), int(query.get("$top", "10"))
        answer: dict[str, Any] = {"value": every[start : start + top]}
        rest = f"users/{box.address}/mailFolders" + ("/delta" if delta else "")
        if start + top < len(every):
            answer["@odata.nextLink"] = self._link(rest, {**query, "$skip": str(start + top)})
        elif delta:
            answer["@odata.deltaLink"] = self._link(rest, {"$deltatoken": str(self.organisation.number)})
        return _json(answer)

    def _folder_json(self, box: Box, folder_id: str) -> dict[str, Any]:
        folder = box.folders[folder_id]
        return {
            "id": folder.id,
            "displayName": folder.name,
            "parentFolderId": folder.parent or "root",
            "childFolderCount": 0,
            "totalItemCount": sum(item.folder == folder.id for item in box.items.values()),
            "isHidden": False,
        }

    def _folder_id(self, box: Box, name: str) -> str:
        if name in box.folders:
            return name
        for folder in box.folders.values():
            if folder.known and folder.known == name.lower():
                return folder.id
        raise Refusal(404, "ErrorItemNotFound", "The specified object was not found in the store.")

    # Messages

    def _item(self, box: Box, item_id: str) -> Item:
        item = box.items.get(item_id)
        if item and item_id in self.listed and self.dice.happens("deleted", self.plan.deleted_meanwhile):
            self.organisation.delete(box.address, item_id)
            item = None
        if item is None:
            raise Refusal(404, "ErrorItemNotFound", "The specified object was not found in the store.")
        return item

    def _shown(self, box: Box, item: Item, query: dict[str, str], basic: bool) -> dict[str, Any]:
        select = [name.strip() for name in query.get("$select", "").split(",") if name.strip()]
        if basic and set(select) & {"body", "bodyPreview", "uniqueBody"}:
            raise Refusal(403, "ErrorAccessDenied", "Access is denied. Check credentials and try again.")
        return shown(box, item, basic=basic, select=select, expand_size="0x0E08" in query.get("$expand", ""))

    def _list(self, asked: Asked, box: Box, folder: str | None, query: dict[str, str], basic: bool) -> Reply:
        low, high = self._window(query)
        order = query.get("$orderby", "receivedDateTime desc")
        if not order.startswith("receivedDateTime"):
            raise Refusal(400, "ErrorInvalidUrlQuery", f"The query '$orderby={order}' is not supported here.")
        found = [
            item
            for item in box.items.values()
            if low <= item.received < high and (folder is None or item.folder == folder)
        ]
        found.sort(key=lambda item: (item.received, item.id), reverse=not order.endswith("asc") and "desc" in order)
        start, top = int(query.get("$skip", "0")), min(int(query.get("$top", "10")), 1000)
        page = found[start : start + top]
        answer: dict[str, Any] = {"value": self._with_duplicates([self._shown(box, i, query, basic) for i in page])}
        if query.get("$count") == "true":
            answer["@odata.count"] = len(found)
        if start + top < len(found):
            inside = f"users/{box.address}" + (f"/mailFolders/{quote(folder)}" if folder else "")
            answer["@odata.nextLink"] = self._link(f"{inside}/messages", {**query, "$skip": str(start + top)})
        self.listed.update(item.id for item in page)
        return _json(answer)

    def _delta(self, asked: Asked, box: Box, folder: str, query: dict[str, str], basic: bool) -> Reply:
        state = _unpacked(query.get("$deltatoken") or query.get("$skiptoken") or "")
        if state and (state["at"] < self.lost_before or self.dice.happens("lost cursor", self.plan.lost_cursor)):
            raise Refusal(410, "syncStateNotFound", "The sync state generation is not found; the client must resync.")
        if not state:
            low, _ = self._window(query)
            state = {"from": -1, "low": low, "select": query.get("$select", ""), "expand": query.get("$expand", ""),
                     "type": query.get("changeType", "")}  # fmt: skip
        size = 10
        for preference in asked.headers.get("prefer", "").split(","):
            if preference.strip().startswith("odata.maxpagesize="):
                size = int(preference.partition("=")[2])
        entries = self._changes(box, folder, state, basic)
        if state["low"] > -(2**40):
            entries = entries[:FILTERED_DELTA_MOST]
        start = state.get("skip", 0)
        page = self._with_duplicates(entries[start : start + size], shuffle=self.plan.reordered)
        self.listed.update(entry["id"] for entry in page)
        answer: dict[str, Any] = {"value": page}
        rest = f"users/{box.address}/mailFolders/{quote(folder)}/messages/delta"
        if start + size < len(entries):
            answer["@odata.nextLink"] = self._link(
                rest, {"$skiptoken": _packed({**state, "skip": start + size, "at": self.organisation.number})}
            )
        else:
            done = {**state, "from": self.organisation.number, "skip": 0, "at": self.organisation.number}
            answer["@odata.deltaLink"] = self._link(rest, {"$deltatoken": _packed(done)})
        return _json(answer)

    def _changes(self, box: Box, folder: str, state: dict[str, Any], basic: bool) -> list[dict[str, Any]]:
        query = {"$select": state["select"], "$expand": state["expand"]}
        if state["from"] < 0:
            here = [i for i in box.items.values() if i.folder == folder and i.received >= state["low"]]
            here.sort(key=lambda item: item.received, reverse=True)
            return [self._shown(box, item, query, basic) for item in here]
        last: dict[str, tuple[Change, int]] = {}
        for record in box.log:
            if record.number > state["from"] and record.folder == folder:
                before = last.get(record.item, (record.change, 0))[0]
                change = (
                    Change.CREATED if before is Change.CREATED and record.change is Change.UPDATED else record.change
                )
                last[record.item] = (change, record.number)
        entries = []
        for item_id, (change, _) in sorted(last.items(), key=lambda pair: pair[1][1]):
            item = box.items.get(item_id)
            if change is Change.REMOVED or item is None or item.folder != folder:
                if not state["type"] or state["type"] == "deleted":
                    entries.append({"id": item_id, "@removed": {"reason": "deleted"}})
            elif item.received >= state["low"] and state["type"] in ("", change.value):
                whole = self._shown(box, item, query, basic)
                # An update shows what may have changed, not all that was selected.
                entries.append(whole if change is Change.CREATED else {"id": item.id, "isRead": True})
        return entries

    def _with_duplicates(self, page: list[dict[str, Any]], *, shuffle: bool = False) -> list[dict[str, Any]]:
        twice = [entry for entry in page if self.dice.happens("duplicate", self.plan.duplicates)]
        page = sorted(page + twice, key=page.index) if twice else page
        if shuffle:
            self.dice.shuffled(page)
        return page

    def _window(self, query: dict[str, str]) -> tuple[int, int]:
        try:
            return window(query.get("$filter", ""))
        except ValueError as wrong:
            raise Refusal(400, "ErrorInvalidUrlQueryFilter", f"The query filter is invalid: {wrong}.") from None

    # Batches

    def _batch(self, asked: Asked, bearer: tuple[str, ...]) -> Reply:
        requests = json.loads(asked.body)["requests"]
        if len(requests) > BATCH_MOST:
            raise Refusal(400, "BadRequest", "Number of batch request steps exceeds the maximum value of 20.")
        responses = []
        for each in requests:
            split = urlsplit("/v1.0/" + each["url"].lstrip("/"))
            headers = {name.lower(): value for name, value in each.get("headers", {}).items()}
            body = json.dumps(each["body"]).encode() if "body" in each else b""
            inner = Asked(each["method"], unquote(split.path), split.query, headers, body)
            try:
                reply = self._served(inner, bearer, self._fault(inner.path))
            except Refusal as refusal:
                reply = refusal.reply
            content: Any = base64.b64encode(reply.body).decode()
            if reply.headers.get("content-type", "").startswith("application/json"):
                content = json.loads(reply.body)
            responses.append({"id": each["id"], "status": reply.status, "headers": reply.headers, "body": content})
        responses.reverse()  # in any order, says the documentation
        return _json({"responses": responses})

    # Who asks

    def _authority(self, asked: Asked) -> Reply:
        tenant = asked.path.strip("/").partition("/")[0]
        if asked.path.endswith("openid-configuration"):
            # As https, which clients insist on; one that is tested here has to come by http all the same.
            here = f"{self.address.replace('http:', 'https:')}/{tenant}"
            return _json({"token_endpoint": f"{here}/oauth2/v2.0/token", "authorization_endpoint": f"{here}/authorize",
                          "issuer": f"{here}/v2.0", "jwks_uri": f"{here}/keys"})  # fmt: skip
        form = {name: values[0] for name, values in parse_qs(asked.body.decode()).items()}
        if tenant.lower() != self.tenant:
            return _denied("invalid_request", f"AADSTS90002: Tenant '{tenant}' not found.", 400)
        if form.get("client_id") != self.client_id:
            return _denied("unauthorized_client", "AADSTS700016: Application not found in the directory.", 400)
        if "client_assertion" in form:
            head = json.loads(_unbase64(form["client_assertion"].partition(".")[0]))
            if not {str(head.get(name)).rstrip("=") for name in ("x5t", "x5t#S256")} & set(self.thumbprints):
                return _denied("invalid_client", "AADSTS700027: The certificate is not registered on application.", 401)
        elif form.get("client_secret") != self.client_secret:
            return _denied("invalid_client", "AADSTS7000215: Invalid client secret provided.", 401)
        return _json({"token_type": "Bearer", "expires_in": self.plan.token_seconds, "access_token": self._issue()})

    def _issue(self) -> str:
        claims = {
            "aud": "https://graph.microsoft.com",
            "tid": self.tenant,
            "appid": self.client_id,
            "roles": list(self.roles),
        }
        parts = ({"typ": "JWT", "alg": "RS256"}, claims)
        token = ".".join(_base64(json.dumps(part).encode()) for part in parts) + "." + secrets.token_urlsafe(32)
        self.tokens[token] = (0, self.now() + self.plan.token_seconds)
        return token

    def _authenticate(self, asked: Asked) -> tuple[str, ...]:
        token = asked.headers.get("authorization", "").removeprefix("Bearer ")
        used, end = self.tokens.get(token, (0, 0.0))
        if end < self.now() or (self.plan.token_requests and used >= self.plan.token_requests):
            raise Refusal(401, "InvalidAuthenticationToken", "Lifetime validation failed, the token is expired.")
        self.tokens[token] = (used + 1, end)
        return tuple(json.loads(_unbase64(token.split(".")[1]))["roles"])

    def _need(self, bearer: tuple[str, ...], any_of: set[str]) -> None:
        if not any_of & set(bearer):
            raise Refusal(403, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.")

    def _fault(self, path: str) -> Fault | None:
        return self.dice.next_fault()

    def _throttle(self, wait: float) -> Refusal:
        return Refusal(429, "ApplicationThrottled", "Application is over its request limit.", **self._retry_after(wait))

    def _retry_after(self, wait: float) -> dict[str, str]:
        match self.plan.retry_after:
            case "right":
                return {"retry_after": str(int(wait) + 1)}
            case "zero":
                return {"retry_after": "0"}
            case "date":
                return {"retry_after": formatdate(self.now() + wait + 1, usegmt=True)}
            case "useless":
                return {"retry_after": "1"}
        return {}

    def _mailbox_in(self, path: str) -> str:
        parts = path.split("/")
        return unquote(parts[3]).lower() if len(parts) > 4 and parts[2] == "users" else ""

    def _link(self, rest: str, query: dict[str, str]) -> str:
        return f"{self.address}/v1.0/{rest}?" + "&".join(f"{name}={quote(value)}" for name, value in query.items())


def _json(value: Any, status: int = 200) -> Reply:
    return Reply(status, {"content-type": "application/json; odata.metadata=minimal"}, json.dumps(value).encode())


def _denied(error: str, description: str, status: int) -> Reply:
    return _json({"error": error, "error_description": description}, status)


def _packed(state: dict[str, Any]) -> str:
    return _base64(json.dumps(state).encode())


def _unpacked(text: str) -> dict[str, Any]:
    return json.loads(_unbase64(text)) if text else {}


def _base64(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


def _unbase64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def main() -> None:
    """Serves a simulated organisation until it is interrupted."""
    import argparse

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--port", type=int, default=0, help="0: any free one")
    parser.add_argument(
        "--simulated", default="seed=7,mailboxes=10,days=60,rate=12", help="options of the organisation"
    )
    parser.add_argument("--roles", default=",".join(ALL_ROLES), help="application permissions that are granted")
    parser.add_argument("--faults", type=int, help="a seed: things go wrong as it draws them")
    chosen = parser.parse_args()
    organisation = Organisation.simulated(f"simulated:{chosen.simulated}")
    plan = FaultPlan() if chosen.faults is None else FaultPlan.drawn(chosen.faults)
    graph = Graph(organisation, plan, roles=tuple(chosen.roles.split(",")))
    with graph.running(chosen.port) as address:
        print(
            f"# {len(organisation.boxes)} mailboxes of {organisation.domain}; {plan.said()}\n"
            f"export GATEHOUSE_GRAPH_URL={address}/v1.0 GATEHOUSE_GRAPH_AUTHORITY={address}\n"
            f"export GATEHOUSE_SECRET_GRAPH_CLIENT_ID={graph.client_id}\n"
            f"export GATEHOUSE_SECRET_GRAPH_CLIENT_SECRET={graph.client_secret}\n"
            f"# gatehouse tenant add acme --domain {organisation.domain} --source graph:{graph.tenant}\n"
            f"# new mail: python -m tests.simulators.hand {address} deliver {min(organisation.boxes)} FILE.eml",
            flush=True,
        )
        try:
            while True:
                time.sleep(3600)
        except KeyboardInterrupt:
            pass


if __name__ == "__main__":
    main()

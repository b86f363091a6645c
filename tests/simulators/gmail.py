"""Gmail and Google's Directory on this machine: users, messages, labels, history, quota in units, tokens of a service account.

Faithful to the documentation in what it answers and refuses, so that Google's own client works against it. Run it:

    python -m tests.simulators.gmail --port 8366 --simulated size=small

and it prints what to set so that `gatehouse` reads the organisation from it.
"""

from __future__ import annotations

import base64
import functools
import json
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.utils import formatdate
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote

from .faults import Dice, Fault, FaultPlan
from .gmail_store import SYSTEM, Mailbox, gmail_id, records, shown
from .hand import by_hand
from .limits import Limit, Meter
from .organisation import Item, Organisation
from .server import Asked, Reply, serving

PREFIX = "https://www.googleapis.com/auth/"
USERS, METADATA, READ, MODIFY, ALL = (
    PREFIX + "admin.directory.user.readonly",
    PREFIX + "gmail.metadata",
    PREFIX + "gmail.readonly",
    PREFIX + "gmail.modify",
    "https://mail.google.com/",
)
AUDIENCE = "https://oauth2.googleapis.com/token"
DELEGATED = (USERS, READ)
ADMIN = "it@acme.example"
LIMIT = Limit(units=6_000, seconds=60.0, at_once=10)
UNITS = {"get": 20, "list": 5, "history": 2, "profile": 1, "labels": 1, "modify": 5}


class Refusal(Exception):  # noqa: N818 - an answer, not a mistake
    """An error as Google words it."""

    def __init__(self, code: int, reason: str, message: str, status: str = "", **headers: str) -> None:
        super().__init__(message)
        error = {
            "code": code,
            "message": message,
            "errors": [{"message": message, "domain": "global", "reason": reason}],
            "status": status or reason.upper(),
        }
        self.reply = _json({"error": error}, code)
        self.reply.headers.update({name.replace("_", "-"): value for name, value in headers.items()})


@dataclass(slots=True)
class Issued:
    """An access token: as whom, for what, how often it was used, when it ends."""

    subject: str
    scopes: frozenset[str]
    end: float
    used: int = 0


@dataclass(slots=True)
class Gmail:
    """One customer's Workspace. `delegated` are the scopes that its admin delegated; change them while it runs."""

    organisation: Organisation
    plan: FaultPlan = field(default_factory=FaultPlan)
    limit: Limit = field(default_factory=lambda: LIMIT)
    units: dict[str, int] = field(default_factory=lambda: dict(UNITS))
    delegated: tuple[str, ...] = DELEGATED
    admins: tuple[str, ...] = (ADMIN,)
    role_assigned: bool = False
    """The service account itself has an admin role that lets it list users."""
    suspended: tuple[str, ...] = ()
    apis: tuple[str, ...] = ("gmail", "admin")
    """APIs that are enabled in the project."""
    now: Any = time.time
    address: str = ""
    meter: Meter = field(init=False)
    dice: Dice = field(init=False)
    tokens: dict[str, Issued] = field(default_factory=dict)
    assertions: list[str] = field(default_factory=list)
    asked: dict[str, int] = field(default_factory=dict)
    """Requests to each mailbox."""
    lost_before: int = -1
    """History ids before this are forgotten."""
    moves: list[tuple[str, str, tuple[str, ...], tuple[str, ...]]] = field(default_factory=list)
    listed: set[str] = field(default_factory=set)
    mailboxes: dict[str, Mailbox] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.meter = Meter(self.limit)
        self.dice = Dice(self.plan)

    @contextmanager
    def running(self, port: int = 0) -> Iterator[str]:
        """Serves it while the block runs; gives its address: of Gmail, of the Directory, and of `/token`."""
        with serving(self.handle, port) as address:
            self.address = address
            yield address

    def key(self) -> dict[str, str]:
        """The service account's key file, as Google gives it, but for the address of tokens."""
        return {
            "type": "service_account",
            "project_id": "gatehouse-simulated",
            "private_key_id": "0123456789abcdef0123456789abcdef01234567",
            "private_key": _keys()[0],
            "client_email": "gatehouse@gatehouse-simulated.iam.gserviceaccount.com",
            "client_id": "112233445566778899001",
            "token_uri": f"{self.address}/token",
        }

    def revoke(self) -> None:
        """All tokens issued so far are refused from now on."""
        self.tokens.clear()

    def forget_history(self) -> None:
        """All history ids given out so far are refused from now on."""
        self.lost_before = self.organisation.number + 1

    def handle(self, asked: Asked) -> Reply:
        """Answers one request over the line."""
        if (done := by_hand(asked, self.organisation, self.forget_history, self.now())) is not None:
            return done
        fault = None
        user = ""
        try:
            if asked.path == "/token" and asked.method == "POST":
                reply = self._token(asked)
            else:
                bearer = self._authenticate(asked)
                fault = self.dice.next_fault()
                parts = [unquote(part) for part in asked.path.strip("/").split("/")]
                user = self._user_in(parts, bearer)
                reply = self._served(asked, parts, user, bearer, fault)
        except Refusal as refusal:
            return refusal.reply
        self._spoil(reply, fault)
        if user in self.plan.sluggish:
            reply.seconds = self.plan.slow_seconds
        reply.headers.setdefault("date", formatdate(self.now(), usegmt=True))
        return reply

    def _spoil(self, reply: Reply, fault: Fault | None) -> None:
        match fault:
            case Fault.CUT if len(reply.body) > 1:
                reply.cut = True
            case Fault.TRUNCATED:
                reply.body = reply.body[: len(reply.body) // 2]
            case Fault.SLOW:
                reply.seconds = self.plan.slow_seconds

    def _served(self, asked: Asked, parts: list[str], user: str, bearer: Issued, fault: Fault | None) -> Reply:
        if fault is Fault.THROTTLE:
            raise self._throttle(1.0)
        if fault is Fault.UNAVAILABLE:
            raise Refusal(503, "backendError", "The service is currently unavailable.", "UNAVAILABLE")
        query = parse_qs(asked.query, keep_blank_values=True)
        match parts:
            case ["admin", "directory", "v1", "users"]:
                return self._users(query, bearer)
            case ["gmail", "v1", "users", _, *rest]:
                self._need_api("gmail", "Gmail API")
                self._may(user, bearer)
                method = {"GET": rest[0], "POST": "modify"}.get(asked.method, "")
                if rest[0] == "messages" and asked.method == "GET":
                    method = "get" if len(rest) > 1 else "list"
                if (wait := self.meter.spend(user, self.units.get(method, 1))) is not None:
                    raise self._throttle(wait)
                with self.meter.inside(user) as fits:
                    if not fits:
                        raise Refusal(
                            429, "rateLimitExceeded", "Too many concurrent requests for user.", "RESOURCE_EXHAUSTED"
                        )
                    with self.organisation.lock:
                        return self._mail(asked, self._mailbox(user), rest, query, bearer)
        raise Refusal(404, "notFound", "Not Found", "NOT_FOUND")

    def _mail(
        self, asked: Asked, mailbox: Mailbox, rest: list[str], query: dict[str, list[str]], bearer: Issued
    ) -> Reply:
        box = mailbox.box
        self._need(bearer, {METADATA, READ, MODIFY, ALL})
        metadata_only = not {READ, MODIFY, ALL} & bearer.scopes
        match rest:
            case ["profile"]:
                total = len(box.items)
                return _json({"emailAddress": box.address, "messagesTotal": total, "threadsTotal": total,
                              "historyId": str(self.organisation.number)})  # fmt: skip
            case ["labels"]:
                labels = [{"id": name, "name": name, "type": "system"} for name in SYSTEM]
                return _json({"labels": [*labels, {"id": "Label_1", "name": "Filed", "type": "user"}]})
            case ["messages"]:
                return self._list(mailbox, query, metadata_only)
            case ["messages", message_id] if asked.method == "GET":
                form = _one(query, "format", "full")
                if metadata_only and form in ("full", "raw"):
                    raise Refusal(403, "forbidden", f"Metadata scope doesn't allow format {form.upper()}",
                                  "PERMISSION_DENIED")  # fmt: skip
                return _json(shown(mailbox, self._item(mailbox, message_id), form, query.get("metadataHeaders", ())))
            case ["messages", message_id, "modify"] if asked.method == "POST":
                self._need(bearer, {MODIFY, ALL})
                item = self._item(mailbox, message_id)
                body = json.loads(asked.body)
                add, remove = set(body.get("addLabelIds") or ()), set(body.get("removeLabelIds") or ())
                if unknown := (add | remove) - set(SYSTEM) - {"Label_1"}:
                    raise Refusal(400, "invalidArgument", f"Invalid label: {sorted(unknown)[0]}", "INVALID_ARGUMENT")
                mailbox.modify(self.organisation, item, add, remove)
                self.moves.append((box.address, message_id, tuple(sorted(add)), tuple(sorted(remove))))
                return _json(shown(mailbox, item, "minimal", ()))
            case ["history"]:
                return self._history(mailbox, query)
        raise Refusal(404, "notFound", "Not Found", "NOT_FOUND")

    # Users

    def _users(self, query: dict[str, list[str]], bearer: Issued) -> Reply:
        self._need_api("admin", "Admin SDK API")
        self._need(bearer, {USERS})
        if bearer.subject not in self.admins and not (self.role_assigned and not bearer.subject):
            raise Refusal(403, "forbidden", "Not Authorized to access this resource/api", "PERMISSION_DENIED")
        if "domain" not in query and "customer" not in query:
            raise Refusal(400, "badRequest", "Bad Request", "INVALID_ARGUMENT")
        domain = _one(query, "domain", self.organisation.domain).lower()
        if domain != self.organisation.domain:
            raise Refusal(404, "notFound", "Domain not found.", "NOT_FOUND")
        everyone = sorted({*self.organisation.boxes, *self.suspended})
        start, size = int(_one(query, "pageToken", "0")), min(int(_one(query, "maxResults", "100")), 500)
        users = [self._user(address) for address in everyone[start : start + size]]
        answer: dict[str, Any] = {"kind": "admin#directory#users", "users": users}
        if start + size < len(everyone):
            answer["nextPageToken"] = str(start + size)
        return _json(answer)

    def _user(self, address: str) -> dict[str, Any]:
        return {
            "kind": "admin#directory#user",
            "id": str(int(gmail_id(address), 16)),
            "primaryEmail": address,
            "name": {"fullName": address.partition("@")[0]},
            "isAdmin": address in self.admins,
            "suspended": address in self.suspended,
            "archived": False,
            "isMailboxSetup": True,
        }

    def _user_in(self, parts: list[str], bearer: Issued) -> str:
        user = parts[3].lower() if parts[:3] == ["gmail", "v1", "users"] and len(parts) > 4 else ""
        return bearer.subject if user == "me" else user

    def _may(self, user: str, bearer: Issued) -> None:
        if user != bearer.subject:
            raise Refusal(403, "forbidden", f"Delegation denied for {bearer.subject}", "PERMISSION_DENIED")

    def _mailbox(self, user: str) -> Mailbox:
        count = self.asked[user] = self.asked.get(user, 0) + 1
        box = self.organisation.boxes.get(user)
        if box is None or (user in self.plan.vanishing and count > self.plan.vanish_after):
            raise Refusal(404, "notFound", "Requested entity was not found.", "NOT_FOUND")
        if user in self.plan.unlicensed:
            raise Refusal(400, "failedPrecondition", "Mail service not enabled", "FAILED_PRECONDITION")
        if user in self.plan.broken:
            raise Refusal(500, "backendError", "Internal error encountered.", "INTERNAL")
        if user not in self.mailboxes:
            self.mailboxes[user] = Mailbox(box)
        self.mailboxes[user].refresh()
        return self.mailboxes[user]

    # Messages

    def _item(self, mailbox: Mailbox, message_id: str) -> Item:
        item = mailbox.item(message_id)
        if item and message_id in self.listed and self.dice.happens("deleted", self.plan.deleted_meanwhile):
            self.organisation.delete(mailbox.box.address, item.id)
            item = None
        if item is None:
            raise Refusal(404, "notFound", "Requested entity was not found.", "NOT_FOUND")
        return item

    def _list(self, mailbox: Mailbox, query: dict[str, list[str]], metadata_only: bool) -> Reply:
        if "q" in query and metadata_only:
            raise Refusal(403, "forbidden", "Metadata scope does not support 'q' parameter", "PERMISSION_DENIED")
        low, high = self._window(_one(query, "q", ""))
        whole = mailbox.newest_first(
            low, high, query.get("labelIds", ()), _one(query, "includeSpamTrash", "false").lower() == "true"
        )
        found = whole
        if token := _one(query, "pageToken", ""):
            if self.dice.happens("lost page", self.plan.lost_cursor / 4):
                raise Refusal(400, "invalidArgument", "Invalid pageToken", "INVALID_ARGUMENT")
            at, last = json.loads(base64.urlsafe_b64decode(token))
            found = [one for one in found if (-one.received, gmail_id(one.id)) > (-at, last)]
        size = min(int(_one(query, "maxResults", "100")), 500)
        page = found[:size]
        messages = [{"id": gmail_id(one.id), "threadId": gmail_id(one.id)} for one in page]
        self.listed.update(one["id"] for one in messages)
        messages += [one for one in messages if self.dice.happens("duplicate", self.plan.duplicates)]
        if self.plan.reordered:
            self.dice.shuffled(messages)
        answer: dict[str, Any] = {"messages": messages, "resultSizeEstimate": len(whole)} if messages else {
            "resultSizeEstimate": 0
        }  # fmt: skip
        if len(found) > size:
            place = json.dumps([page[-1].received, gmail_id(page[-1].id)])
            answer["nextPageToken"] = base64.urlsafe_b64encode(place.encode()).decode()
        return _json(answer)

    def _window(self, query: str) -> tuple[int, int]:
        low, high = -(2**40), 2**40
        for word in query.split():
            name, _, value = word.partition(":")
            if name not in ("after", "before") or not value.isdigit():
                raise Refusal(400, "invalidArgument", f"The simulator does not search for {word!r}", "INVALID_ARGUMENT")
            low, high = (int(value), high) if name == "after" else (low, int(value))
        return low, high

    def _history(self, mailbox: Mailbox, query: dict[str, list[str]]) -> Reply:
        start = int(_one(query, "startHistoryId", "0"))
        if not start:
            raise Refusal(400, "required", "Missing startHistoryId", "INVALID_ARGUMENT")
        if start < self.lost_before or self.dice.happens("lost cursor", self.plan.lost_cursor):
            raise Refusal(404, "notFound", "Requested entity was not found.", "NOT_FOUND")
        names = {"messageAdded": "messagesAdded", "messageDeleted": "messagesDeleted", "labelAdded": "labelsAdded",
                 "labelRemoved": "labelsRemoved"}  # fmt: skip
        wanted = {names[name] for name in query.get("historyTypes", ()) if name in names} or set(names.values())
        found = [one for one in records(mailbox, start) if wanted & set(one)]
        size, at = min(int(_one(query, "maxResults", "100")), 500), int(_one(query, "pageToken", "0"))
        page = [one for one in found if int(one["id"]) > at][:size]
        page += [one for one in page if self.dice.happens("duplicate", self.plan.duplicates)]
        page.sort(key=lambda one: int(one["id"]))
        for one in page:
            self.listed.update(added["message"]["id"] for added in one.get("messagesAdded", ()))
        answer: dict[str, Any] = {"historyId": str(self.organisation.number)}
        if page:
            answer["history"] = page
            if found[-1]["id"] != page[-1]["id"]:
                answer["nextPageToken"] = page[-1]["id"]
        return _json(answer)

    # Who asks

    def _token(self, asked: Asked) -> Reply:
        from google.auth import jwt

        fault = self.dice.next_fault()
        if fault in (Fault.UNAVAILABLE, Fault.THROTTLE):
            return _json({"error": "internal_failure", "error_description": "Backend Error"}, 503)
        form = {name: values[0] for name, values in parse_qs(asked.body.decode()).items()}
        if form.get("grant_type") != "urn:ietf:params:oauth:grant-type:jwt-bearer":
            return _denied(400, "unsupported_grant_type", f"Invalid grant_type: {form.get('grant_type')}")
        self.assertions.append(form.get("assertion", ""))
        try:
            claims = jwt.decode(form.get("assertion", ""), certs=_keys()[1], audience=AUDIENCE)
        except Exception as wrong:
            kind = "Invalid JWT Signature." if "signature" in str(wrong).lower() else f"Invalid JWT: {wrong}"
            return _denied(400, "invalid_grant", kind)
        scopes, subject = frozenset(str(claims["scope"]).split()), str(claims.get("sub") or "").lower()
        if claims["iss"] != self.key()["client_email"]:
            return _denied(401, "invalid_client", "The OAuth client was not found.")
        gone = subject in self.plan.vanishing and self.asked.get(subject, 0) > self.plan.vanish_after
        if (subject and subject not in self.organisation.boxes and subject not in self.admins) or gone:
            return _denied(400, "invalid_grant", "Invalid email or User ID")
        if subject in self.suspended:
            return _denied(400, "invalid_grant", "Account has been deleted or suspended")
        if subject and not scopes <= set(self.delegated):
            return _denied(401, "unauthorized_client", "Client is unauthorized to retrieve access tokens using this "
                           "method, or client not authorized for any of the scopes requested.")  # fmt: skip
        token = "ya29." + secrets.token_urlsafe(96)
        self.tokens[token] = Issued(subject, scopes, self.now() + self.plan.token_seconds)
        reply = _json({"access_token": token, "expires_in": self.plan.token_seconds, "token_type": "Bearer"})
        self._spoil(reply, fault)
        return reply

    def _authenticate(self, asked: Asked) -> Issued:
        issued = self.tokens.get(asked.headers.get("authorization", "").removeprefix("Bearer "))
        worn = issued is not None and self.plan.token_requests and issued.used >= self.plan.token_requests
        if issued is None or issued.end < self.now() or worn:
            raise Refusal(401, "authError", "Invalid Credentials", "UNAUTHENTICATED")
        issued.used += 1
        return issued

    def _need(self, bearer: Issued, any_of: set[str]) -> None:
        if not any_of & bearer.scopes:
            raise Refusal(403, "insufficientPermissions", "Request had insufficient authentication scopes.",
                          "PERMISSION_DENIED")  # fmt: skip

    def _need_api(self, name: str, called: str) -> None:
        if name not in self.apis:
            raise Refusal(403, "accessNotConfigured", f"{called} has not been used in project 1 before or it is disabled.",
                          "PERMISSION_DENIED")  # fmt: skip

    def _throttle(self, wait: float) -> Refusal:
        """Gmail words it in more than one way."""
        headers: dict[str, str] = {}
        match self.plan.retry_after:
            case "right":
                headers = {"retry_after": str(int(wait) + 1)}
            case "zero":
                headers = {"retry_after": "0"}
            case "date":
                headers = {"retry_after": formatdate(self.now() + wait + 1, usegmt=True)}
            case "useless":
                headers = {"retry_after": "1"}
        code, reason = (403, "userRateLimitExceeded") if self.meter.refused % 2 else (429, "rateLimitExceeded")
        return Refusal(code, reason, "Quota exceeded for quota metric 'Queries'.", "RESOURCE_EXHAUSTED", **headers)


def _json(value: Any, status: int = 200) -> Reply:
    return Reply(status, {"content-type": "application/json; charset=UTF-8"}, json.dumps(value).encode())


def _denied(status: int, error: str, description: str) -> Reply:
    return _json({"error": error, "error_description": description}, status)


def _one(query: dict[str, list[str]], name: str, default: str) -> str:
    return query[name][0] if query.get(name) else default


@functools.cache
def _keys() -> tuple[str, str]:
    """A private key and its public one, as PEM, made once in a process."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    key = rsa.generate_private_key(65537, 2048)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    return private.decode(), public.decode()


def main() -> None:
    """Serves a simulated organisation until it is interrupted."""
    import argparse
    import tempfile

    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--port", type=int, default=0, help="0: any free one")
    parser.add_argument(
        "--simulated", default="seed=7,mailboxes=10,days=60,rate=12", help="options of the organisation"
    )
    parser.add_argument("--scopes", default="admin.directory.user.readonly,gmail.readonly", help="that are delegated")
    parser.add_argument("--faults", type=int, help="a seed: things go wrong as it draws them")
    chosen = parser.parse_args()
    organisation = Organisation.simulated(f"simulated:{chosen.simulated}")
    plan = FaultPlan() if chosen.faults is None else FaultPlan.drawn(chosen.faults)
    admin = f"it@{organisation.domain}"
    scopes = tuple(PREFIX + name for name in chosen.scopes.split(","))
    gmail = Gmail(organisation, plan, delegated=scopes, admins=(admin,))
    with gmail.running(chosen.port) as address, tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "service-account.json"
        path.touch(mode=0o600)
        path.write_text(json.dumps(gmail.key()))
        print(
            f"# {len(organisation.boxes)} mailboxes of {organisation.domain}; {plan.said()}\n"
            f"export GATEHOUSE_GMAIL_URL={address} GATEHOUSE_GOOGLE_DIRECTORY_URL={address}\n"
            f"export GATEHOUSE_GOOGLE_TOKEN_URL={address}/token\n"
            f"export GATEHOUSE_SECRET_GMAIL_SERVICE_ACCOUNT_FILE={path}\n"
            f"# gatehouse tenant add acme --domain {organisation.domain} "
            f"--source 'gmail:{organisation.domain}?admin={admin}'\n"
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

"""What Gatehouse needs of a Microsoft 365 organisation, what of it is granted, how that is known, and how to grant the rest."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import quote

from onboarding.sources.base import Requirement, SourceError
from onboarding.sources.graph.listing import IMMUTABLE
from onboarding.sources.network.client import Client, Request
from onboarding.sources.network.faults import ProviderError, unanswered

LIST_USERS = ("User.ReadBasic.All", "User.Read.All", "Directory.Read.All")
READ_BODY = ("Mail.Read", "Mail.ReadWrite")
READ_HEADERS = ("Mail.ReadBasic.All", "Mail.ReadBasic")
MOVE = ("Mail.ReadWrite",)

HOW = (
    "in the Entra admin center, App registrations, the app, API permissions: add the application permission {name} of "
    "Microsoft Graph, then `Grant admin consent`"
)


def check(
    tenant: str, client: Client, roles: Callable[[], frozenset[str]], one_mailbox: Callable[[], str | None]
) -> list[Requirement]:
    """Every requirement, in the order in which a person would see to them. Never raises for one that is missing.

    `roles` fetches a token and gives the permissions in it; `one_mailbox` gives a mailbox to try reading, None when the rules
    leave none.
    """
    try:
        granted = roles()
    except SourceError as error:
        remedy = "see to the credentials: docs/sources/microsoft-365.md, `Credentials`"
        return [unanswered("Microsoft's sign-in", error) or Requirement("a token is issued", False, str(error), remedy)]
    found = [
        Requirement(
            "a token is issued", True, f"for {tenant}, with {', '.join(sorted(granted)) or 'no permissions'} in it"
        )
    ]
    mailbox, users = _users(granted, one_mailbox)
    found.append(users)
    body = _of_roles("permission to read mail", granted, READ_BODY)
    headers = _of_roles("", granted, READ_HEADERS)
    if body is None and headers is not None:
        found.append(Requirement("permission to read mail", True, f"{headers}: headers only", permission=True))
        found.append(
            Requirement(
                "permission to read bodies",
                False,
                "the token's roles name neither Mail.Read nor Mail.ReadWrite",
                "signals of links, attachments and wording stay unknown without it; " + HOW.format(name="Mail.Read"),
                optional=True,
                permission=True,
            )
        )
    else:
        found.append(_mail(client, mailbox, body))
    if mailbox is not None and (body or headers):
        found.append(_reading(client, mailbox))
    move = _of_roles("", granted, MOVE)
    found.append(
        Requirement(
            "permission to move mail",
            move is not None,
            move or "the token's roles do not name Mail.ReadWrite",
            "" if move else "needed for the mode `enforce` only; " + HOW.format(name="Mail.ReadWrite"),
            optional=True,
            permission=True,
        )
    )
    return found


def _users(granted: frozenset[str], one_mailbox: Callable[[], str | None]) -> tuple[str | None, Requirement]:
    name = "permission to list mailboxes"
    try:
        mailbox = one_mailbox()
    except SourceError as error:
        if silent := unanswered("Microsoft Graph", error):
            return None, silent
        said = _of_roles(name, granted, LIST_USERS)
        evidence = f"{said}, but: {error}" if said else f"not in the token's roles, and tried: {error}"
        return None, Requirement(name, False, evidence, HOW.format(name="User.ReadBasic.All"), permission=True)
    said = _of_roles(name, granted, LIST_USERS) or "not in the token's roles, but listing works"
    if mailbox is None:
        remedy = "loosen include and exclude in the source's URI"
        return None, Requirement("a mailbox to read", False, "the rules leave no mailbox of those listed", remedy)
    return mailbox, Requirement(name, True, f"{said}; tried, and {mailbox} is listed", permission=True)


def _mail(client: Client, mailbox: str | None, body: str | None) -> Requirement:
    name = "permission to read mail"
    if body is not None:
        return Requirement(name, True, body, permission=True)
    # Granted in Exchange instead (RBAC for Applications), a permission is in no token.
    if mailbox is not None and _tried(client, mailbox) is None:
        return Requirement(name, True, f"not in the token's roles, but reading {mailbox} works", permission=True)
    return Requirement(
        name,
        False,
        "the token's roles name none of Mail.Read, Mail.ReadWrite, Mail.ReadBasic.All",
        HOW.format(name="Mail.Read") + "; Mail.ReadBasic.All instead lets it read headers only",
        permission=True,
    )


def _reading(client: Client, mailbox: str) -> Requirement:
    wrong = _tried(client, mailbox)
    if wrong is None:
        return Requirement("a mailbox can be read", True, f"{mailbox}: tried")
    if wrong.status in (403, 404):
        # One mailbox without a licence says nothing of the others.
        remedy = (
            "when an application access policy (or RBAC for Applications in Exchange) limits the app, add its mailboxes to "
            "it; a user without a mailbox can be left out with exclude in the source's URI"
        )
        return Requirement("a mailbox can be read", False, str(wrong), remedy, optional=True)
    return Requirement("a mailbox can be read", False, str(wrong), "try again when Microsoft 365 is well")


def _tried(client: Client, mailbox: str) -> ProviderError | None:
    request = Request(
        what=f"the inbox of {mailbox}",
        mailbox=mailbox,
        url=f"users/{quote(mailbox)}/messages",
        params={"$top": "1", "$select": "id"},
        headers=IMMUTABLE,
    )
    try:
        client.json(request)
    except ProviderError as error:
        return error
    return None


def _of_roles(name: str, granted: frozenset[str], any_of: tuple[str, ...]) -> str | None:
    """Evidence that one of these is granted: the token says so."""
    for role in any_of:
        if role in granted:
            return f"{role} is in the token's roles"
    return None

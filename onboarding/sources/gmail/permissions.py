"""What Gatehouse needs of a Google Workspace, what of it is granted, how that is known, and how to grant the rest.

No token says what was delegated: for each scope one is asked for, which Google issues or refuses.
"""

from __future__ import annotations

from collections.abc import Callable

from onboarding.sources.base import Requirement, SourceError
from onboarding.sources.gmail.dialect import Costs
from onboarding.sources.gmail.listing import Lister
from onboarding.sources.gmail.tokens import LIST_USERS, METADATA, MODIFY, READ, Issuer, Key, short
from onboarding.sources.network.client import Client
from onboarding.sources.network.faults import ProviderError, unanswered

HOW = (
    "in the Google Admin console, Security, Access and data control, API controls, Manage domain-wide delegation: "
    "add the scope {scope} to the client id {client}"
)
HOW_ROLE = (
    "or, without delegation: Account, Admin roles, a custom role with the Admin API privilege Users > Read, assigned to the "
    "service account, and no admin= in the source's URI"
)
DOCUMENTED = "see to the credentials: docs/sources/google-workspace.md, `Credentials`"


def check(
    admin: str | None,
    issuer: Issuer,
    one_mailbox: Callable[[], str | None],
    reading: Callable[[str], Client],
    costs: Costs,
) -> list[Requirement]:
    """Every requirement, in the order in which a person would see to them. Never raises for one that is missing.

    `one_mailbox` lists users and gives a mailbox to try reading, None when the rules leave none; `reading` gives the client
    for a scope.
    """
    try:
        key = issuer.key()
    except SourceError as error:
        return [Requirement("the key of a service account", False, str(error), DOCUMENTED)]
    found = [Requirement("the key of a service account", True, f"{key.email}, from the secret {issuer.secret}")]
    mailbox, users = _users(admin, key, issuer, one_mailbox)
    found.append(users)
    subjects = [one for one in (mailbox, admin) if one is not None]
    if not subjects:
        remedy = "first let users be listed: scopes are tried by acting for one of them"
        return [*found, Requirement("permission to read mail", False, "not tried", remedy, permission=True)]
    while True:
        subject = subjects.pop(0)
        try:
            granted = {scope for scope in (READ, MODIFY, METADATA) if issuer.granted(subject, scope)}
            break
        except SourceError as error:
            # The first user may be gone since it was listed; for the admin the same scopes are issued.
            if not subjects:
                return [*found, Requirement("permission to read mail", False, str(error), DOCUMENTED, permission=True)]
    found += _mail(granted, subject, key)
    scope = best(granted)
    if scope is not None and mailbox is not None:
        found.append(_reading(reading(scope), mailbox, scope, costs))
    missing = "" if MODIFY in granted else f"needed for the mode `enforce` only; {_how(MODIFY, key)}"
    found.append(
        Requirement(
            "permission to move mail",
            MODIFY in granted,
            _evidence(MODIFY, subject, MODIFY in granted),
            missing,
            optional=True,
            permission=True,
        )
    )
    return found


def best(granted: set[str]) -> str | None:
    """The scope to read with: the least of those that let bodies be read, else headers alone, else None."""
    return next((scope for scope in (READ, MODIFY, METADATA) if scope in granted), None)


def _users(
    admin: str | None, key: Key, issuer: Issuer, one_mailbox: Callable[[], str | None]
) -> tuple[str | None, Requirement]:
    name = "permission to list mailboxes"
    who = admin or "the service account itself"
    how = f"{_how(LIST_USERS, key)}; {HOW_ROLE}"
    try:
        mailbox = one_mailbox()
    except SourceError as error:
        if silent := unanswered("Google", error):
            return None, silent
        code = error.code if isinstance(error, ProviderError) else ""
        if code.lower() in ("accessnotconfigured", "service_disabled"):
            how = "enable the Admin SDK API in the service account's project, in the Google Cloud console"
        elif admin is None:
            how = f"name an admin to list users as: admin=ADDRESS in the source's URI; {how}"
        return None, Requirement(name, False, f"tried as {who}: {error}", how, permission=True)
    if mailbox is None:
        remedy = "loosen include and exclude in the source's URI, or correct its domain"
        return None, Requirement("a mailbox to read", False, "none of the users listed is left by the rules", remedy)
    evidence = f"a token for {short(LIST_USERS)} is issued to {who}; tried, and {mailbox} is listed"
    return mailbox, Requirement(name, True, evidence, permission=True)


def _mail(granted: set[str], subject: str, key: Key) -> list[Requirement]:
    name = "permission to read mail"
    for scope in (READ, MODIFY):
        if scope in granted:
            return [Requirement(name, True, _evidence(scope, subject, True), permission=True)]
    if METADATA not in granted:
        evidence = f"{_evidence(READ, subject, False)}, nor for {short(MODIFY)} or {short(METADATA)}"
        remedy = f"{_how(READ, key)}; gmail.metadata instead lets it read headers only"
        return [Requirement(name, False, evidence, remedy, permission=True)]
    return [
        Requirement(name, True, f"{_evidence(METADATA, subject, True)}: headers only", permission=True),
        Requirement(
            "permission to read bodies",
            False,
            _evidence(READ, subject, False),
            f"signals of links, attachments and wording stay unknown without it; {_how(READ, key)}",
            optional=True,
            permission=True,
        ),
    ]


def _reading(client: Client, mailbox: str, scope: str, costs: Costs) -> Requirement:
    name = "a mailbox can be read"
    try:
        Lister(client, mailbox, scope != METADATA, costs).profile()
    except ProviderError as error:
        if error.code.lower() in ("accessnotconfigured", "service_disabled"):
            remedy = "enable the Gmail API in the service account's project, in the Google Cloud console"
            return Requirement(name, False, str(error), remedy)
        if error.status in (400, 403, 404):
            # One user without Gmail says nothing of the others.
            remedy = "a user without Gmail can be left out with exclude in the source's URI"
            return Requirement(name, False, str(error), remedy, optional=True)
        return Requirement(name, False, str(error), "try again when Gmail is well")
    except SourceError as error:
        return Requirement(name, False, str(error), DOCUMENTED)
    return Requirement(name, True, f"{mailbox}: tried")


def _evidence(scope: str, subject: str, granted: bool) -> str:
    return f"Google {'issues' if granted else 'refuses'} a token for {short(scope)} as {subject}"


def _how(scope: str, key: Key) -> str:
    return HOW.format(scope=scope, client=key.client_id or f"of {key.email}")

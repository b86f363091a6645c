"""What Gatehouse needs of a JMAP server, what of it is there, how that is known, and how to have the rest."""

from __future__ import annotations

from collections.abc import Callable

from detection.mail.message import Folder
from onboarding.sources.base import Requirement, SourceError
from onboarding.sources.jmap.folders import folders_of
from onboarding.sources.jmap.listing import Lister
from onboarding.sources.jmap.session import Account
from onboarding.sources.network.faults import ProviderError
from onboarding.sources.network.logins import Login

_HOW_TO_LIST = (
    "share accounts with the reader, or name the mailboxes in a file and give it as users=FILE: docs/sources/jmap.md, "
    "`Which mailboxes`"
)
_HOW_TO_READ = {
    Login.SHARED: "share the account with the reader, to be read: docs/sources/jmap.md, `Shared`",
}


def check(
    login: Login, names: Callable[[], list[str]], lister_of: Callable[[str], tuple[Lister, Account]]
) -> list[Requirement]:
    """Every requirement, in the order in which a person would see to them. Never raises for one that is missing."""
    try:
        mailboxes = names()
    except SourceError as error:
        return [_wrong(error)]
    if not mailboxes:
        evidence = "no account is seen that the rules admit"
        return [Requirement("mailboxes are listed", False, evidence, _HOW_TO_LIST, permission=True)]
    mailbox = mailboxes[0]
    listed = Requirement("mailboxes are listed", True, f"{len(mailboxes):,}; the first is {mailbox}", permission=True)
    try:
        lister, account = lister_of(mailbox)
        folders = folders_of(lister.calls)
        next(iter(lister.newest_first(None, None)), None)
    except SourceError as error:
        remedy = _HOW_TO_READ.get(login, "check the mailbox's credentials: docs/sources/jmap.md")
        return [listed, Requirement("permission to read mail", False, str(error), remedy, permission=True)]
    limits = lister.calls.session.limits
    sent = any(kind is Folder.SENT for kind in folders.kinds.values())
    moves = not account.read_only and (
        folders.tops[Folder.JUNK] in folders.may_file if Folder.JUNK in folders.tops else account.primary
    )
    return [
        listed,
        Requirement(
            "permission to read mail",
            True,
            f"{mailbox}: tried; {len(folders.kinds)} folders, {limits.objects_in_get:,} messages and "
            f"{limits.concurrent_requests} requests at a time are allowed",
            permission=True,
        ),
        Requirement(
            "sent mail is seen",
            sent,
            f"{mailbox}: {'a folder of it is there' if sent else 'none of the folders that are seen is that of sent mail'}",
            "" if sent else "whom people write to is the strongest sign of what is normal: share that folder too",
            optional=True,
        ),
        Requirement(
            "permission to move mail",
            moves,
            f"{mailbox}: the account is {'read-only' if account.read_only else 'not read-only'}, its junk folder "
            f"{'may' if moves else 'may not'} be filed into",
            "" if moves else "needed for the mode `enforce` only: docs/sources/jmap.md, `To move mail`",
            optional=True,
            permission=True,
        ),
    ]


def _wrong(error: SourceError) -> Requirement:
    if isinstance(error, ProviderError) and error.status in (401, 403):
        remedy = "see to the credentials: docs/sources/jmap.md"
        return Requirement("the login is accepted", False, str(error), remedy, permission=True)
    if isinstance(error, ProviderError):
        remedy = "check host, port and tls in the source's URI, and that JMAP is switched on"
        return Requirement("the server is reached", False, str(error), remedy)
    return Requirement("mailboxes are listed", False, str(error), _HOW_TO_LIST, permission=True)

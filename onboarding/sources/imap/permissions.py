"""What Gatehouse needs of an IMAP server, what of it is there, how that is known, and how to have the rest."""

from __future__ import annotations

from collections.abc import Callable

from imapclient import IMAPClient

from onboarding.sources.base import Requirement, SourceError
from onboarding.sources.imap.connection import Connection, Opened
from onboarding.sources.imap.folders import Namespace, folders_of
from onboarding.sources.imap.server import Server, Tls
from onboarding.sources.network.faults import ProviderError
from onboarding.sources.network.logins import Login

_HOW_TO_LIST = (
    "name the mailboxes in a file and give it as users=FILE, or give their addresses as include; or let the reader see "
    "them: docs/sources/imap.md, `Which mailboxes`"
)
_HOW_TO_READ = {
    Login.SHARED: "share the folders with the reader with the rights `lr` (RFC 4314): docs/sources/imap.md, `Shared`",
    Login.MASTER: "make it a master user: docs/sources/imap.md, `Dovecot`",
    Login.ADMIN: "let the admin act for others: docs/sources/imap.md, `Cyrus`",
    Login.OWN: "give each mailbox's password: docs/sources/imap.md, `One by one`",
}


def check(
    server: Server, names: Callable[[], list[str]], open_line: Callable[[str], tuple[Connection, Namespace | None]]
) -> list[Requirement]:
    """Every requirement, in the order in which a person would see to them. Never raises for one that is missing."""
    found = [_reached(server)]
    if not found[0].granted:
        return found
    try:
        mailboxes = names()
    except SourceError as error:
        refused = isinstance(error, ProviderError) and error.code == "LOGIN"
        what = "the login is accepted" if refused else "mailboxes are listed"
        remedy = "see to the credentials: docs/sources/imap.md" if refused else _HOW_TO_LIST
        return [*found, Requirement(what, False, str(error), remedy, permission=True)]
    if not mailboxes:
        return [*found, Requirement("a mailbox to read", False, "none is listed that the rules admit", _HOW_TO_LIST)]
    found.append(
        Requirement("mailboxes are listed", True, f"{len(mailboxes):,}; the first is {mailboxes[0]}", permission=True)
    )
    return found + _of_mailbox(server, mailboxes[0], open_line)


def _of_mailbox(
    server: Server, mailbox: str, open_line: Callable[[str], tuple[Connection, Namespace | None]]
) -> list[Requirement]:
    remedy = _HOW_TO_READ.get(server.logins.login, "let the client read mail: docs/sources/imap.md, `Access tokens`")
    connection = None
    try:
        connection, below = open_line(mailbox)
        folders = folders_of(connection, below)
        for folder in folders[:1]:
            connection.inside(folder.name, "a folder", lambda client, opened: None)
        if not folders:
            return [
                Requirement("permission to read mail", False, f"{mailbox}: no folder is seen", remedy, permission=True)
            ]
        read = Requirement(
            "permission to read mail", True, f"{mailbox}: tried, {len(folders)} folders are seen", permission=True
        )
        sent = any(folder.kind.name == "SENT" for folder in folders)
        wanted = Requirement(
            "sent mail is seen",
            sent,
            f"{mailbox}: {'a folder of it is there' if sent else 'none of its folders is known as that of sent mail'}",
            ""
            if sent
            else "whom people write to is the strongest sign of what is normal: have programs save what they "
            "send, into a folder marked \\Sent (RFC 6154)",
            optional=True,
        )
        return [read, wanted, _move(connection, mailbox, folders[0].name)]
    except SourceError as error:
        return [Requirement("permission to read mail", False, str(error), remedy, permission=True)]
    finally:
        if connection is not None:
            connection.close()


def _move(connection: Connection, mailbox: str, folder: str) -> Requirement:
    name = "permission to move mail"

    def ask(client: IMAPClient, opened: Opened) -> str | None:
        if not client.has_capability("MOVE") and not client.has_capability("UIDPLUS"):
            return "the server offers neither MOVE nor UIDPLUS"
        if not client.has_capability("ACL"):
            return None
        said = b" ".join(
            part if isinstance(part, bytes) else b""
            for part in client._imap._simple_command("MYRIGHTS", _quoted(folder))[1]
        )
        told = client._imap.untagged_responses.get("MYRIGHTS") or [said]
        rights = told[-1].rpartition(b" ")[2].decode("ascii", "replace")
        missing = [right for right in "te" if right not in rights and "d" not in rights]
        return f"its rights are `{rights}`, without {' and '.join(missing)}" if missing else None

    try:
        wrong = connection.inside(folder, "the rights", ask)
    except ProviderError as error:
        wrong = str(error)
    remedy = "needed for the mode `enforce` only; give the reader the rights `tei` as well (RFC 4314)"
    return Requirement(
        name,
        wrong is None,
        f"{mailbox}: {wrong or 'asked of the server, no message was touched'}",
        "" if wrong is None else remedy,
        optional=True,
        permission=True,
    )


def _reached(server: Server) -> Requirement:
    name = "the server is reached"
    safe = {
        Tls.IMPLICIT: "over TLS",
        Tls.STARTTLS: "over TLS (STARTTLS)",
        Tls.NONE: "without TLS, on this machine",
        Tls.NONE_OVER_THE_NETWORK: "WITHOUT TLS, as tls=none-over-the-network asks: passwords and mail can be read on the way",
    }[server.tls]
    try:
        client = server.connect()
        client.shutdown()
    except Exception as error:  # whatever a server of the outside does, a check answers
        why = f"{server.host}:{server.port} {safe}: {type(error).__name__}: {error}"
        remedy = (
            "check host, port and tls in the source's URI; a private authority's certificate is named by SSL_CERT_FILE"
        )
        return Requirement(name, False, why, remedy)
    return Requirement(name, True, f"{server.host}:{server.port} {safe}")


def _quoted(folder: str) -> str:
    return '"' + folder.replace("\\", "\\\\").replace('"', '\\"') + '"'

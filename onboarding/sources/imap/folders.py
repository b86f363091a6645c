"""The folders of an IMAP mailbox and what kind each is: by special use (RFC 6154) where it is offered, else by name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from imapclient import IMAPClient

from detection.mail.message import Folder
from onboarding.sources.folders import decode_imap_name, folder_of, plain
from onboarding.sources.imap.connection import Connection

_USES: dict[bytes, Folder | None] = {
    b"\\inbox": Folder.INBOX,
    b"\\sent": Folder.SENT,
    b"\\junk": Folder.JUNK,
    b"\\spam": Folder.JUNK,
    b"\\trash": Folder.TRASH,
    b"\\drafts": None,
    # Views of what lies in other folders as well; `\All` is not: what was archived may lie in it alone.
    b"\\flagged": None,
    b"\\important": None,
}
"""None: what lies there was neither sent nor has arrived, or lies elsewhere too."""

_CANNOT_BE_OPENED = frozenset({b"\\noselect", b"\\nonexistent"})

_DRAFTS = frozenset(
    plain(name)
    for name in """
        Drafts, Draft, Outbox, Templates, Notes, Calendar, Contacts, Tasks, Entwürfe, Vorlagen, Postausgang, Brouillons,
        Borradores, Rascunhos, Bozze, Concepten, Kopie robocze, Utkast, Kladder, Luonnokset, Koncepty, Piszkozatok, Ciorne,
        Taslaklar, Черновики, Чернетки, Πρόχειρα, 草稿, 草稿箱, 下書き, 임시 보관함
    """.split(",")  # noqa: SIM905
)


@dataclass(frozen=True, slots=True)
class ImapFolder:
    """A folder that holds mail. `name` as the server has it, for the server; `way` are its steps, for people."""

    name: str
    way: tuple[str, ...]
    kind: Folder
    by_use: bool = False
    """The server says so itself, by special use."""


@dataclass(frozen=True, slots=True)
class Namespace:
    """Where the folders of a mailbox begin, and what stands between the steps of a name."""

    prefix: str
    separator: str


def folders_of(connection: Connection, below: Namespace | None) -> list[ImapFolder]:
    """The folders of a mailbox that hold mail, by name; `below` where a shared mailbox begins, None for one's own.

    Raises ProviderError when they cannot be listed.
    """

    def ask(client: IMAPClient) -> list[tuple[Sequence[bytes], bytes | None, str]]:
        if below is None:
            listed = list(client.list_folders("", "*"))
        else:
            listed = list(client.list_folders("", below.prefix))
            listed += client.list_folders("", below.prefix + below.separator + "*")
        return [
            ([flag.lower() for flag in flags], separator, _text(name))
            for flags, separator, name in listed
            if flags is not None
        ]

    listed = connection.run("the folders", ask)
    uses = {name: next((_USES[flag] for flag in flags if flag in _USES), _NOTHING) for flags, _, name in listed}
    found = []
    for flags, separator, name in listed:
        if _CANNOT_BE_OPENED & set(flags) or not name.isascii():
            continue
        between = separator.decode() if separator else "\0"
        own = name[len(below.prefix) :].lstrip(between) if below else name
        way = tuple(decode_imap_name(step) for step in own.split(between)) if own else ("INBOX",)
        kind = _kind(name, way, between, uses)
        if kind is not None:
            found.append(ImapFolder(name, way, kind, uses[name] is not _NOTHING))
    return sorted(found, key=lambda folder: folder.name)


def others(connection: Connection) -> Namespace | None:
    """Where other users' mailboxes begin (RFC 2342), None when the server has or shows no such place."""

    def ask(client: IMAPClient) -> Namespace | None:
        if client.has_capability("NAMESPACE"):
            for prefix, separator in client.namespace().other or ():
                return Namespace(_text(prefix), _text(separator or b"/"))
        # Cyrus shows its admins no namespace of others: to them it is where everything is.
        for _, separator, _ in client.list_folders("", "user/%"):
            return Namespace("user/", _text(separator or b"/"))
        return None

    return connection.run("the namespaces", ask)


def mailboxes_of_others(connection: Connection, place: Namespace) -> list[str]:
    """The names of other users whose mailboxes are seen."""

    def ask(client: IMAPClient) -> list[str]:
        return [_text(name) for _, _, name in client.list_folders("", place.prefix + "%")]

    names = connection.run("the mailboxes of others", ask)
    return sorted({name[len(place.prefix) :] for name in names if name.startswith(place.prefix)} - {""})


def _kind(name: str, way: tuple[str, ...], separator: str, uses: dict[str, Folder | None]) -> Folder | None:
    """By the special use of the folder or of one above it, else by its names; None: no mail is in it."""
    above = name
    while above:
        use = uses.get(above, _NOTHING)
        if use is not _NOTHING:
            # What is below the inbox is not the inbox: servers put every folder there.
            return Folder.OTHER if use is Folder.INBOX and above != name else use
        above = above.rpartition(separator)[0]
    if any(plain(step) in _DRAFTS for step in way):
        return None
    return folder_of(way)


_NOTHING = Folder.UNKNOWN
"""No special use is known of it."""


def _text(name: bytes | str | int) -> str:
    return name.decode("utf-8", "surrogateescape") if isinstance(name, bytes) else str(name)

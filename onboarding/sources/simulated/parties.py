"""Who can send or receive: an address, and the way its mail takes."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Address:
    """One RFC 5322 mailbox."""

    name: str
    address: str

    @property
    def domain(self) -> str:
        return self.address.rpartition("@")[2]


class Form(StrEnum):
    """What bodies a sending program makes."""

    PLAIN = "plain"
    BOTH = "both"
    HTML = "html"


class Posture(StrEnum):
    """What the receiving server finds when it authenticates a domain's mail."""

    FULL = "full"
    """SPF and DKIM pass in alignment, DMARC passes."""
    SPF_ONLY = "spf-only"
    """No signature, no DMARC policy."""
    NOTHING = "nothing"
    """Neither SPF nor DKIM nor DMARC is published."""
    MISALIGNED = "misaligned"
    """A service sends in the domain's name under its own return path and signature."""
    FAILING = "failing"
    """Sent from a server that the SPF record does not name."""
    SILENT = "silent"
    """The receiving server wrote no result down."""


@dataclass(frozen=True, slots=True)
class Way:
    """The infrastructure a sender's mail comes from."""

    domain: str
    """Domain of the return path and of the signature."""
    host: str
    """Name of the sending server."""
    network: str
    """First three octets of its IPv4 address."""
    posture: Posture
    mailer: str
    """User-Agent or X-Mailer; empty for none."""
    form: Form
    offset: int
    """Minutes east of UTC that the sender's Date speaks in."""
    internal: bool = False
    id_host: str = ""
    """Right-hand side of its Message-IDs; `host` when empty."""
    service: str = ""
    """Domain of the service that really sends, for MISALIGNED and bulk mail; empty for none."""


@dataclass(frozen=True, slots=True)
class Party:
    """A sender: who, by which way."""

    mailbox: Address
    way: Way
    language: str = "en"
    signature: tuple[str, ...] = ()
    """Lines below the name."""
    reply_to: Address | None = None
    """A Reply-To that the sender's mail always carries."""
    logo: int = 0
    """Which picture stands in the signature; 0 for none."""

    @property
    def signed(self) -> str:
        """The signature block; empty for those who have none."""
        return "\n".join((self.mailbox.name, *self.signature)) if self.signature else ""

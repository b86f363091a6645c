"""How much of a mail is looked at: every cap of the parser, in one place.

A cap that cuts sets its bit of `detection.mail.message.Defect`; only `message_bytes` refuses the message.
The defaults leave real mail whole and hold the most hostile message of allowed size to milliseconds.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Caps of `detection.mail.parse.parse`."""

    message_bytes: int = 50_000_000
    """A larger message is skipped as too large."""

    header_bytes: int = 256 * 1024
    """Of the message's own header block; the rest of the block is not read."""
    header_fields: int = 2_000
    part_header_bytes: int = 16 * 1024
    """Of the header block of one MIME part."""
    value_bytes: int = 32 * 1024
    """Of one header value that is no address list (subject, display name, references ...)."""
    address_bytes: int = 128 * 1024
    """Of the address lists of one kind (all To, all Cc ...)."""
    encoded_words: int = 500
    """RFC 2047 encoded words decoded in one header value."""
    recipients: int = 2_000
    foreign_hosts: int = 100
    """Host names in other scripts that are converted to ASCII."""
    references: int = 200
    """The first and the last ones are kept."""
    received: int = 100
    name_characters: int = 500
    """Of a display name or a file name."""

    parts: int = 1_000
    """MIME parts, multiparts included."""
    depth: int = 20
    """Nesting of multiparts and attached messages."""
    boundary_hits: int = 10_000
    """Places in a message that look like a boundary line."""

    body_bytes: int = 512_000
    """Decoded bytes of all text parts that are read."""
    text_parts: int = 50
    """Text parts that are read."""
    text_characters: int = 20_000
    """Of `Message.text`."""
    html_tokens: int = 20_000
    """Tags, comments and the like of all HTML parts."""
    html_nesting: int = 500
    """Open elements followed inside an element that is hidden."""
    attributes: int = 60
    """Read of one tag."""
    links: int = 500
    url_characters: int = 2_000
    shown_characters: int = 200

    pictures: int = 20
    """Pictures in which codes are looked for."""
    picture_bytes: int = 1_000_000
    """Of one picture as attached; a larger one is not looked at."""
    picture_pixels: int = 2_200_000
    """Of all pictures that are decoded: a page of A4 at 150 dots an inch."""


DEFAULT_LIMITS = Limits()

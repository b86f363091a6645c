"""The MIME tree (RFC 2046), walked without recursion: a mail's parts in the order they are written."""

from __future__ import annotations

import re
from dataclasses import dataclass

from detection.mail import transfer
from detection.mail.defects import Defects
from detection.mail.headers import Headers, split_block
from detection.mail.limits import Limits
from detection.mail.message import Defect
from detection.mail.parameters import parameters_of, value_of

_FIRST_BOUNDARY = re.compile(rb"\s{0,100}--([^\r\n]{1,70})[ \t]*\r?\n")
_TYPE = re.compile(r"[a-z0-9!#$&^_.+-]{1,100}/[a-z0-9!#$&^_.+-]{1,100}\Z")


@dataclass(frozen=True, slots=True)
class Part:
    """A part that is not a multipart."""

    content_type: str
    charset: str
    disposition: str
    name: str
    encoding: str
    has_id: bool
    """Whether other parts may refer to it (Content-ID)."""
    body: bytes
    """As transferred; `transfer.decode(part.body, part.encoding, ...)` undoes the transfer encoding."""
    within: bool
    """Lies inside an attached message."""


def parts_of(
    content: bytes, body: int, headers: Headers, limits: Limits, defects: Defects
) -> tuple[list[Part], list[str]]:
    """The leaves of the tree, and the content types of all parts, in order.

    `content[body:]` is the body that `headers` describe. Attached messages are leaves, followed by their own parts.
    Bounds: `parts`, `depth`, `boundary_hits`, and the bytes searched for boundaries (about four times the message).
    """
    leaves: list[Part] = []
    types: list[str] = []
    # Buffer, start, end, headers (None: read them at start), depth, inside an attached message, default type.
    stack: list[tuple[bytes, int, int, Headers | None, int, bool, str]]
    stack = [(content, body, len(content), headers, 0, False, "text/plain")]
    budget = _Budget(limits.boundary_hits, 4 * len(content) + 8_000_000)
    while stack:
        buffer, start, end, head, depth, within, default = stack.pop()
        if len(types) >= limits.parts:
            defects.add(Defect.CAPPED_PARTS)
            break
        if head is None:
            block, start = split_block(buffer, start, end, limits.part_header_bytes)
            head = Headers(block, limits, defects)
        declared = head.plain("content-type")
        content_type = value_of(declared) if declared else default
        if declared and not _TYPE.match(content_type):
            defects.add(Defect.BROKEN_MIME)
            content_type = default
        types.append(content_type)
        parameters = parameters_of(declared, defects)
        if content_type.startswith("multipart/"):
            pieces = _pieces(buffer, start, end, parameters.get("boundary", ""), depth, limits, defects, budget)
            if pieces is not None:
                inner = "message/rfc822" if content_type == "multipart/digest" else "text/plain"
                stack.extend((buffer, s, e, None, depth + 1, within, inner) for s, e in reversed(pieces))
                continue
            content_type = "text/plain"
        part = _leaf(content_type, parameters, head, buffer[start:end], within, defects)
        leaves.append(part)
        if content_type == "message/rfc822":
            if depth >= limits.depth:
                defects.add(Defect.CAPPED_DEPTH)
                continue
            inner_message = transfer.decode(part.body, part.encoding, defects).lstrip(b"\r\n")
            stack.append((inner_message, 0, len(inner_message), None, depth + 1, True, "text/plain"))
    return leaves, types


class _Budget:
    __slots__ = ("bytes", "hits")

    def __init__(self, hits: int, searched: int) -> None:
        self.hits = hits
        self.bytes = searched


def _pieces(
    buffer: bytes, start: int, end: int, boundary: str, depth: int, limits: Limits, defects: Defects, budget: _Budget
) -> list[tuple[int, int]] | None:
    """Where the parts of a multipart lie; None when it has to be read as a leaf."""
    budget.bytes -= end - start
    if depth >= limits.depth or budget.bytes < 0:
        defects.add(Defect.CAPPED_DEPTH)
        return None
    delimiter = boundary.rstrip().encode("utf-8", "replace")[:200]
    if not delimiter:
        defects.add(Defect.BROKEN_MIME)
        guess = _FIRST_BOUNDARY.match(buffer, start, end)
        if guess is None:
            return None
        delimiter = guess[1]
    delimiter = b"--" + delimiter
    pieces: list[tuple[int, int]] = []
    begun = -1
    closed = False
    at = start
    while budget.hits > 0:
        found = buffer.find(delimiter, at, end)
        if found < 0:
            break
        budget.hits -= 1
        at = found + len(delimiter)
        if found > start and buffer[found - 1] not in b"\n\r":
            continue
        after = buffer[at : at + 2]
        closing = after == b"--"
        if not closing and after[:1] not in (b"\n", b"\r", b" ", b"\t", b""):
            # Another boundary that begins like this one.
            continue
        if begun >= 0:
            pieces.append((begun, max(begun, _line_end_before(buffer, found))))
            if len(pieces) >= limits.parts:
                break
        if closing:
            closed = True
            begun = -1
            break
        newline = buffer.find(b"\n", at, end)
        begun = newline + 1 if newline >= 0 else end
        at = begun
    if budget.hits <= 0 or len(pieces) >= limits.parts:
        defects.add(Defect.CAPPED_PARTS)
    if begun >= 0:
        pieces.append((begun, end))
    if not closed:
        defects.add(Defect.BROKEN_MIME)
    return pieces or None


def _line_end_before(buffer: bytes, found: int) -> int:
    """The line break before a boundary belongs to the boundary (RFC 2046 section 5.1.1)."""
    if buffer[found - 2 : found] == b"\r\n":
        return found - 2
    return found - 1


def _leaf(
    content_type: str, parameters: dict[str, str], head: Headers, body: bytes, within: bool, defects: Defects
) -> Part:
    disposition, name = "", ""
    written = head.plain("content-disposition")
    if written:
        disposition = value_of(written)
        if "=" in written:
            name = parameters_of(written, defects).get("filename", "")
    name = name or parameters.get("name", "")
    encoding = head.raw("content-transfer-encoding").lower() if "content-transfer-encoding" in head.values else b""
    return Part(
        content_type=content_type,
        charset=parameters.get("charset", "").strip(" '\"").lower(),
        disposition=disposition,
        name=head.decoded(name)[: head.limits.name_characters] if name else "",
        encoding=encoding.decode("latin-1").strip(" ;'\"").partition(" ")[0],
        has_id="content-id" in head.values,
        body=body,
        within=within,
    )

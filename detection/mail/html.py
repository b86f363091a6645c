"""HTML as its reader sees it: visible and hidden text, links with their shown text, images and forms.

One pass over the tags (`detection.mail.tags`) and no tree: building the tree is what costs a parser quadratic time and
memory on hostile nesting.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import unescape as _unescape

from detection.mail.concealed import conceal
from detection.mail.defects import Defects
from detection.mail.limits import Limits
from detection.mail.message import Defect
from detection.mail.tags import ANCHOR, ANCHOR_END, AREA, BASE, BREAK, FORM, IMAGE, META, tokens_of

_ATTRIBUTE = re.compile(r"""([^\s/>="'][^\s/>=]*+)(?:\s*+=\s*+(?:"([^"]*+)"?+|'([^']*+)'?+|([^\s>"'][^\s>]*+))?+)?+""")
# What nearly every anchor looks like: names and double-quoted values, of which the first `href` is wanted.
_HREF = re.compile(r'(?:\s++(?!(?i:href)=)[A-Za-z_:-]++="[^"]*+"){0,20}+\s++href="([^"]*+)"').match
_REFRESH = re.compile(r"\s*[\d.]{0,9}\s*[;,]\s*url\s*=\s*['\"]?([^'\"\s]{1,2000})", re.IGNORECASE)
# Characters without width: they break words for machines and not for readers.
_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]+"
)
_BREAK_MARK = "\x00"

_MARKS = tuple(_BREAK_MARK if kind in (BREAK, FORM) else "" for kind in range(META + 1))
"""What stands in the visible text for a tag of each kind."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What one HTML part shows."""

    text: str
    """Visible text, a line a block; at most `text_characters`."""
    text_length: int
    """Visible characters, before the cap."""
    hidden_length: int
    links: list[tuple[str, str]]
    """Address as written and visible text: anchors in order, then targets of forms, areas and refreshes."""
    loose: str
    """Visible text outside anchors, where bare addresses may stand."""
    images: int
    forms: int
    tokens: int
    """Tags, comments and the like that were read."""


def read(
    html: str, limits: Limits, defects: Defects, tokens_left: int | None = None, characters: int | None = None
) -> Reading:
    """The reading of an HTML text. Never raises; caps: `html_tokens`, `attributes`, `links`, `text_characters`.

    `tokens_left`, `characters`: what earlier parts of the mail left of `html_tokens` and `text_characters`.
    """
    characters = limits.text_characters if characters is None else max(1, characters)
    most = limits.html_tokens if tokens_left is None else max(1, tokens_left)
    if _BREAK_MARK in html:
        html = html.replace(_BREAK_MARK, "")
    first, tags, texts, sheets, capped = tokens_of(html, most)
    if capped:
        defects.add(Defect.CAPPED_HTML)
    kinds = [tag.kind for tag in tags]
    concealed = conceal(tags, texts, sheets, limits, defects)
    # A place for a line break before each text: the text behind tag i is `visible[2 * i + 2]`.
    visible = [first] * (2 * len(texts) + 1)
    visible[1::2] = map(_MARKS.__getitem__, kinds)
    visible[2::2] = texts
    anchors: list[tuple[str, int, int]] = []
    links: list[tuple[str, str]] = []
    images = forms = 0
    base = href = ""
    anchor_at = -1
    for at, kind in enumerate(kinds):
        if kind <= BREAK:
            continue
        if kind == IMAGE:
            images += 1
        elif kind <= ANCHOR_END:
            if anchor_at >= 0:
                anchors.append((href, anchor_at, 2 * at + 1))
                anchor_at = -1
            if kind == ANCHOR and len(anchors) <= limits.links:
                href = attribute(tags[at].attributes, "href", limits.attributes)
                anchor_at = 2 * at + 2
        elif kind == BASE:
            base = base or attribute(tags[at].attributes, "href", limits.attributes)
        else:
            if kind == FORM:
                forms += 1
            if len(links) <= limits.links:
                target = _target(kind, tags[at].attributes, limits.attributes)
                if target:
                    links.append((target, ""))
    if anchor_at >= 0:
        anchors.append((href, anchor_at, len(visible)))
    raw = "".join(visible)
    shown, length, invisible = _as_shown(raw, characters)
    links = [(href, "".join(visible[start:end])) for href, start, end in anchors if href] + links
    return Reading(
        text=shown,
        text_length=length,
        hidden_length=invisible + (_length("".join(concealed)) if concealed else 0),
        links=[_link(url, text, base, limits) for url, text in links[: limits.links + 1]],
        loose=_outside(anchors, visible, characters) if "://" in raw or "www." in raw else "",
        images=images,
        forms=forms,
        tokens=len(tags),
    )


def _target(kind: int, attributes: str, most: int) -> str:
    """Where a form, an image map's area or a refreshing page leads."""
    if kind == FORM:
        return attribute(attributes, "action", most)
    if kind == AREA:
        return attribute(attributes, "href", most)
    match = _REFRESH.match(attribute(attributes, "content", most)) if "efresh" in attributes.lower() else None
    return match[1] if match else ""


def _outside(anchors: list[tuple[str, int, int]], visible: list[str], characters: int) -> str:
    """The visible text that is in no anchor."""
    pieces: list[str] = []
    at = 0
    for _, start, end in anchors:
        pieces += visible[at:start]
        at = end
    pieces += visible[at:]
    return unescape("".join(pieces)[: 4 * characters].replace(_BREAK_MARK, "\n"), most=2_000)


def attribute(attributes: str, wanted: str, most: int) -> str:
    """The first attribute of that name in a tag, entities decoded; empty when it is not among the first `most`."""
    if wanted == "href":
        usual = _HREF(attributes)
        if usual is not None:
            return unescape(usual[1])
    for count, match in enumerate(_ATTRIBUTE.finditer(attributes)):
        name = match[1]
        if name == wanted or name.lower() == wanted:
            value = match[match.lastindex or 1] if match.lastindex != 1 else ""
            return unescape(value)
        if count == most:
            break
    return ""


def _link(url: str, text: str, base: str, limits: Limits) -> tuple[str, str]:
    if base and ":" not in url[:20] and not url.startswith(("//", "#")):
        url = base + url
    shown = " ".join(unescape(text[: 3 * limits.shown_characters].replace(_BREAK_MARK, " ")).split())
    if not shown.isascii():
        shown = _INVISIBLE.sub("", shown)
    return url, shown[: limits.shown_characters]


def unescape(text: str, most: int = 20) -> str:
    """Character references decoded; in a text with more than `most` of them only the commonest ones.

    The standard library's decoder takes microseconds for each: a page of them would cost more than the rest of a mail.
    """
    if "&" not in text:
        return text
    if text.count("&") > most:
        return text.replace("&nbsp;", " ").replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
    return _unescape(text)


def _as_shown(raw: str, most: int) -> tuple[str, int, int]:
    """Text as laid out (white space collapsed, a line a block), its length, and how many characters had no width."""
    beyond = max(0, len(raw) - 8 * most)
    text = raw[: 8 * most] if beyond else raw
    if "&nbsp;" in text:
        text = text.replace("&nbsp;", " ")
    text = "\n".join([" ".join(words) for words in map(str.split, text.split(_BREAK_MARK)) if words])
    beyond += max(0, len(text) - 2 * most)
    if "&" in text:
        text = _unescape(text[: 2 * most])
    invisible = 0
    if not text.isascii():
        cleaned = _INVISIBLE.sub("", text)
        invisible = len(text) - len(cleaned)
        text = cleaned.strip()
    return text[:most], len(text) + beyond, invisible


def _length(raw: str) -> int:
    """Characters of a text that is not shown, about: references count as they are written."""
    return len(" ".join(raw.replace("&nbsp;", " ").replace("&zwnj;", "").split()))

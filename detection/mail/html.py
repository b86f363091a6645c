"""HTML as its reader sees it: visible and hidden text, links with their shown text, images and forms.

One pass over the tokens of the HTML standard (https://html.spec.whatwg.org/#tokenization) and no tree: building the
tree is what costs a parser quadratic time and memory on hostile nesting. Every pattern is possessive and every token
matches, if need be up to the end, so the pass is linear in the size of the part.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import unescape as _unescape

from detection.mail.defects import Defects
from detection.mail.hidden import HIDES, ZERO_FONT, Effects, Hidden
from detection.mail.limits import Limits
from detection.mail.message import Defect

# An attribute's quotes count only where a value may begin; `>` inside them does not end the tag.
# The quote straight behind the equals sign, which nearly every attribute has, is tried first.
_ATTRIBUTES = (
    r"""[^>"'=]*+(?:(?:="[^"]*+(?:"|\Z)|=\s*+(?:"[^"]*+(?:"|\Z)|'[^']*+(?:'|\Z)|[^\s>"'][^\s>]*+)?+|["'])[^>"'=]*+)*+"""
)
_TOKEN = re.compile(
    rf"""<(?:
    (?=[sS][cCtT]|[tT][eEiI]|[xX][mM]|[iI][fF]|[nN][oO])(?i:(script|style|title|textarea|xmp|iframe|noembed|noframes))(?=[\s/>]){_ATTRIBUTES}(?:>|\Z)
        ([^<]*+(?:<(?!/(?i:\1))[^<]*+)*+)
    | (/?+[a-zA-Z][^\s/>]*+)({_ATTRIBUTES})(?:>|\Z)
    | !--(?:-?>|[^-]*+(?:-(?!-!?>)[^-]*+)*+(?:--!?>|\Z))
    | [!?/][^>]*+(?:>|\Z)
    )""",
    re.VERBOSE,
)
_ATTRIBUTE = re.compile(r"""([^\s/>="'][^\s/>=]*+)(?:\s*+=\s*+(?:"([^"]*+)"?+|'([^']*+)'?+|([^\s>"'][^\s>]*+))?+)?+""")
_REFRESH = re.compile(r"\s*[\d.]{0,9}\s*[;,]\s*url\s*=\s*['\"]?([^'\"\s]{1,2000})", re.IGNORECASE)
# Characters without width: they break words for machines and not for readers.
_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]+"
)
_BREAK_MARK = "\x00"

_INLINE, _BREAK, _ANCHOR, _ANCHOR_END, _IMAGE, _FORM, _AREA, _BASE, _META = range(9)
_ANCHORS = (_ANCHOR, _ANCHOR_END)
_BREAKS = (
    "p div br hr tr td th table tbody thead tfoot ul ol li dl dt dd h1 h2 h3 h4 h5 h6 blockquote pre center address "
    "article aside section header footer main nav figure figcaption form fieldset option select body html head caption"
)
_KINDS: dict[str, int] = {}
for _name in _BREAKS.split():
    _KINDS[_name] = _KINDS["/" + _name] = _BREAK
_KINDS |= {"a": _ANCHOR, "/a": _ANCHOR_END, "img": _IMAGE, "image": _IMAGE, "form": _FORM}
_KINDS |= {"area": _AREA, "base": _BASE, "meta": _META}
_INLINES = "b i u em strong span font small big sub sup s strike code o:p style script label abbr tt input button"
for _name in _INLINES.split():
    _KINDS[_name] = _KINDS["/" + _name] = _INLINE
_KINDS |= {name.upper(): kind for name, kind in _KINDS.items()}


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
    tokens = _TOKEN.split(html, maxsplit=most)
    if len(tokens) > 5 * most:
        defects.add(Defect.CAPPED_HTML)
        # What follows the last token read is markup, not text.
        tokens[-1] = ""
    visible: list[str] = [tokens[0]]
    concealed: list[str] = []
    anchors: list[tuple[str, int, int]] = []
    links: list[tuple[str, str]] = []
    images = forms = state = 0
    base = href = ""
    anchor_at = -1
    effects = Effects(tokens[1::5], tokens[2::5])
    hidden = Hidden(effects, limits, defects)
    following = hidden.open
    kinds = _KINDS
    show = visible.append
    for name, attributes, text in zip(tokens[3::5], tokens[4::5], tokens[5::5], strict=True):
        if name is not None:
            kind = kinds.get(name)
            if kind is None:
                kind = kinds.get(name.lower(), _INLINE)
            if kind:
                if kind == _BREAK:
                    show(_BREAK_MARK)
                elif kind == _IMAGE:
                    images += 1
                elif kind in _ANCHORS:
                    if anchor_at >= 0:
                        anchors.append((href, anchor_at, len(visible)))
                        anchor_at = -1
                    if kind == _ANCHOR and len(anchors) <= limits.links:
                        href = attribute(attributes, "href", limits.attributes)
                        anchor_at = len(visible)
                elif kind == _BASE:
                    base = base or attribute(attributes, "href", limits.attributes)
                elif len(links) <= limits.links:
                    target = _target(kind, attributes, limits.attributes)
                    if target:
                        links.append((target, ""))
                if kind == _FORM:
                    forms += 1
                    show(_BREAK_MARK)
            if following:
                if state != HIDES or name.lower() in hidden.watched:
                    state = hidden.after(name, attributes)
            elif attributes and effects[attributes] >= ZERO_FONT:
                state = hidden.after(name, attributes)
        if text:
            if state:
                concealed.append(text)
            else:
                show(text)
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
        tokens=len(tokens) // 5,
    )


def _target(kind: int, attributes: str, most: int) -> str:
    """Where a form, an image map's area or a refreshing page leads."""
    if kind == _FORM:
        return attribute(attributes, "action", most)
    if kind == _AREA:
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

"""HTML as its reader sees it: visible and hidden text, links with their shown text, images and forms.

One pass over the tokens of the HTML standard (https://html.spec.whatwg.org/#tokenization) and no tree: building the
tree is what costs a parser quadratic time and memory on hostile nesting. Every pattern is possessive and every token
matches, if need be up to the end, so the pass is linear in the size of the part.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import unescape

from detection.mail.defects import Defects
from detection.mail.hidden import Hidden, may_hide
from detection.mail.limits import Limits
from detection.mail.message import Defect

_ATTRIBUTES = r"""(?:[^>"'=]++|=\s*+(?:"[^"]*+(?:"|\Z)|'[^']*+(?:'|\Z)|[^\s>"'][^\s>]*+)?+|["'])*+"""
_TOKEN = re.compile(
    rf"""<(?:
    (?i:(script|style|title|textarea|xmp|iframe|noembed|noframes))(?=[\s/>]){_ATTRIBUTES}(?:>|\Z)
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
    """Address as written and visible text, in order; form targets too, with no text."""
    loose: str
    """Visible text outside anchors, where bare addresses may stand."""
    images: int
    forms: int


def read(html: str, limits: Limits, defects: Defects) -> Reading:
    """The reading of an HTML text. Never raises; caps: `html_tokens`, `attributes`, `links`, `text_characters`."""
    if _BREAK_MARK in html:
        html = html.replace(_BREAK_MARK, "")
    tokens = _TOKEN.split(html, maxsplit=limits.html_tokens)
    if len(tokens) > 5 * limits.html_tokens:
        defects.add(Defect.CAPPED_HTML)
        # What follows the last token read is markup, not text.
        tokens[-1] = ""
    visible: list[str] = [tokens[0]]
    concealed: list[str] = []
    loose: list[str] = []
    links: list[tuple[str, str]] = []
    images = forms = 0
    base = ""
    href, anchor_at = "", -1
    hidden = Hidden(tokens[1::5], tokens[2::5], limits, defects) if may_hide(html) else None
    state = 0
    kinds = _KINDS
    if "://" in tokens[0] or "www." in tokens[0]:
        loose.append(tokens[0])
    for name, attributes, text in zip(tokens[3::5], tokens[4::5], tokens[5::5], strict=True):
        if name is not None:
            kind = kinds.get(name)
            if kind is None:
                kind = kinds.get(name.lower(), _INLINE)
            if kind:
                if kind == _BREAK:
                    visible.append(_BREAK_MARK)
                elif kind == _IMAGE:
                    images += 1
                elif kind in _ANCHORS:
                    if anchor_at >= 0 and href:
                        links.append((href, "".join(visible[anchor_at:])))
                    anchor_at = -1
                    if kind == _ANCHOR:
                        href = attribute(attributes, "href", limits.attributes)
                        anchor_at = len(visible)
                        if len(links) > limits.links:
                            href = ""
                elif kind == _META:
                    if "efresh" in attributes or "EFRESH" in attributes:
                        match = _REFRESH.match(attribute(attributes, "content", limits.attributes))
                        if match:
                            links.append((match[1], ""))
                elif kind == _BASE:
                    base = base or attribute(attributes, "href", limits.attributes)
                else:
                    forms += kind == _FORM
                    if kind == _FORM:
                        visible.append(_BREAK_MARK)
                    target = attribute(attributes, "action" if kind == _FORM else "href", limits.attributes)
                    if target and len(links) <= limits.links:
                        links.append((target, ""))
            if hidden is not None:
                state = hidden.after(name, attributes)
        if text:
            if state:
                concealed.append(text)
            else:
                visible.append(text)
                if anchor_at < 0 and ("://" in text or "www." in text):
                    loose.append(text)
    if anchor_at >= 0 and href:
        links.append((href, "".join(visible[anchor_at:])))
    shown, length, invisible = _as_shown("".join(visible), limits.text_characters)
    return Reading(
        text=shown,
        text_length=length,
        hidden_length=invisible + (_length("".join(concealed), limits.text_characters) if concealed else 0),
        links=[_link(url, text, base, limits) for url, text in links[: limits.links + 1]],
        loose=unescape(" ".join(loose)[: 4 * limits.text_characters]) if loose else "",
        images=images,
        forms=forms,
    )


def attribute(attributes: str, wanted: str, most: int) -> str:
    """The first attribute of that name in a tag, entities decoded; empty when it is not among the first `most`."""
    for count, (name, double, single, bare) in enumerate(_ATTRIBUTE.findall(attributes[:20_000])):
        if count == most:
            break
        if name == wanted or name.lower() == wanted:
            value: str = double or single or bare
            return unescape(value) if "&" in value else value
    return ""


def _link(url: str, text: str, base: str, limits: Limits) -> tuple[str, str]:
    if base and ":" not in url[:20] and not url.startswith(("//", "#")):
        url = base + url
    shown = " ".join(unescape(text[: 3 * limits.shown_characters].replace(_BREAK_MARK, " ")).split())
    if not shown.isascii():
        shown = _INVISIBLE.sub("", shown)
    return url, shown[: limits.shown_characters]


def _as_shown(raw: str, most: int) -> tuple[str, int, int]:
    """Text as laid out (white space collapsed, a line a block), its length, and how many characters had no width."""
    beyond = max(0, len(raw) - 4 * most)
    if beyond:
        raw = raw[: 4 * most]
    text = unescape(raw) if "&" in raw else raw
    invisible = 0
    if not text.isascii():
        cleaned = _INVISIBLE.sub("", text)
        invisible = len(text) - len(cleaned)
        text = cleaned
    lines = [" ".join(words) for words in map(str.split, text.split(_BREAK_MARK)) if words]
    text = "\n".join(lines)
    return text[:most], len(text) + beyond, invisible


def _length(raw: str, most: int) -> int:
    beyond = max(0, len(raw) - 4 * most)
    return len(" ".join(unescape(raw[: 4 * most]).split())) + beyond

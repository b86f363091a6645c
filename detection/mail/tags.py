"""HTML as tags and the texts between them, after the tokens of the standard (https://html.spec.whatwg.org/#tokenization).

There are two readings with one result. The quick one cuts at every `<` and `>` and knows tags from mail read before,
as templates repeat theirs in every mail; it gives up where a quoted value, a stray `<` or an end in the middle of a tag
makes such cuts wrong. The exact one is a single pattern; it is possessive and every token matches, if need be up to the
end, so that it is linear in the size of the part.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from detection.mail.hidden import effect_of

INLINE, BREAK, ANCHOR, ANCHOR_END, IMAGE, FORM, AREA, BASE, META = range(9)
"""Kinds of tags; those above `BREAK` are looked into."""


class Tag(NamedTuple):
    """A tag, or what else is no text: a comment, a declaration, an element of raw text."""

    kind: int
    effect: int
    """What its attributes do to the text within (`detection.mail.hidden`), whatever the style sheets say."""
    name: str
    """Lower case, with its slash when it closes; empty for what is no tag."""
    attributes: str


class Tokens(NamedTuple):
    """One HTML part: text `first`, then tag `tags[i]` and the text behind it, `texts[i]`, for each i."""

    first: str
    tags: list[Tag]
    texts: list[str]
    sheets: list[str]
    """The contents of its style sheets."""
    capped: bool
    """Whether there was more than `most` tags; what follows them is left out."""


def tokens_of(html: str, most: int) -> Tokens:
    """The tags of an HTML text, at most `most`, and the texts between them."""
    return _quick(html, most) or _exact(html, most)


# An attribute's quotes count only where a value may begin; `>` inside them does not end the tag.
# The quote straight behind the equals sign, which nearly every attribute has, is tried first.
_ATTRIBUTES = (
    r"""[^>"'=]*+(?:(?:="[^"]*+(?:"|\Z)|=\s*+(?:"[^"]*+(?:"|\Z)|'[^']*+(?:'|\Z)|[^\s>"'][^\s>]*+)?+|["'])[^>"'=]*+)*+"""
)
_RAW_BEGINS = "(?=[sS][cCtT]|[tT][eEiI]|[xX][mM]|[iI][fF]|[nN][oO])"
_RAW = rf"{_RAW_BEGINS}(?i:(script|style|title|textarea|xmp|iframe|noembed|noframes))(?=[\s/>])"
_RAW_TOKEN = rf"{_RAW}{_ATTRIBUTES}(?:>|\Z)([^<]*+(?:<(?!/(?i:\1))[^<]*+)*+)"
_COMMENT = r"!--(?:-?>|[^-]*+(?:-(?!-!?>)[^-]*+)*+(?:--!?>|\Z))"
_TOKEN = re.compile(rf"<(?:{_RAW_TOKEN}|(/?+[a-zA-Z][^\s/>]*+)({_ATTRIBUTES})(?:>|\Z)|{_COMMENT}|[!?/][^>]*+(?:>|\Z))")
# What may hold `<` and `>` that are no tags: comments, and elements of raw text.
_SPECIAL = re.compile(rf"<(?:(?=!--){_COMMENT}|{_RAW_TOKEN})")
_TAG = re.compile(r"(/?+[a-zA-Z][^\s/]*+)(.*+)", re.DOTALL).fullmatch
# Attributes all of whose quoted values end, so that a `>` behind them ends the tag.
_CLOSED = re.compile(
    r"""[^"'=]*+(?:(?:="[^"]*+"|=\s*+(?:"[^"]*+"|'[^']*+'|[^\s"'][^\s]*+|(?!["']))|["'])[^"'=]*+)*+"""
).fullmatch
_PLACEHOLDER = "<!>"

_NO_TAG = Tag(INLINE, 0, "", "")
_LONGEST_KNOWN = 300
_MOST_KNOWN = 20_000
_known: dict[str, Tag] = {}
"""Tags met in earlier mail, by what stands between `<` and `>`."""


def _quick(html: str, most: int) -> Tokens | None:
    sheets: list[str] = []
    if "<!--" in html or _SPECIAL.search(html):
        html = _without_specials(html, sheets)
    pieces = [piece.partition(">") for piece in html.split("<")]
    if len(pieces) > most:
        return None
    # What comes before the first tag is all text.
    first, closes, rest = pieces[0]
    del pieces[0]
    tags = list(map(_known.get, [piece[0] for piece in pieces]))
    if None in tags:
        for at, tag in enumerate(tags):
            if tag is None:
                tag = _learned(pieces[at][0])
                if tag is None:
                    return None
                tags[at] = tag
    texts = [piece[2] for piece in pieces]
    if "" in [piece[1] for piece in pieces]:
        # A tag that does not end before the next `<`.
        return None
    return Tokens(first + closes + rest, tags, texts, sheets, False)  # type: ignore[arg-type]  # none is None any more


def _without_specials(html: str, sheets: list[str]) -> str:
    """HTML with a tag that says nothing in place of each comment and element of raw text."""
    kept = []
    at = 0
    for match in _SPECIAL.finditer(html):
        kept.append(html[at : match.start()])
        at = match.end()
        if match[1] is not None and match[1].lower() == "style":
            sheets.append(match[2])
    kept.append(html[at:])
    return _PLACEHOLDER.join(kept)


def _learned(written: str) -> Tag | None:
    """The tag of what stands between `<` and `>`; None when that is no whole tag."""
    match = _TAG(written)
    if match is None:
        return _NO_TAG if written[:1] in ("!", "?", "/") else None
    name, attributes = match.groups()
    if ('"' in attributes or "'" in attributes) and _CLOSED(attributes) is None:
        return None
    tag = _tag(name, attributes)
    if len(written) <= _LONGEST_KNOWN:
        if len(_known) >= _MOST_KNOWN:
            _known.clear()
        _known[written] = tag
    return tag


def _tag(name: str, attributes: str) -> Tag:
    name = name.lower()
    return Tag(_KINDS.get(name, INLINE), effect_of(attributes) if attributes else 0, name, attributes)


def _exact(html: str, most: int) -> Tokens:
    tokens = _TOKEN.split(html, maxsplit=most)
    capped = len(tokens) > 5 * most
    if capped:
        # What follows the last token read is markup, not text.
        tokens[-1] = ""
    known: dict[tuple[str, str], Tag] = {}
    tags = []
    for name, attributes in zip(tokens[3::5], tokens[4::5], strict=True):
        if name is None:
            tags.append(_NO_TAG)
            continue
        tag = known.get((name, attributes))
        if tag is None:
            tag = known[name, attributes] = _tag(name, attributes)
        tags.append(tag)
    raw = zip(tokens[1::5], tokens[2::5], strict=True)
    sheets = [text for name, text in raw if name is not None and name.lower() == "style"]
    return Tokens(tokens[0], tags, tokens[5::5], sheets, capped)


_BREAKS = (
    "p div br hr tr td th table tbody thead tfoot ul ol li dl dt dd h1 h2 h3 h4 h5 h6 blockquote pre center address "
    "article aside section header footer main nav figure figcaption form fieldset option select body html head caption"
)
_KINDS: dict[str, int] = {}
for _name in _BREAKS.split():
    _KINDS[_name] = _KINDS["/" + _name] = BREAK
_KINDS |= {"a": ANCHOR, "/a": ANCHOR_END, "img": IMAGE, "image": IMAGE, "form": FORM}
_KINDS |= {"area": AREA, "base": BASE, "meta": META}

"""Where a mail's own words end and the history it quotes begins."""

from __future__ import annotations

import re

SHORTEST_OWN = 20
"""Characters below which a mail that quotes says nothing itself: what it passes on is then what it says."""

# Marks that mail programs put above a quoted or forwarded mail, each on a line of its own.
_RULES = (
    "original message|original mail|forwarded message|forwarded by|ursprüngliche nachricht|ursprungliche nachricht"
    "|original-?nachricht|weitergeleitete nachricht|message d['’]origine|message transf[ée]r[ée]|mensaje original"
    "|mensaje reenviado|mensagem original|mensagem encaminhada|messaggio originale|messaggio inoltrato"
    "|oorspronkelijk bericht|doorgestuurd bericht|wiadomo[śs][ćc] oryginalna|转发邮件信息|原始邮件"
)
_ATTRIBUTIONS = (
    ("on", "wrote:?"),
    ("am", "schrieb.{0,80}:"),
    ("le", "a écrit ?:"),
    ("el", "escribi[óo]:"),
    ("em", "escreveu:"),
    ("il", "ha scritto:"),
    ("op", "schreef.{0,80}:"),
    ("w dniu", "napisa[łl].{0,6}:"),
)
_FROM = "from|von|de|da|van|od|差出人|发件人"
_SENT = (
    "sent|date|gesendet|datum|envoyé|enviado(?: el| em)?|fecha|data|inviato|verzonden|wysłano|to|an|送信日時|发送时间"
)
_ABOVE = re.compile(
    rf"^[ \t>]*(?:-{{2,}} *(?:{_RULES}).*"
    + "".join(f"|{before} .{{6,120}}{after}" for before, after in _ATTRIBUTIONS)
    + rf"|(?:{_FROM}) ?[:：].{{1,200}}\n[ \t>]*(?:{_SENT}) ?[:：].*)$",
    re.IGNORECASE | re.MULTILINE,
)
_QUOTED_LINE = re.compile(r"^[ \t]*>.*$", re.MULTILINE)
# An attribution right above a block of `>` lines introduces that block, not everything below it: answers may follow.
_ATTRIBUTED_BLOCK = re.compile(
    r"^.{0,160}(?:wrote|schrieb|écrit|escribió|escreveu|scritto|schreef|napisał)[^\n]{0,80}:[ \t]*\n\s*\0", re.MULTILINE
)


def own_text(text: str) -> str:
    """The text without quoted history: without `>` lines, and cut at the first mark of a quoted or forwarded mail.

    A mail of nothing but quotation is returned whole: whoever passes a text on without a word says that text.

    >>> own_text("I agree to it, dear all.\\n\\nOn Monday, 1 May 2023, Ann wrote:\\n> send the money")
    'I agree to it, dear all.'
    """
    own = _without_quoted_lines(text)
    if mark := _ABOVE.search(own):
        own = own[: mark.start()]
    if own is text:
        return text
    own = own.strip()
    return own if len(own) >= SHORTEST_OWN else text


def _without_quoted_lines(text: str) -> str:
    if "\n>" not in text and not text.startswith(">"):
        return text
    # NUL marks a place and does not come up in text otherwise; where it does, nothing worse than a missed block follows.
    return _ATTRIBUTED_BLOCK.sub("\0", _QUOTED_LINE.sub("\0", text)).replace("\0", "")

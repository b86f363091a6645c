"""Where a mail's own words end and the history it quotes begins."""

from __future__ import annotations

import re

SHORTEST_OWN = 20
"""Characters below which a mail that quotes says nothing itself: what it passes on is then what it says."""

# Marks that mail programs put above the quoted mail. Each needs a line of its own.
_ABOVE = re.compile(
    r"""^[ \t>]*(?:
      -{2,}[ ]*(?:original[ ]message|forwarded[ ](?:message|by)|urspr(?:ü|ue)ngliche[ ]nachricht|original[ -]nachricht|weitergeleitete[ ]nachricht
        |message[ ]d['’]origine|message[ ]transf[ée]r[ée]|mensaje[ ]original|mensaje[ ]reenviado|mensagem[ ]original|mensagem[ ]encaminhada
        |messaggio[ ]originale|messaggio[ ]inoltrato|oorspronkelijk[ ]bericht|doorgestuurd[ ]bericht|wiadomo(?:ś|s)(?:ć|c)[ ]oryginalna
        |转发邮件信息|原始邮件|original[ ]mail).*
    | On[ ].{6,120}wrote:? | Am[ ].{6,120}schrieb.{0,80}: | Le[ ].{6,120}a[ ]écrit[ ]?: | El[ ].{6,120}escribi[óo]: | Em[ ].{6,120}escreveu:
    | Il[ ].{6,120}ha[ ]scritto: | Op[ ].{6,120}schreef.{0,80}: | W[ ]dniu[ ].{6,120}napisa[łl].{0,6}:
    | (?:From|Von|De|Da|Van|Od|差出人|发件人)[ ]?[:：].{1,200}\n[ \t>]*(?:Sent|Date|Gesendet|Datum|Envoyé|Enviado(?:[ ]el|[ ]em)?|Fecha|Data|Inviato|Verzonden|Wysłano|To|An|送信日時|发送时间)[ ]?[:：].*
    )$""",
    re.IGNORECASE | re.MULTILINE | re.VERBOSE,
)
_QUOTED_LINE = re.compile(r"^[ \t]*>.*$", re.MULTILINE)


def own_text(text: str) -> str:
    """The text without quoted history: without `>` lines, and cut at the first mark of a quoted or forwarded mail.

    A mail of nothing but quotation is returned whole: whoever passes a text on without a word says that text.

    >>> own_text("I agree to it, dear all.\\n\\nOn Monday, 1 May 2023, Ann wrote:\\n> send the money")
    'I agree to it, dear all.'
    """
    own = _without_quoted_lines(text)
    if mark := _first_mark(own):
        own = own[: mark.start()]
    if own is text:
        return text
    own = own.strip()
    return own if len(own) >= SHORTEST_OWN else text


def _without_quoted_lines(text: str) -> str:
    if "\n>" not in text and not text.startswith(">"):
        return text
    # An attribution line right above a `>` block introduces that block, not everything below it: answers may follow.
    kept = _QUOTED_LINE.sub("\0", text)
    kept = re.sub(
        r"^.{0,160}(?:wrote|schrieb|écrit|escribió|escreveu|scritto|schreef|napisał)[^\n]{0,80}:[ \t]*\n\s*\0",
        "\0",
        kept,
        flags=re.MULTILINE,
    )
    return kept.replace("\0", "")


def _first_mark(text: str) -> re.Match[str] | None:
    return _ABOVE.search(text)

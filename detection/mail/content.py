"""What a mail's own words contain: lures, language, telephone numbers, money, accounts, shouting, disguised letters.

Everything here is computed while the text is in memory, and only counts of it are kept.
"""

from __future__ import annotations

import re
from typing import NamedTuple

import re2

from detection.mail.confusables import fold, words_of_two_scripts
from detection.mail.language import LANGUAGES, UNKNOWN_LANGUAGE, language_of
from detection.mail.lures import INTENTS, intents_in, plain
from detection.mail.quoted import own_text

__all__ = ["INTENTS", "LANGUAGES", "Content", "content_of"]

LONGEST_TEXT = 20_000
"""Characters of text that are looked at."""
_SHOUTED_IN = 4_000
"""Characters of text in which words in capitals are counted."""
_MOST = 1_000
"""Where counting stops."""


class Content(NamedTuple):
    """Counts over subject and own text."""

    lures: tuple[int, ...]
    """Different phrases of each intent, in the order of `INTENTS`."""
    language: int
    phone_count: int
    money_count: int
    account_number_count: int
    exclamation_count: int
    upper_word_count: int
    lookalike_word_count: int
    generic_greeting: bool
    quoted_length: int
    """Characters of quoted history that were left out of all the other counts."""


def content_of(subject: str, text: str) -> Content:
    """Counts over a subject and the part of a text that is not quoted history.

    Words that mix alphabets are counted, and then read as a person reads them, so that a lure cannot hide behind a
    Cyrillic letter.
    """
    text = text[:LONGEST_TEXT]
    own = own_text(text)
    said = f"{subject[:1_000]}\n{own}"
    disguised = words_of_two_scripts(said)
    read = plain(fold(said) if disguised else said)
    phones, money, accounts = _numbers(read, said)
    return Content(
        lures=intents_in(read),
        language=language_of(own),
        phone_count=phones,
        money_count=money,
        account_number_count=accounts,
        exclamation_count=said.count("!") + said.count("！"),
        upper_word_count=_shouted(said),
        lookalike_word_count=len(disguised),
        generic_greeting=_GREETING.search(read) is not None,
        quoted_length=len(text) - len(own),
    )


# --- numbers -----------------------------------------------------------------------------------------------------

_CURRENCY = r"(?:usd|us\$|eur|gbp|cad|aud|nzd|chf|jpy|cny|rmb|inr|zar|brl|pln|sek|nok|dkk|sgd|hkd|aed|[$€£¥₹]|r\$)"
_AMOUNT = r"\d{1,3}(?:[.,' ]\d{3})*(?:[.,]\d{1,2})?|\d+(?:[.,]\d{1,2})?"
_MONEY = re2.compile(
    rf"{_CURRENCY} ?(?:{_AMOUNT})|(?:{_AMOUNT}) ?(?:million |thousand |m |k )?(?:usd|eur|euros?|gbp|chf|dollars?|pounds?|zł|zl|pln|kr|€|£|元|円|万円|reais)"
)
_PHONE = re2.compile(
    r"(?:\+\d{1,3}[ .()-]{0,2})?(?:\(\d{2,5}\)[ .-]?|\d{2,5}[ .-])\d{2,4}(?:[ .-]\d{2,5}){1,3}\b|\+\d{8,14}\b"
)
# ISO 13616: country, two check digits, up to thirty letters or digits, in groups of four as printed.
_IBAN = re2.compile(r"\b[a-z]{2}\d{2} ?(?:[a-z0-9]{4} ?){2,7}[a-z0-9]{1,4}\b")
_ACCOUNT = re2.compile(
    r"\b(?:(?:account|acct|a/c|acc|routing|aba|sort code|iban|swift|bic|kontonummer|konto|blz|clabe|numero de cuenta|cuenta|conta|agencia"
    r"|compte|rib|rekening(?:nummer)?|numer konta|rachunek|bsb|ifsc|transit)(?: ?(?:number|no|num|nr|#|n°|code))?\.? ?[:#]? ?[a-z]{0,6}\d[\d -]{4,30})"
    r"|账号[:： ]*\d{8,}|口座番号[:： ]*\d{6,}"
)
_WALLET = re2.compile(
    r"\b(?:bc1[a-z0-9]{25,62}|[13][a-km-zA-HJ-NP-Z1-9]{25,34}|0x[a-fA-F0-9]{40}|T[a-km-zA-HJ-NP-Z1-9]{33}|[48][0-9AB][1-9A-HJ-NP-Za-km-z]{93})\b"
)
_FIVE_DIGITS = re2.compile(r"\d[\d .()-]{3,}\d")


def _numbers(read: str, said: str) -> tuple[int, int, int]:
    """Telephone numbers, amounts of money, account numbers. `said` keeps its case: wallet addresses need it."""
    money = _count(_MONEY, read)
    if not _FIVE_DIGITS.search(read):
        return 0, money, 0
    ibans = sum(map(_is_iban, _found(_IBAN, read)))
    accounts = ibans + _count(_ACCOUNT, read) + _count(_WALLET, said)
    return _count(_PHONE, read), money, accounts


def _count(pattern: re2._Regexp[str], text: str) -> int:
    return len(_found(pattern, text))


def _found(pattern: re2._Regexp[str], text: str) -> list[str]:
    if not pattern.search(text):
        return []
    found = []
    for match in pattern.finditer(text):
        found.append(match.group())
        if len(found) == _MOST:
            break
    return found


def _is_iban(written: str) -> bool:
    """Whether the check digits of an IBAN hold (ISO 7064, mod 97-10)."""
    code = written.replace(" ", "")
    if not 15 <= len(code) <= 34:
        return False
    digits = "".join([str(int(c, 36)) for c in code[4:] + code[:4]])
    return int(digits) % 97 == 1


# --- manner ------------------------------------------------------------------------------------------------------

_GREETING = re2.compile(
    r"\b(?:dear|hello|hi|attn|attention|greetings|good day|good morning),? (?:our |valued |esteemed |e-?mail |account |my |all |online |loyal )*"
    r"(?:customers?|clients?|users?|e-?mail(?: user| owner| address)?|members?|account (?:holder|owner|user)|sir\b|madam|sirs|sir/madam|friend|beneficiary|winner"
    r"|(?:web)?mail user|subscribers?|card ?holder|owner|partner|beloved|shopper|valued|tax ?payer|one\b|[a-z0-9._-]+@)"
    r"|\b(?:estimad[oa]|apreciad[oa])(?:/a|\(a\))? (?:cliente|usuario|senor|amigo|beneficiario|titular|contribuyente)"
    r"|\bsehr geehrter? (?:kunde|kundin|nutzer|damen und herren|mitglied|user)|\bliebe[r]? (?:kunde|kundin|nutzer|mitglied)"
    r"|\b(?:cher|chere) (?:client|cliente|utilisateur|abonne|membre|usager|ami|beneficiaire)"
    r"|\b(?:prezado|prezada|caro|estimado)(?:\(a\))? (?:cliente|usuario|utilizador|senhor|amigo|contribuinte)"
    r"|\b(?:gentile|caro|egregio) (?:cliente|utente|signore|amico|titolare|contribuente)"
    r"|\b(?:geachte|beste) (?:klant|gebruiker|heer/mevrouw|mevrouw/heer|lid|relatie|client)"
    r"|\b(?:szanowny|drogi|szanowna|szanowni) (?:kliencie|uzytkowniku|uzytkowniczko|klientko|panie|panstwo)"
    r"|お客様各位|お客さま各位|会員様|利用者様|ユーザー様|ご利用のお客様|お客様へ|尊敬的(?:用户|客户|会员|顾客|先生)|親愛的(?:用戶|客戶|會員)|亲爱的(?:用户|客户|会员|顾客)"
)


def _shouted(text: str) -> int:
    """Words of three letters on all in capitals."""
    return sum([len(word) > 2 and word.isupper() for word in text[:_SHOUTED_IN].split()])

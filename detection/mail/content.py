"""What a mail's own words contain: lures, language, telephone numbers, money, accounts, shouting, disguised letters.

Everything here is computed while the text is in memory, and only counts of it are kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from operator import add
from typing import NamedTuple

import re2

from detection.mail.confusables import fold, words_of_two_scripts
from detection.mail.language import LANGUAGES, UNKNOWN_LANGUAGE, Language, language_of
from detection.mail.lures import INTENTS, LANGUAGES_WITH_LURES, intents_in, plain
from detection.mail.quoted import own_text
from detection.mail.text_model import text_model_scores_of_each

__all__ = ["INTENTS", "LANGUAGES", "Content", "content_of"]

LONGEST_TEXT = 20_000
"""Characters of text that are looked at."""
_SHOUTED_IN = 2_000
"""Characters of text in which words in capitals are counted."""
_OPENING = 600
"""Characters of subject and text in which a mail says whom it claims to be from."""
_MOST = 30
"""Where counting numbers stops: a price list holds thousands, and says no more by it."""


class Content(NamedTuple):
    """Counts over subject and own text."""

    lures: tuple[int, ...]
    """Different phrases of each intent, in the order of `INTENTS`."""
    language: int
    phone_count: int
    money_count: int
    account_number_count: int
    """Different accounts: IBANs, account and routing numbers, wallet addresses."""
    exclamation_count: int
    upper_word_count: int
    lookalike_word_count: int
    generic_greeting: bool
    quoted_length: int
    """Characters of quoted history that were left out of all the other counts."""
    text_model: tuple[float, ...]
    """Log-odds of each of `detection.mail.text_model.HEADS`."""
    accounts: tuple[str, ...]
    """The accounts themselves, spaces and case removed, for keys; in the order of their letters."""
    opening: str
    """The beginning of what the mail itself says, as `detection.mail.lures.plain` makes it: where it says who it is from."""


def content_of(subject: str, text: str) -> Content:
    """Counts over a subject and the part of a text that is not quoted history.

    Words that mix alphabets are counted, and then read as a person reads them, so that a lure cannot hide behind a
    Cyrillic letter.
    """
    return contents_of([(subject, text)])[0]


def contents_of(mails: Sequence[tuple[str, str]]) -> list[Content]:
    """`content_of` each subject and text. Each question is put to all mails before the next one is put to any: the
    automata are far larger than the processor's nearest memory, and asked in turn they drive one another out of it.
    """
    texts = [text[:LONGEST_TEXT] for _, text in mails]
    readings = [_reading(subject, text) for (subject, _), text in zip(mails, texts, strict=True)]
    utf8 = [read.encode() for _, _, _, read in readings]
    # Stop-words are looked for with their diacritics, which `plain` removes.
    languages = [language_of(read if said.isascii() else said) for _, said, _, read in readings]
    # One pass says which kinds of numbers there are at all; most mail is spared the counting.
    presences = [_PRESENCE.Match(read) or () for read in utf8]
    lures = _lures(utf8, languages)
    scores = text_model_scores_of_each(utf8)
    return [
        _content(*one)
        for one in zip(
            texts, readings, (language.best for language in languages), presences, lures, scores, strict=True
        )
    ]


def _content(
    text: str,
    reading: tuple[str, str, list[str], str],
    language: int,
    there: Sequence[int],
    lures: tuple[int, ...],
    scores: tuple[float, ...],
) -> Content:
    own, said, disguised, read = reading
    accounts = _accounts(read, said, there) if there else ()
    return Content(
        lures=lures,
        language=language,
        phone_count=_count(_PHONE, read) if _HAS_PHONE in there else 0,
        money_count=_count(_MONEY, read) if _HAS_MONEY in there else 0,
        account_number_count=min(len(accounts), _MOST),
        exclamation_count=said.count("!") + said.count("！"),
        upper_word_count=_shouted(said),
        lookalike_word_count=len(disguised),
        generic_greeting=_HAS_GREETING in there,
        quoted_length=len(text) - len(own),
        text_model=scores,
        accounts=accounts[:_MOST],
        opening=read[:_OPENING],
    )


def words_of(subject: str, text: str) -> bytes:
    """What the text model reads of a mail: subject and own text, plain, in UTF-8."""
    return _reading(subject, text[:LONGEST_TEXT])[3].encode()


def _reading(subject: str, text: str) -> tuple[str, str, list[str], str]:
    """The own text; with the subject, as written; its words of two scripts; all of it as a person reads it."""
    own = own_text(text)
    said = f"{subject[:1_000]}\n{own}"
    if not said.isascii():
        # Half a surrogate pair is no character; RE2 reads UTF-8, which cannot hold one.
        said = said.encode("utf-8", "replace").decode("utf-8")
    disguised = words_of_two_scripts(said)
    return own, said, disguised, plain(fold(said) if disguised else said)


def _lures(texts: Sequence[bytes], languages: Sequence[Language]) -> list[tuple[int, ...]]:
    """Phrases of English, which business mail mixes into everything, and of the text's own language or those it may be in."""
    found = [intents_in(text, "en") for text in texts]
    for at, (text, language) in enumerate(zip(texts, languages, strict=True)):
        if language.best != UNKNOWN_LANGUAGE:
            others: tuple[int, ...] = (language.best,)
        else:
            # A short text gives no language away, and costs little to read in all of them.
            others = _LATIN if len(text) <= _SHORT else language.possible[:_MOST_LANGUAGES]
        for other in others:
            if LANGUAGES[other] != "en" and LANGUAGES[other] in LANGUAGES_WITH_LURES:
                found[at] = tuple(map(add, found[at], intents_in(text, LANGUAGES[other])))
    return found


_MOST_LANGUAGES = 3
_SHORT = 300
_LATIN = tuple(LANGUAGES.index(language) for language in LANGUAGES_WITH_LURES if language not in ("ja", "zh"))


# --- numbers -----------------------------------------------------------------------------------------------------

_CURRENCY = r"(?:usd|us\$|eur|gbp|cad|aud|nzd|chf|jpy|cny|rmb|inr|zar|brl|pln|sek|nok|dkk|sgd|hkd|aed|[$€£¥₹]|r\$)"
_AMOUNT = r"\d{1,3}(?:[.,' ]\d{3})*(?:[.,]\d{1,2})?|\d+(?:[.,]\d{1,2})?"
_MONEY = re2.compile(
    rf"{_CURRENCY} ?(?:{_AMOUNT})"
    rf"|(?:{_AMOUNT}) ?(?:million |thousand |m |k )?(?:usd|eur|euros?|gbp|chf|dollars?|pounds?|zł|zl|pln|kr|€|£|元|円|万円|reais)"
)
_PHONE = re2.compile(
    r"(?:\+\d{1,3}[ .()-]{0,2})?(?:\(\d{2,5}\)[ .-]?|\d{2,5}[ .-])\d{2,4}(?:[ .-]\d{2,5}){1,3}\b|\+\d{8,14}\b"
)
# ISO 13616: country, two check digits, up to thirty letters or digits, in groups of four as printed.
_IBAN = re2.compile(r"\b[a-z]{2}\d{2} ?(?:[a-z0-9]{4} ?){2,7}[a-z0-9]{1,4}\b")
_ACCOUNT = re2.compile(
    r"\b(?:account|acct|a/c|acc|routing|aba|sort code|iban|swift|bic|kontonummer|konto|blz|clabe|numero de cuenta|cuenta"
    r"|conta|agencia|compte|rib|rekening(?:nummer)?|numer konta|rachunek|bsb|ifsc|transit)"
    r"(?: ?(?:number|no|num|nr|#|n°|code))?\.? ?[:#]? ?[a-z]{0,6}\d[\d -]{4,30}"
    r"|账号[: ]*\d{8,}|口座番号[: ]*\d{6,}"
)
_WALLET = re2.compile(
    r"\b(?:bc1[a-z0-9]{25,62}|[13][a-km-zA-HJ-NP-Z1-9]{25,34}|0x[a-fA-F0-9]{40}|T[a-km-zA-HJ-NP-Z1-9]{33}|[48][0-9AB][1-9A-HJ-NP-Za-km-z]{93})\b"
)
_WALLET_LOWER = re2.compile(r"\b(?:bc1|[13]|0x|t|[48])[a-z0-9]{25,93}\b")


def _accounts(read: str, said: str, there: Sequence[int]) -> tuple[str, ...]:
    """IBANs that check, account numbers named as such, wallet addresses; `said` keeps its case, as wallets need."""
    found: set[str] = set()
    if _HAS_IBAN in there:
        found.update(compact(written) for written in _found(_IBAN, read) if _is_iban(written))
    if _HAS_ACCOUNT in there:
        for named in _found(_ACCOUNT, read):
            number = compact(_NUMBER.search(named).group())  # every match ends in one
            # "IBAN DE12 ..." that checks has been read whole already.
            if not any(other.startswith(number) for other in found):
                found.add(number)
    if _HAS_WALLET in there:
        found.update(_found(_WALLET, said))
    return tuple(sorted(found))


_NUMBER = re2.compile(r"[a-z]{0,6}\d[\d -]{4,30}$")


def compact(account: str) -> str:
    """An account number as one word, however it was printed.

    >>> compact("gb33 bukb 2020-1555 "), compact("12-34-56")
    ('gb33bukb20201555', '123456')
    """
    return account.replace(" ", "").replace("-", "")


def _count(pattern: re2._Regexp[str], text: str) -> int:
    return len(_found(pattern, text))


def _found(pattern: re2._Regexp[str], text: str) -> list[str]:
    return [match.group() for match in islice(pattern.finditer(text), _MOST)]


def _is_iban(written: str) -> bool:
    """Whether the check digits of an IBAN hold (ISO 7064, mod 97-10)."""
    code = written.replace(" ", "")
    if not 15 <= len(code) <= 34:
        return False
    digits = "".join([str(int(c, 36)) for c in code[4:] + code[:4]])
    return int(digits) % 97 == 1


# --- manner ------------------------------------------------------------------------------------------------------

_GREETING = re2.compile(
    r"\b(?:dear|hello|hi|attn|attention|greetings|good day|good morning),? "
    r"(?:our |valued |esteemed |e-?mail |account |my |all |online |loyal )*"
    r"(?:customers?|clients?|users?|e-?mail(?: user| owner| address)?|members?|account (?:holder|owner|user)|sir\b|madam|sirs"
    r"|sir/madam|friend|beneficiary|winner|(?:web)?mail user|subscribers?|card ?holder|owner|partner|beloved|shopper|valued"
    r"|tax ?payer|one\b|[a-z0-9._-]+@)"
    r"|\b(?:estimad[oa]|apreciad[oa])(?:/a|\(a\))? (?:cliente|usuario|senor|amigo|beneficiario|titular|contribuyente)"
    r"|\bsehr geehrter? (?:kunde|kundin|nutzer|damen und herren|mitglied|user)|\bliebe[r]? (?:kunde|kundin|nutzer|mitglied)"
    r"|\b(?:cher|chere) (?:client|cliente|utilisateur|abonne|membre|usager|ami|beneficiaire)"
    r"|\b(?:prezado|prezada|caro|estimado)(?:\(a\))? (?:cliente|usuario|utilizador|senhor|amigo|contribuinte)"
    r"|\b(?:gentile|caro|egregio) (?:cliente|utente|signore|amico|titolare|contribuente)"
    r"|\b(?:geachte|beste) (?:klant|gebruiker|heer/mevrouw|mevrouw/heer|lid|relatie|client)"
    r"|\b(?:szanowny|drogi|szanowna|szanowni) (?:kliencie|uzytkowniku|uzytkowniczko|klientko|panie|panstwo)"
    r"|\b(?:hallo|hola|ola|bonjour|ciao|beste|caro|cher|estimado|prezado|liebe[r]?),? [a-z0-9._-]+@"
    r"|お客様各位|お客さま各位|会員様|利用者様|ユーザー様|ご利用のお客様|お客様へ"
    r"|(?:尊敬|亲爱|親愛)的(?:用户|客户|会员|顾客|先生|用戶|客戶|會員)"
)


def _shouted(text: str) -> int:
    """Words of three letters on all in capitals."""
    return sum([len(word) > 2 for word in filter(str.isupper, text[:_SHOUTED_IN].split())])


def _presence() -> re2.Set:
    options = re2.Options()
    options.never_capture = True
    found = re2.Set.SearchSet(options)
    for pattern in (_PHONE, _MONEY, _IBAN, _ACCOUNT, _WALLET_LOWER, _GREETING):
        found.Add(pattern.pattern)
    found.Compile()
    return found


_HAS_PHONE, _HAS_MONEY, _HAS_IBAN, _HAS_ACCOUNT, _HAS_WALLET, _HAS_GREETING = range(6)
_PRESENCE = _presence()

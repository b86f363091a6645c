"""Persons' names, made comparable: "Smith, John A." and "JOHN SMITH (via DocuSign)" are one name.

What a name loses: case, diacritics, punctuation, order, titles, initials, bracketed remarks, and letters of other
scripts that only look Latin. What is left is a set of words; its key is what facts about names are filed under.
"""

from __future__ import annotations

import re
from functools import lru_cache

from detection.keys import NO_KEY, key_of
from detection.mail.confusables import fold
from detection.mail.domains import domain_of
from detection.mail.lists import names_of

LONGEST_NAME = 200
"""Characters of a display name that are looked at."""

TITLES = names_of("titles.txt")
ROLES = names_of("role_words.txt")

_BRACKETED = re.compile(r"\([^()]*\)|\[[^\[\]]*\]|\{[^{}]*\}|<[^<>]*>")
_REMARK = re.compile(
    r"\s+(?:via|on behalf of|im auftrag von|de la part de|em nome de|en nombre de)\s.*|\s*[|•·»/\\].*|\s+[-–—:~]+\s.*",
    re.IGNORECASE | re.DOTALL,
)
_ADDRESS = re.compile(r"[^\s@\"'<>(),;:]+@([^\s@\"'<>(),;:]+)")
_BARE_DOMAIN = re.compile(
    r"(?:^|[\s(\[<\"'])(?:https?://)?((?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,18})(?=$|[\s)\]>\"',;:/])"
)
_WORD = re.compile(r"[^\W_]+")
_APOSTROPHES = re.compile("['’‘`´ʼ′]")
_ROLE = re.compile(
    r"\b(?:it|i\.t\.|web|system|server|network|tech(?:nical)?|mail(?:box)?|e-?mail|account|security|billing|customer|user)[ -]"
    r"(?:support|help|help ?desk|desk|service|services|team|admin\w*|department|dept|alerts?|center|centre|manager|operations)\b"
    r"|\b(?:help|service) ?desk\b|\bpay ?roll\b|\bhuman resources?\b|\bhr\b(?! \w+ \w+$)|\bpostmaster\b|\badministrat(?:or|ion)\b"
    r"|\b(?:ceo|cfo|coo|cto|ciso|chairman|chairwoman)\b|\bchief \w+ officer\b|\bmanaging director\b|\bboard of directors\b"
    r"|\b(?:finance|accounts?|accounting|legal|compliance|procurement) (?:department|dept|team|payable|receivable|office)\b"
    r"|\b(?:personalabteilung|lohnbuchhaltung|geschaftsfuhr\w+|it-abteilung|buchhaltung|direction generale"
    r"|ressources humaines|service informatique|comptabilite|recursos humanos|nominas|soporte tecnico|direccion general"
    r"|risorse umane|amministrazione|ufficio paghe|personeelszaken|salarisadministratie|kadry|dzial kadr)\b"
    r"|人事部|经理|財務部|财务部|情報システム部|人力资源"
)
_LOCAL_PARTING = re.compile(r"[._-]+")


def person_key(name: str) -> int:
    """The key of a display name as a person's (or firm's) name; `NO_KEY` when it holds no name."""
    return _person_key(name[:LONGEST_NAME]) if name else NO_KEY


def person_name(name: str) -> str:
    """The words of a name, normalised and sorted; empty when it holds no name.

    >>> person_name("Dr. Smith, John Q. (Finance)")
    'john smith'
    >>> person_name("José O’Neill via DocuSign")
    'jose oneill'
    >>> person_name("ceo@acme.example")
    ''
    """
    # Capitals first, as they look like other letters than their small forms do; then small letters that only they had.
    name = fold(fold(name[:LONGEST_NAME]).casefold())
    name = _BRACKETED.sub(" ", name)
    if "@" in name:
        name = _ADDRESS.sub(" ", name)
        if len(_WORD.findall(name)) < 2:
            return ""
    before = _REMARK.sub("", name)
    words = _name_words(before) or _name_words(name)
    return " ".join(sorted(words))


def local_name_key(local: str) -> int:
    """The key of the person's name that an address's local part spells, as `person_key` would give it.

    `NO_KEY` unless it has two or three words of at least two letters, none of them a role (`sales`, `no-reply`).
    """
    return _local_name_key(local) if len(local) <= LONGEST_NAME else NO_KEY


def local_name(local: str) -> str:
    """The name that a local part spells; empty when none.

    >>> [local_name(x) for x in ("john.smith", "smith-john2", "john.q.smith+tag", "j.smith", "no-reply")]
    ['john smith', 'john smith', 'john smith', '', '']
    """
    local = fold(local).partition("+")[0].casefold()
    pieces = [piece.rstrip("0123456789") for piece in _LOCAL_PARTING.split(local)]
    words = [piece for piece in pieces if len(piece) > 1]
    if not 2 <= len(words) <= 3 or len(pieces) > 4:
        return ""
    if any(not word.isalpha() or word in ROLES for word in words):
        return ""
    return " ".join(sorted(words))


def names_a_role(name: str) -> bool:
    """Whether a display name is that of a function or department, which every organisation has and anyone can claim.

    >>> [names_a_role(n) for n in ("IT Help Desk", "Payroll", "Office of the CEO", "Dana Whitfield", "Ceola Hart")]
    [True, True, True, False, False]
    """
    return bool(name) and _names_a_role(name[:LONGEST_NAME])


def domain_in_name_key(name: str) -> int:
    """The key of the registrable domain that a display name itself contains; `NO_KEY` when it contains none.

    An address counts (`"ceo@acme.com" <x@evil.example>`) and so does a bare domain (`"acme.com Support"`).
    """
    if "." not in name:
        return NO_KEY
    return _domain_in_name_key(name[:LONGEST_NAME])


def domain_in_name(name: str) -> str:
    """The registrable domain that a display name contains; empty when none.

    >>> domain_in_name("ceo@mail.acme.com"), domain_in_name("Acme.com Support"), domain_in_name("John A. Smith")
    ('acme.com', 'acme.com', '')
    """
    name = fold(name[:LONGEST_NAME]).lower()
    address = _ADDRESS.search(name)
    if address:
        return domain_of(address.group(1).strip(".")).site if "." in address.group(1).strip(".") else ""
    bare = _BARE_DOMAIN.search(name)
    return domain_of(bare.group(1)).site if bare else ""


def _name_words(name: str) -> list[str]:
    words = []
    for word in _WORD.findall(_APOSTROPHES.sub("", name)):
        if word.isdigit():
            continue
        if not word.isalpha():
            word = word.replace("0", "o").replace("1", "l").strip("0123456789")
        # One letter is an initial, except in scripts where one character is a word.
        if len(word) > 1 or (word and word > "⺀"):
            words.append(word)
    return [word for word in words if word not in TITLES] or words


@lru_cache(maxsize=1 << 15)
def _person_key(name: str) -> int:
    return key_of(person_name(name))


@lru_cache(maxsize=1 << 14)
def _names_a_role(name: str) -> bool:
    return _ROLE.search(fold(name).casefold()) is not None


@lru_cache(maxsize=1 << 15)
def _local_name_key(local: str) -> int:
    return key_of(local_name(local))


@lru_cache(maxsize=1 << 13)
def _domain_in_name_key(name: str) -> int:
    return key_of(domain_in_name(name))

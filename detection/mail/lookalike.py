"""Domains that a reader takes for one another, found by shared keys instead of by comparing everything with everything.

Each registrable domain has a small set of forms. Two domains that look alike have a form in common, so a look-up by
form finds the look-alikes of a domain among millions without computing a single distance. The kinds of forms:

* skeleton: what is left when look-alike letters and letter groups are folded (Unicode TS 39 section 4): `rn` as `m`,
  `vv` as `w`, `0` as `o`, Cyrillic letters (punycode decoded) as Latin, `.co` as `.com`;
* deletion: the label with each one letter left out, and whole (SymSpell; Garbe 2012): two labels within one inserted,
  left out, changed or swapped letter share one. Short of a proof: one letter moved elsewhere shares one, too;
* label: the same label under any public suffix, hyphens left out (`acme-supplies.com`, `acmesupplies.net`);
* stem: the label without words that impostors add (`acme-billing.com`, `secureacme.com`).

The kind is part of what is hashed, so that a deletion form of one domain never meets a skeleton of another.
"""

from __future__ import annotations

from functools import lru_cache

from detection.keys import key_of
from detection.mail.confusables import fold
from detection.mail.domains import FREE_MAIL, is_address_literal, split_site
from detection.mail.lists import lines_of

MOST_FORMS = 40
"""Forms of one domain at most."""
SHORTEST_FOR_DELETION = 5
"""Letters of a label from which one letter more or less is suspicious; shorter names are near one another by chance."""
SHORTEST_FOR_OTHER_SUFFIX = 6
"""Letters of a label from which the same label elsewhere is suspicious."""
SHORTEST_STEM = 4

_DELETIONS = 30
_LONG_FORM = 7
"""Letters of a deletion form from which the suffix need not agree as well."""
_COM_TYPOS = frozenset({"co", "cm", "om", "con", "comm", "corn", "cam", "com.co", "xn--com"})
_GROUPS = (("rn", "m"), ("vv", "w"))
_WIDE_GROUPS = (("cl", "d"), ("nn", "m"))
_DIGITS = str.maketrans("015", "ols")
_WIDE = str.maketrans("i23469!|", "lzea" + "bgll")
_AFFIXES = tuple(sorted(lines_of("domain_affixes.txt"), key=len, reverse=True))


@lru_cache(maxsize=1 << 14)
def variant_keys(site: str) -> tuple[int, ...]:
    """The keys of a registrable domain's forms, at most `MOST_FORMS`; none for an address literal or a bare name.

    >>> bool(set(variant_keys("acme-supplies.com")) & set(variant_keys("acrne-supplies.com")))
    True
    >>> bool(set(variant_keys("acme-supplies.com")) & set(variant_keys("other-supplies.com")))
    False
    """
    return tuple(key_of(form) for form in forms(site))


def forms(site: str) -> tuple[str, ...]:
    """The forms of a registrable domain, each with its kind in front; without repetition, the telling ones first."""
    if is_address_literal(site) or "." not in site:
        return ()
    label, suffix = _shown(site)
    joined = label.replace("-", "")
    found = [f"skeleton {skeleton(site)}", f"skeleton {wide_skeleton(site)}"]
    if len(joined) >= SHORTEST_FOR_OTHER_SUFFIX and site not in FREE_MAIL:
        found.append(f"label {joined}")
    elif joined != label:
        found.append(f"label {joined}.{suffix}")
    if site not in FREE_MAIL:
        found += [_stem(stem, suffix) for stem in _stems(label)]
    if len(joined) >= SHORTEST_FOR_DELETION:
        found += [_deletion(joined, suffix)]
        found += [_deletion(joined[:i] + joined[i + 1 :], suffix) for i in range(min(len(joined), _DELETIONS))]
    return tuple(dict.fromkeys(found))[:MOST_FORMS]


def skeleton(site: str) -> str:
    """What a reader sees at a glance of a registrable domain.

    >>> skeleton("rnicr0soft.com"), skeleton("microsoft.co")
    ('microsoft.com', 'microsoft.com')
    """
    label, suffix = _shown(site)
    folded = _letters(label)
    return f"{folded}.{_common(suffix) if len(folded) >= 4 else suffix}"


def wide_skeleton(site: str) -> str:
    """`skeleton` with likenesses that also join honest words: `i` and `l`, and from six letters on `cl` and `d` and more."""
    label, suffix = _shown(site)
    folded = _letters(label)
    if len(label) < 6:
        return f"{folded.replace('i', 'l')}.{_common(suffix) if len(folded) >= 4 else suffix}"
    folded = folded.translate(_WIDE)
    for group, one in _WIDE_GROUPS:
        folded = folded.replace(group, one)
    return f"{folded}.{_common(suffix)}"


def describe(site: str, known: str) -> str:
    """How a registrable domain differs from a known one, in words for a report; "is unlike it" when it does not look like it.

    >>> describe("acrne-supplies.com", "acme-supplies.com")
    "uses look-alike letters ('rn' for 'm')"
    >>> describe("acmee.com", "acme.com")
    "differs by one letter (an added 'e')"
    >>> describe("acme-billing.com", "acme.com")
    "adds 'billing'"
    >>> describe("acme.co", "acme.com")
    'is the same name under .co instead of .com'
    """
    if site == known:
        return "is the same domain"
    (label, suffix), (other, other_suffix) = _shown(site), _shown(known)
    elsewhere = f" under .{suffix} instead of .{other_suffix}" if suffix != other_suffix else ""
    if label == other:
        foreign = split_site(site)[0] != split_site(known)[0]
        same = "uses letters of another alphabet that look the same" if foreign else "is the same name"
        return same + elsewhere
    if label.replace("-", "") == other.replace("-", ""):
        what = "adds a hyphen" if label.count("-") > other.count("-") else "leaves out a hyphen"
        return what + elsewhere
    if _letters(label) == _letters(other) or wide_skeleton(label) == wide_skeleton(other):
        return f"uses look-alike letters{_replaced(label, other)}{elsewhere}"
    edit = _one_edit(label, other)
    if edit:
        return f"differs by one letter ({edit}){elsewhere}"
    for longer, shorter, verb in ((label, other, "adds"), (other, label, "leaves out")):
        if len(shorter) >= 3 and (longer.startswith(shorter) or longer.endswith(shorter)):
            extra = longer.removeprefix(shorter) if longer.startswith(shorter) else longer.removesuffix(shorter)
            return f"{verb} '{extra.strip('-')}'{elsewhere}"
    if set(_stems(label)) & ({other.replace("-", "")} | set(_stems(other))):
        return f"puts other words around the same name{elsewhere}"
    if set(forms(site)) & set(forms(known)):
        return f"differs by a letter or two{elsewhere}"
    return "is unlike it"


def _shown(site: str) -> tuple[str, str]:
    """Label and suffix as a reader takes them, punycode decoded and foreign letters folded, lower case."""
    label, suffix = split_site(site)
    return fold(_decoded(label)).lower() or label, suffix


def _decoded(label: str) -> str:
    if not label.startswith("xn--"):
        return label
    try:
        return label[4:].encode("ascii").decode("punycode")
    except (UnicodeError, OverflowError, ValueError):
        return label


def _letters(label: str) -> str:
    if len(label) >= 4 and not label.isdigit():
        label = label.translate(_DIGITS)
    for group, one in _GROUPS:
        label = label.replace(group, one)
    return label


def _stem(stem: str, suffix: str) -> str:
    long = len(stem) >= SHORTEST_FOR_OTHER_SUFFIX
    return f"stem {stem}" if long else f"stem {stem}.{_common(suffix)}"


def _common(suffix: str) -> str:
    return "com" if suffix in _COM_TYPOS else suffix


def _deletion(form: str, suffix: str) -> str:
    return f"deletion {form}" if len(form) >= _LONG_FORM else f"deletion {form}.{suffix}"


@lru_cache(maxsize=1 << 12)
def _stems(label: str) -> tuple[str, ...]:
    """The label, and the label without one or two known words before or behind it; the barest first."""
    stems = [label]
    for _ in range(2):
        bare = _without_affix(stems[0])
        if bare == stems[0]:
            break
        stems.insert(0, bare)
    return tuple(dict.fromkeys(stem.replace("-", "") for stem in stems if len(stem) >= SHORTEST_STEM))


def _without_affix(label: str) -> str:
    for affix in _AFFIXES:
        for bare, cut in (
            (label.removesuffix("-" + affix), True),
            (label.removeprefix(affix + "-"), True),
            # Glued on, a short word proves nothing ("us" in "primus"): at least four letters then.
            (label.removesuffix(affix), len(affix) >= 4),
            (label.removeprefix(affix), len(affix) >= 4),
        ):
            if cut and bare != label and len(bare.strip("-")) >= SHORTEST_STEM:
                return bare.strip("-")
    return label


def _one_edit(label: str, other: str) -> str:
    """The one edit that makes `label` of `other`, in words; empty when it takes more."""
    start = 0
    while start < min(len(label), len(other)) and label[start] == other[start]:
        start += 1
    rest, other_rest = label[start:], other[start:]
    if len(label) == len(other) + 1 and rest[1:] == other_rest:
        return f"an added '{rest[0]}'"
    if len(label) + 1 == len(other) and rest == other_rest[1:]:
        return f"a missing '{other_rest[0]}'"
    if len(label) == len(other):
        if rest[1:] == other_rest[1:]:
            return f"'{rest[0]}' for '{other_rest[0]}'"
        if rest[2:] == other_rest[2:] and rest[:2] == other_rest[1::-1]:
            return f"'{rest[:2]}' for '{other_rest[:2]}'"
    return ""


def _replaced(label: str, other: str) -> str:
    """The first pair of look-alike pieces that differ, in words."""
    start = 0
    while start < min(len(label), len(other)) and label[start] == other[start]:
        start += 1
    end = 0
    while end < min(len(label), len(other)) - start and label[-1 - end] == other[-1 - end]:
        end += 1
    ours, theirs = label[start : len(label) - end], other[start : len(other) - end]
    if not ours or not theirs:
        # The pieces overlap with what is the same on either side: show one letter more.
        ours, theirs = label[max(start - 1, 0) : len(label) - end], other[max(start - 1, 0) : len(other) - end]
    return f" ('{ours}' for '{theirs}')" if ours and theirs and max(len(ours), len(theirs)) <= 4 else ""

"""Which kinds of source there are, and opening one by its URI.

A source declares its scheme in its own module with `@scheme(...)`; every module of this package is imported once,
when the first source is opened, so a new source touches one file.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from onboarding.sources.base import Source, SourceError

Opener = Callable[[str], Source]
"""Makes a source of what stands behind `scheme:` in its URI; raises SourceError when that makes no sense."""


@dataclass(frozen=True, slots=True)
class Scheme:
    """One kind of source: `form` is how its URI is written (`eml:FOLDER`), `summary` what it reads, in a line."""

    name: str
    form: str
    summary: str
    open: Opener


_declared: dict[str, Scheme] = {}


def open_source(uri: str) -> Source:
    """The source that a URI names. Its `uri` is canonical: absolute, so that it means the same from any folder.

    Only the URI is judged here; whether the mail is there is `Source.check`'s to say. Raises SourceError for a scheme
    nobody declared and for a URI that cannot be read.
    """
    name, colon, rest = uri.strip().partition(":")
    known = schemes()
    found = known.get(name.lower())
    if not colon or found is None:
        forms = ", ".join(each.form for each in known.values())
        what = f"no kind of source is called {name!r}" if colon else "it does not say what kind of source it is"
        # Not the whole of it: whatever it is, somebody may have put a password there.
        raise SourceError(
            f"cannot open the source {uri.partition('?')[0].rpartition('@')[2]!r}: {what}. Known are: {forms}"
        )
    return found.open(rest)


@cache
def schemes() -> dict[str, Scheme]:
    """Every declared scheme by name, in alphabetical order."""
    import onboarding.sources as package

    for module in pkgutil.iter_modules(package.__path__):
        importlib.import_module(f"{package.__name__}.{module.name}")
    return dict(sorted(_declared.items()))


def scheme(name: str, form: str, summary: str) -> Callable[[Opener], Opener]:
    """Declares the function below it as the opener of `name:` URIs."""

    def declare(opener: Opener) -> Opener:
        if name in _declared and _declared[name].open is not opener:
            raise ValueError(f"the source scheme {name!r} is declared twice")
        _declared[name] = Scheme(name, form, summary, opener)
        return opener

    return declare

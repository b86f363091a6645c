"""Training letters as a source of labelled mail: `simulated:training,seed=1,letters=20000`."""

from __future__ import annotations

from collections.abc import Iterator

from onboarding.sources.base import Listed, MailboxInfo, Page, Requirement, SourceError
from onboarding.sources.simulated.training import DOMAIN, training_letters

PAGE = 500
MAILBOX = "training"
DEFAULTS = {"seed": 1, "letters": 20_000}
MOST = {"seed": 2**63 - 1, "letters": 1_000_000}


class TrainingSource:
    """Letters of one mailbox, worked out on demand: nothing is stored; the same URI is the same mail for ever.

    Each is listed with what it is (`benign`, `phishing`, `fraud`, `spam`); its path names its template and number. A
    cursor is the number of the next letter. Raises SourceError for options that are not understood.
    """

    domains = (DOMAIN,)

    def __init__(self, options: str) -> None:
        given = dict(DEFAULTS)
        for item in filter(None, (part.strip() for part in options.split(","))):
            name, _, text = (part.strip() for part in item.partition("="))
            if name not in given or not (text.isascii() and text.isdigit() and len(text) < 20):
                raise SourceError(f"simulated:training,{options}: {item!r} is neither seed=NUMBER nor letters=NUMBER")
            given[name] = int(text)
            if given[name] > MOST[name]:
                raise SourceError(f"simulated:training,{options}: {name} can be at most {MOST[name]:,}")
        self.seed, self.letters = given["seed"], given["letters"]
        self.uri = f"simulated:training,seed={self.seed},letters={self.letters}"

    def check(self) -> list[Requirement]:
        """Nothing is needed."""
        return [Requirement("simulation", True, f"worked out from its options: {self.uri}")]

    def mailboxes(self) -> list[MailboxInfo]:
        """The one mailbox."""
        return [MailboxInfo(MAILBOX, self.letters)]

    def pages(self, mailbox: str, cursor: str | None) -> Iterator[Page]:
        """The letters after a cursor. Raises SourceError for a mailbox or cursor that is not this source's."""
        if mailbox != MAILBOX:
            raise SourceError(f"{self.uri} has no mailbox {mailbox!r}, only {MAILBOX}")
        if cursor is not None and not (cursor.isascii() and cursor.isdigit() and len(cursor) < 20):
            raise SourceError(f"{self.uri}: {cursor!r} is not a cursor of this source (the number of a letter)")
        for start in range(int(cursor or 0), self.letters, PAGE):
            stop = min(start + PAGE, self.letters)
            yield Page(
                tuple(
                    Listed(
                        path=f"{letter.template}/{letter.language}-{letter.number:06d}.eml",
                        content=letter.content,
                        time_hint=letter.time,
                        label=letter.label,
                    )
                    for letter in training_letters(self.seed, start, stop)
                ),
                str(stop),
            )

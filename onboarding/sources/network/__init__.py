"""The client core of all sources over the network: what does not differ between Microsoft Graph, Gmail, JMAP and IMAP.

| module | what it gives |
|---|---|
| `client` | `Client`: JSON, bytes, pages of lists over HTTP; paced, retried, with a fresh token, counted, silent about secrets |
| `faults` | `Trouble` (what passes), `Dialect` (how one provider speaks of errors), `ProviderError`, `TooLargeError` |
| `retry` | `POLICY`: how long each kind of trouble is borne; `Backoff`; `retry_after`; `wait_before` |
| `pacing` | `Allowance`, `SharedPace`: what may be spent, shared by all worker processes of a machine |
| `pacer` | `Pacer`: the budgets of mailbox and app together |
| `width` | `Width`, `Gate`: how much may be under way at once, learned from refusals |
| `tokens` | `Tokens`: the token in force, from a function that fetches one |
| `counts` | `Counts`: accounting of requests |
| `rules` | `read_address`: a source's URI with its include and exclude rules and options |

and outside: `onboarding.credentials` (secrets by name), `onboarding.redaction` (secrets out of texts and logs).

How a source is added
---------------------
1. A package `onboarding/sources/NAME/` whose `__init__` declares the scheme and imports nothing heavy: every command opens
   sources, few read them.

       @scheme("gmail", "gmail:DOMAIN", "the mailboxes of a Google Workspace")
       def open_gmail(rest: str) -> Source:
           from onboarding.sources.gmail.source import GmailSource
           return GmailSource(read_address("gmail", rest, known=("account",)))

   Opening looks up no secret and speaks to nobody: `tenant add` only wants the canonical `uri`.
2. A `Dialect`: `said` reads the provider's code and sentence out of an error, `trouble` says which kind of trouble it is
   (start from `by_status`; Gmail's 403 `rateLimitExceeded` is a throttle). Everything else about retrying is the core's.
3. Tokens: a function that gets one (`Fetch`), wrapped in `Tokens`; one for all mailboxes (Graph) or one for each (Gmail's
   delegation): `Client(..., tokens=lambda mailbox: ...)`. Credentials come from `credentials.get("gmail-service-account")`.
4. A `Pacer` with what the provider allows to an app and to a mailbox, in the provider's own units (`Request.cost`):

       Pacer(pacing_folder(), f"gmail {project}", per_mailbox=Allowance(6_000, 60), per_app=Allowance(1_200_000, 60))

   Items of a batch are paid for before it is sent: `units = pacer.wait(mailbox, wanted=20 * cost, least=cost)`, then a
   request with `paid=True`; items refused inside a good answer are told to the pacer (`pacer.refused`) and asked again.
5. The source itself keeps `Source`, `ReadsBack`, `ReadsManyAtOnce` and `Moves` (`onboarding.sources.base`):
   * `check` names each thing that is needed, whether it is granted, how that is known, what to do; never raises;
   * a cursor is a short text from which reading goes on wherever it stopped: a position in time or in ids, not the provider's
     address of a next page, which dies. `paged` (`onboarding.sources.paging`) cuts a stream into pages with cursors;
   * each message is listed once: its bytes, or `Skip` with the reason (deleted meanwhile, too large);
   * a mailbox that cannot be read raises SourceError with what to do; a throttle never does (the core waits);
   * a cursor that the provider no longer knows means a bounded resync, or `CursorLostError` when nothing else is right.
6. Its simulator in `tests/simulators/`, on the organisation and the fault plan that are there; the accounting test runs
   over every fault plan.

IMAP has no HTTP: it uses `wait_before` for its own reconnects, and `Pacer`, `Tokens`, `credentials`, `rules` as they are.
"""

from __future__ import annotations

from pathlib import Path

from onboarding.settings import load


def pacing_folder() -> Path:
    """Where the budgets lie that all workers of this machine share."""
    return load().folder / "pacing"

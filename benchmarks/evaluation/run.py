"""All tenants, all methods, on the same messages; then the page."""

from __future__ import annotations

import json
import os
import platform
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from multiprocessing import get_context
from pathlib import Path
from time import perf_counter

import numpy as np

from benchmarks.evaluation import local, peers, words
from benchmarks.evaluation.attacks import CORPORA, Attack, by_date, send
from benchmarks.evaluation.mail import Case, Mail, Read, junk, read
from benchmarks.evaluation.page import Method, Tried, document, page
from benchmarks.evaluation.trial import BENIGN, Trial, attempt, boundary, live_boundary, timed, window
from detection import models
from detection.mail.batch import Bools, Floats, Ints
from detection.mail.organisation import Organisation
from onboarding.learn import SIMULATED
from onboarding.scores import received
from onboarding.sources.simulated import SimulatedSource

FOLDER = Path("corpora")
PAGE = Path("docs/evaluation.md")
READING = Path(__file__).with_name("reading.md")
NO_MODELS, SHIPPED, LOCAL = "engine without models", "engine, shipped models", "engine, models trained locally"
WORDS, RSPAMD = "bag of words, logistic regression", "rspamd, no network rules"
SPAMASSASSIN = "SpamAssassin, no network rules"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """How much is evaluated: attacks of a corpus's half, benign mails that other filters are shown, simulated
    organisations that local models are trained with."""

    attacks: int
    letters: int
    few: int
    """Benign mails that a slow filter is shown, and of attacks half as many."""
    organisations: int
    processes: int = 2


FULL = Sizes(attacks=1_000, letters=4_000, few=400, organisations=2)
QUICK = Sizes(attacks=250, letters=1_000, few=200, organisations=2)


@dataclass(slots=True)
class Tenant:
    """What is known of one tenant while it is evaluated."""

    case: Case
    mail: Mail
    cut: int
    rows: Ints
    """The benign mail of the later part."""
    own: Ints
    """Attacks that are part of its mail: those of a simulated organisation."""
    later: list[Read]
    """All attacks, its own last."""
    tried: Tried
    folders: dict[str, str] = field(default_factory=dict)
    trials: dict[str, Trial] = field(default_factory=dict)


def cases(mode: str) -> list[Case]:
    """The tenants: those whose mail is there, and a simulated one."""
    real = [
        Case(
            name="enron",
            what="a company's mailboxes, 2000 to 2002: business prose, no headers of the way",
            source=f"eml:{FOLDER}/enron",
            domains=("enron.com",),
        ),
        Case(
            name="intel-wired-lan",
            what="an engineering organisation at work on a mailing list, 2023 to 2024",
            source=f"mbox:{FOLDER}/intel-wired-lan",
            domains=("intel.com", "linux.intel.com"),
        ),
        Case(
            name="linux-rdma",
            what="several companies at work on a mailing list, 2024, with authentication results",
            source=f"mbox:{FOLDER}/linux-rdma",
            domains=("nvidia.com",),
        ),
        Case(
            name="newsletters",
            what="the ham of the SpamAssassin corpus, 2002: newsletters, lists and notices to a few people, much of it "
            "HTML. The shipped models were trained on the earlier 70% of it and on no mail of the later part",
            source=f"eml:{FOLDER}/spamassassin",
            domains=("spamassassin.taint.org", "netnoteinc.com", "jmason.org"),
            mailboxes=("easy-ham-1", "easy-ham-2", "hard-ham-1"),
        ),
    ]
    uri = (
        "simulated:seed=7,mailboxes=30,days=126,rate=8"
        if mode == "full"
        else "simulated:seed=7,mailboxes=12,days=84,rate=8"
    )
    simulated = Case(
        name="simulated",
        what="a simulated organisation and its labelled attacks. The shipped models were trained on other "
        "organisations of the same simulation, whose attacks use the same wordings",
        source=uri,
        domains=SimulatedSource(uri).domains,
        live_days=54 if mode == "full" else 36,
        attacks_a_kind=40 if mode == "full" else 15,
    )
    there = [case for case in real if Path(case.source.partition(":")[2]).is_dir()]
    if mode == "quick":
        there = [case for case in there if case.name == "linux-rdma"]
    return [*there, simulated]


def run(mode: str, folder: str) -> None:
    """Evaluates, writes the page, prints the document."""
    begun = perf_counter()
    sizes = FULL if mode == "full" else QUICK
    halves = [by_date(FOLDER / kind, kind, sizes.attacks) for kind in CORPORA]
    earlier = [attack for half, _ in halves for attack in half]
    later = [attack for _, half in halves for attack in half]
    said(f"attacks: {len(earlier)} earlier, {len(later)} later")
    besides: local.Others | None = None
    tenants = []
    with peers.rspamd() as port, peers.spamassassin() as other:
        for case in cases(mode):
            tenant = prepared(case, later, sizes)
            tenants.append(tenant)
            early = local.earlier_attacks(
                tenant.mail, tenant.cut, Organisation(frozenset(case.domains)), earlier, case.name
            )
            by_words(tenant, early, sizes)
            by_rspamd(tenant, port, sizes)
            by_spamassassin(tenant, other, sizes)
            besides = besides or local.others(sizes.organisations, earlier)
            with timed(tenant.tried.seconds, "training local models"):
                place = Path(folder) / case.name
                own = local.own_set(tenant.mail, tenant.cut, early, case, besides)
                local.train_into(place, [*besides.sets, own], said)
            tenant.folders = {NO_MODELS: folder, SHIPPED: str(models.SHIPPED), LOCAL: str(place)}
            if not (models.SHIPPED / models.SIGNALS_MODEL).exists():
                tenant.tried.notes.append("no models are shipped: the row of shipped models is missing")
                del tenant.folders[SHIPPED]
            for name in tenant.folders:
                tenant.trials[name] = tried_under(tenant, name, later)
            said(f"{case.name}: {perf_counter() - begun:.0f} s in all")
    for tenant in tenants:
        lent(tenant, tenants, later)
        for name, trial in tenant.trials.items():
            tenant.tried.methods.insert(list(tenant.trials).index(name), Method.of_trial(name, trial))
            check_same(tenant, trial)
    now = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
    command = "make evaluate" if mode == "full" else f"EVALUATE={mode} make evaluate"
    machine = f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}"
    tried = [tenant.tried for tenant in tenants]
    reading = READING.read_text(encoding="utf-8") if READING.exists() and mode == "full" else ""
    text = page(tried, command, now, f"{machine}; {perf_counter() - begun:.0f} s in all", reading)
    place = PAGE if mode == "full" else Path(folder).parent / "gatehouse-evaluation.md"
    place.write_text(text, encoding="utf-8")
    print(text, file=sys.stderr)
    said(f"written to {place}")
    print(json.dumps({"date": now, "mode": mode, "tenants": [document(one) for one in tried]}, indent=1))
    if kept := os.environ.get("EVALUATE_TRIALS"):
        keep(tenants, Path(kept))


def prepared(case: Case, later: list[Attack], sizes: Sizes) -> Tenant:
    """The tenant's mail, read, and the attacks of the later part as it gets them."""
    tried = Tried(case.name, case.what)
    with timed(tried.seconds, "reading and parsing"):
        mail = read(case, sizes.processes)
    batch = mail.batch
    cut = live_boundary(batch) if case.live_days else boundary(batch)
    hostile = np.array([label not in BENIGN for label in mail.labels], dtype=np.bool_)
    after = np.arange(len(batch)) >= cut
    good = received(batch) & ~junk(batch)
    rows = np.flatnonzero(after & good & ~hostile)
    with timed(tried.seconds, "retargeting attacks"):
        sent = send(window(batch, Organisation(frozenset(case.domains)), cut), later, case.name)
    own = np.flatnonzero(after & good & hostile)
    for row in own.tolist():
        one = {"path": f"{batch.mailbox[row]}/{batch.path[row]}"}
        sent.append(Read(one, mail.words[row], mail.grams[row], mail.raw[row], mail.labels[row]))
    tried.counts = {
        "listed": mail.listed,
        "mails": len(batch),
        "earlier": cut,
        "later": len(batch) - cut,
        "benign": len(rows),
        "attacks": len(sent),
        "days": int(batch.time[-1] - batch.time[0]) // 86_400 if len(batch) else 0,
    }
    said(f"{case.name}: {tried.counts}")
    return Tenant(case, mail, cut, rows, own, sent, tried)


def tried_under(tenant: Tenant, name: str, later: list[Attack], lenders: tuple[bytes, ...] = ()) -> Trial:
    """The engine with the models of a folder, in a process of its own: they are in force for a whole process."""
    mail = tenant.mail
    with models_at(tenant.folders[name]), ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(attempt, tenant.case, mail.batch, mail.words, mail.labels, later, lenders).result()


def lent(tenant: Tenant, tenants: list[Tenant], later: list[Attack]) -> None:
    """Where a tenant's own mail certifies too little, the tails of the other tenants help out, as in the product."""
    for name, trial in tenant.trials.items():
        others = [other.trials[name].result.calibration.to_bytes() for other in tenants if other is not tenant]
        if not trial.result.certificate.certified:
            tenant.trials[name] = tried_under(tenant, name, later, tuple(others))


def check_same(tenant: Tenant, trial: Trial) -> None:
    """All methods are shown the same messages, or the comparison is none."""
    same = np.array_equal(trial.rows, tenant.rows) and list(trial.paths) == [one.row["path"] for one in tenant.later]
    if not same:
        raise RuntimeError(f"{tenant.case.name}: the engine and the other methods were shown different messages")


def by_words(tenant: Tenant, early: list[Read], sizes: Sizes) -> None:
    """The bag of words, trained on the earlier part."""
    mail = tenant.mail
    with timed(tenant.tried.seconds, "bag of words"):
        good = received(mail.batch) & ~junk(mail.batch)
        good[tenant.cut :] = False
        benign = np.flatnonzero(good).tolist()
        attacks = [one.grams for one in early]
        if tenant.case.live_days:
            # What the shipped models have seen of the simulation, the bag of words is to see as well.
            other = read(Case(name="", what="", source=SIMULATED[0], domains=("unknown.example",)), sizes.processes)
            attacks += [g for g, label in zip(other.grams, other.labels, strict=True) if label not in BENIGN]
        held_out = np.concatenate([_last_fifth(len(benign)), _last_fifth(len(attacks))])
        attack = np.arange(len(benign) + len(attacks)) >= len(benign)
        if not attack.any() or not benign:
            tenant.tried.notes.append("no earlier attacks to train the bag of words on")
            return
        fitted = words.fit([*(mail.grams[row] for row in benign), *attacks], attack, held_out)
        add(tenant, WORDS, fitted([mail.grams[row] for row in tenant.rows]), fitted([a.grams for a in tenant.later]))
    tenant.tried.notes.append(
        f"bag of words trained on {len(benign):,} benign mails and {len(attacks):,} attacks, strength {fitted.strength:g}"
    )


def by_rspamd(tenant: Tenant, port: int | None, sizes: Sizes) -> None:
    """rspamd, where it is installed; of the benign mail an even sample."""
    if port is None:
        tenant.tried.notes.append("rspamd was not run: it is not installed, or did not begin in time")
        return
    step = max(1, -(-len(tenant.rows) // sizes.letters))
    sampled = tenant.rows[::step]
    retargeted = [one for one in tenant.later if "recipient" in one.row]
    with timed(tenant.tried.seconds, "rspamd"):
        benign = peers.rspamd_scores(port, peers.own_letters(tenant.mail, sampled.tolist()))
        sent = peers.rspamd_scores(port, peers.attack_letters(retargeted))
        own = peers.rspamd_scores(port, peers.own_letters(tenant.mail, tenant.own.tolist()))
    add(tenant, RSPAMD, benign, np.concatenate([sent, own]))
    flagged = f"{float((benign >= peers.RSPAMD_FLAGS).mean()):.2%} of benign and {float((sent >= peers.RSPAMD_FLAGS).mean()):.1%}"
    tenant.tried.notes.append(
        f"rspamd was shown {len(benign):,} benign mails; at its own bar it flags {flagged} of retargeted attacks"
    )


def by_spamassassin(tenant: Tenant, port: int | None, sizes: Sizes) -> None:
    """SpamAssassin, where it is installed: at a few mails a second it is shown samples of both kinds."""
    if port is None:
        tenant.tried.notes.append("SpamAssassin was not run: spamd is not installed, or did not begin in time")
        return
    rows = tenant.rows[:: max(1, -(-len(tenant.rows) // sizes.few))]
    retargeted = [at for at, one in enumerate(tenant.later) if "recipient" in one.row]
    chosen = retargeted[:: max(1, -(-len(retargeted) // (sizes.few // 2)))]
    with timed(tenant.tried.seconds, "SpamAssassin"):
        benign = peers.spamassassin_scores(port, peers.own_letters(tenant.mail, rows.tolist()))
        sent = peers.spamassassin_scores(port, peers.attack_letters([tenant.later[at] for at in chosen]))
    scores = np.full(len(tenant.later), np.nan)
    scores[chosen] = sent
    add(tenant, SPAMASSASSIN, benign, scores)
    flagged = [float((of >= peers.SPAMASSASSIN_FLAGS).mean()) for of in (benign, sent)]
    tenant.tried.notes.append(
        f"SpamAssassin was shown {len(benign):,} benign mails and {len(sent):,} retargeted attacks; at its own bar it "
        f"flags {flagged[0]:.2%} and {flagged[1]:.1%}"
    )


def add(tenant: Tenant, name: str, benign: Floats, attacks: Floats) -> None:
    """A method's scores, the higher the more suspicious."""
    tenant.tried.methods.append(Method(name, benign, attacks, kinds=tuple(one.label for one in tenant.later)))


def keep(tenants: list[Tenant], folder: Path) -> None:
    """What each trial gave, for looking at misses and false alarms: it names mails, so it stays out of the project."""
    import pickle

    folder.mkdir(parents=True, exist_ok=True)
    for tenant in tenants:
        slim = replace(tenant.mail, grams=[], words=[], raw=[])
        (folder / f"{tenant.case.name}.pickle").write_bytes(
            pickle.dumps((tenant.case, slim, tenant.rows, tenant.trials, tenant.tried.methods))
        )


@contextmanager
def models_at(folder: str) -> Iterator[None]:
    """Processes that begin inside find their models in this folder."""
    before = os.environ.get(models.VARIABLE)
    os.environ[models.VARIABLE] = folder
    try:
        yield
    finally:
        if before is None:
            del os.environ[models.VARIABLE]
        else:
            os.environ[models.VARIABLE] = before


def _last_fifth(n: int) -> Bools:
    return np.asarray(np.arange(n) >= int(0.8 * n), dtype=np.bool_)


def said(text: str) -> None:
    """To the person who waits."""
    print(text, file=sys.stderr, flush=True)

"""The page: a table a tenant, what was promised, what was seen, and the methods beside each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from benchmarks.evaluation.trial import Trial
from detection.mail.batch import Bools, Floats
from detection.metrics import Rate, rate, recall_at

AT = 1e-3
BUSINESS = ("payment-fraud", "executive-impersonation", "payroll-diversion", "gift-card", "vendor-compromise")


@dataclass(frozen=True, slots=True, eq=False)
class Method:
    """One method on one tenant: scores of benign mail and of attacks (the higher, the more suspicious), kinds of attacks."""

    name: str
    benign: Floats
    attacks: Floats
    kinds: tuple[str, ...]
    trial: Trial | None = None

    def recall(self, chosen: Bools) -> Rate:
        """Of these attacks those found at 0.1% false positives; attacks it was not shown have NaN for a score."""
        return recall_at(self.attacks[chosen & ~np.isnan(self.attacks)], self.benign, AT)

    @classmethod
    def of_trial(cls, name: str, trial: Trial) -> Method:
        """The engine: its combined number, the other way up."""
        return cls(name, -trial.benign, -trial.attacks, trial.kinds, trial)


@dataclass(slots=True)
class Tried:
    """Everything that is told of one tenant."""

    name: str
    what: str
    counts: dict[str, int] = field(default_factory=dict)
    methods: list[Method] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def groups(self) -> dict[str, Bools]:
        """The attacks that are told of together, by name."""
        if not self.methods:
            return {}
        kinds = np.array(self.methods[0].kinds, dtype=object)
        trial = next((m.trial for m in self.methods if m.trial is not None), None)
        found: dict[str, Bools] = {"phishing": kinds == "phishing", "fraud": kinds == "fraud"}
        if trial is not None:
            found["fraud without links and files"] = found["fraud"] & trial.bare
        business = np.isin(kinds, BUSINESS)
        found["simulated business fraud"] = business
        if trial is not None:
            found["the same, without links and files"] = business & trial.bare
        found["other simulated attacks"] = ~business & (kinds != "phishing") & (kinds != "fraud")
        return {name: np.asarray(chosen, dtype=np.bool_) for name, chosen in found.items() if chosen.any()}


def page(tried: Sequence[Tried], command: str, date: str, machine: str, reading: str) -> str:
    """The whole page as Markdown."""
    lines = [
        "# Evaluation on real mail",
        "",
        f"Written by `{command}` on {date}, on {machine}.",
        "",
        "For each tenant: its mail is read by the product's parser, calibrated on the first 70% in order of time (as-of replay, "
        "burn-in, weights chosen on rehearsals made from that part, alpha 1e-3, delta 0.05), then the last 30% is replayed. "
        "Attacks are real: phishing caught by honeypots and fraud caught on a list, the later half of each by date, "
        "re-addressed to the tenant's mailboxes, dated into the last 30%, in headers like those of the tenant's own mail. "
        "All methods are shown the same messages (rspamd a sample of the benign ones, SpamAssassin one of both kinds). "
        "Benign is what came to the tenant outside of junk folders; what spam and fraud nobody removed from these archives "
        "counts as benign, so false positives are counted high. Intervals are 95% (Clopper and Pearson).",
        "",
        "Where a tenant's own mail cannot certify alpha by counting, the other tenants of this page lend it their tails, as "
        "tenants of one installation do (basis `pooled`). Models are trained locally on the first 70% with the earlier half of "
        "the attacks and the simulated organisations; the bag of words on the same mail and attacks.",
        "",
    ]
    for one in tried:
        lines += _tenant(one)
    if reading:
        lines += [reading.rstrip(), ""]
    return "\n".join(lines)


def _tenant(one: Tried) -> list[str]:
    c, groups = one.counts, one.groups()
    lines = [
        f"## {one.name}",
        "",
        f"{one.what[0].upper()}{one.what[1:]}. {c['listed']:,} mails listed, {c['mails']:,} different, over {c['days']:,} days; "
        f"{c['earlier']:,} earlier, {c['later']:,} later, of which {c['benign']:,} benign ones came to the tenant: a "
        f"false-positive rate of 0.1% are {int(AT * c['benign'])} of them.",
        "",
        "| engine | promised | basis | false positives, by message | by campaign | suspicious, by message |",
        "|---|---|---|---|---|---|",
    ]
    engines = [method for method in one.methods if method.trial is not None]
    for method in engines:
        assert method.trial is not None
        lines.append(f"| {method.name} | {' | '.join(_promise(method.trial))} |")
    lines += ["", f"| recall at the tenant's own thresholds | {' | '.join(groups)} |", "|---|" + "---|" * len(groups)]
    for method in engines:
        assert method.trial is not None
        calibration = method.trial.result.calibration
        for verdict, bar in (
            ("attack", calibration.attack_threshold),
            ("suspicious", calibration.suspicious_threshold),
        ):
            cells = [_shown(_caught(method.trial.attacks[chosen] <= bar)) for chosen in groups.values()]
            lines.append(f"| {method.name}: {verdict} | {' | '.join(cells)} |")
    lines += ["", f"| recall at 0.1% false positives | {' | '.join(groups)} |", "|---|" + "---|" * len(groups)]
    for method in one.methods:
        cells = [_shown(method.recall(chosen)) for chosen in groups.values()]
        lines.append(f"| {method.name} | {' | '.join(cells)} |")
    took = dict(one.seconds)
    if engines and engines[0].trial is not None:
        took |= engines[0].trial.seconds
    lines += ["", "Seconds: " + ", ".join(f"{name} {seconds:.1f}" for name, seconds in took.items()) + ".", ""]
    if one.notes:
        lines += [f"* {note[0].upper()}{note[1:]}." for note in one.notes] + [""]
    return lines


def _promise(trial: Trial) -> list[str]:
    certificate, calibration = trial.result.certificate, trial.result.calibration
    promised = f"{certificate.alpha:g} certified" if certificate.certified else f"{certificate.counted_alpha:.2g}"
    if not certificate.certified:
        promised += f" (asked for {certificate.alpha:g}"
        promised += f", estimated {certificate.estimated_rate:.1g})" if certificate.estimated_rate else ")"
    flagged = trial.benign <= calibration.attack_threshold
    return [
        promised,
        f"{certificate.basis}, {certificate.effective_n:,} campaigns",
        _shown(_caught(flagged), 5),
        _shown(by_campaign(flagged, trial), 5),
        _shown(_caught(trial.benign <= calibration.suspicious_threshold), 5),
    ]


def by_campaign(flagged: Bools, trial: Trial) -> Rate:
    """Benign campaigns of which any message is flagged."""
    return rate(len(np.unique(trial.campaigns[flagged])), len(np.unique(trial.campaigns)))


def _caught(hits: Bools) -> Rate:
    return rate(int(hits.sum()), len(hits))


def _shown(found: Rate, digits: int = 3) -> str:
    if not found.n:
        return "-"
    return f"{found.value:.{digits}f} [{found.low:.{digits}f}, {found.high:.{digits}f}] ({found.hits} of {found.n})"


def document(one: Tried) -> dict[str, Any]:
    """The same as values for a JSON document."""
    groups = one.groups()
    methods: dict[str, Any] = {}
    for method in one.methods:
        told: dict[str, Any] = {
            "recall_at_0.1%": {name: method.recall(chosen).value for name, chosen in groups.items()}
        }
        if (trial := method.trial) is not None:
            calibration, certificate = trial.result.calibration, trial.result.certificate
            flagged = trial.benign <= calibration.attack_threshold
            told |= {
                "basis": str(certificate.basis),
                "certified": certificate.certified,
                "statement": certificate.statement,
                "weights": trial.result.weights.reason,
                "burn_in_days": trial.burn_in_days,
                "false_positive_rate": float(flagged.mean()) if len(flagged) else None,
                "false_positive_rate_by_campaign": by_campaign(flagged, trial).value,
                "recall_attack": {
                    n: float((trial.attacks[g] <= calibration.attack_threshold).mean()) for n, g in groups.items()
                },
                "recall_suspicious": {
                    n: float((trial.attacks[g] <= calibration.suspicious_threshold).mean()) for n, g in groups.items()
                },
                "seconds": {name: round(seconds, 2) for name, seconds in trial.seconds.items()},
            }
        methods[method.name] = told
    return {
        "tenant": one.name,
        "counts": one.counts,
        "attacks": {name: int(chosen.sum()) for name, chosen in groups.items()},
        "methods": methods,
        "seconds": {name: round(seconds, 2) for name, seconds in one.seconds.items()},
        "notes": one.notes,
    }

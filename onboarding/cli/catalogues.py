"""`gatehouse signals` and `settings`: what there is, from the registries themselves."""

from __future__ import annotations

import click

from onboarding.cli.console import document, json_option, speaks_plainly


@click.command()
@click.option("--markdown", is_flag=True, help="The catalogue as a page: `docs/signals.md` is written by this.")
@click.option("--report", metavar="TENANT", help="What each signal is worth on this tenant's mail.")
@click.option("--attacks", metavar="SOURCE-URI", help="With --report: these attacks instead of the rehearsed ones.")
@json_option
@speaks_plainly
def signals(markdown: bool, report: str | None, attacks: str | None, as_json: bool) -> None:
    """The catalogue of signals; with --report, how each tells attacks from a tenant's own traffic."""
    import detection.signals  # noqa: F401 - fills the registry
    from detection.signals.registry import SIGNALS, markdown_catalogue

    if attacks and not report:
        raise click.UsageError("--attacks goes with --report TENANT")
    if report:
        _report(report, attacks, as_json)
        return
    if markdown:
        click.echo(markdown_catalogue(), nl=False)
        return
    if as_json:
        document(
            [
                {"name": s.name, "level": str(s.level), "unit": s.unit, "low": s.low, "high": s.high, "doc": s.doc}
                for s in SIGNALS.values()
            ]
        )
        return
    for one in SIGNALS.values():
        click.echo(f"{one.level:<15} {one.name:<48} [{one.unit}] {one.doc.splitlines()[0]}")


def _report(tenant: str, attacks: str | None, as_json: bool) -> None:
    from dataclasses import asdict

    from onboarding.signal_report import report
    from onboarding.sources.registry import open_source
    from onboarding.workspace import open_workspace

    found = report(open_workspace(), tenant, open_source(attacks) if attacks else None)
    if as_json:
        document([asdict(one) | {"separates": one.separates} for one in found])
        return
    click.echo(
        f"{'signal':<40} {'speaks':>7} {'unknown':>7}  AUC of all attacks    best told kind, AUC         "
        "repeats (rank correlation)"
    )
    for one in found:
        whole, best = one.separation, one.best
        mark = " " if one.separates else "-"
        click.echo(
            f"{mark}{one.name:<39} {one.coverage:7.1%} {one.unknown:7.1%}  {whole.value:.2f} [{whole.low:.2f}, {whole.high:.2f}]"
            f"     {best.value:.2f} {one.best_kind:<24} {one.neighbour} ({one.correlation:.2f})"
        )
    useless = sum(not one.separates for one in found)
    click.echo(
        f"{len(found)} signals; {useless}, marked -, separate no kind of attack here from this tenant's own mail."
    )


@click.command()
@json_option
@speaks_plainly
def settings(as_json: bool) -> None:
    """Every setting: environment variable, value, default, bounds."""
    from dataclasses import asdict

    from onboarding.settings import described, load

    found = list(described(load()))
    if as_json:
        document([asdict(one) for one in found])
        return
    for one in found:
        bounds = f" ({one.bounds})" if one.bounds else ""
        click.echo(f"{one.variable:<32} {one.value or '(unset)':<20} {one.description}{bounds}")

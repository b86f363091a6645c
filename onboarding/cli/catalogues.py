"""`gatehouse signals` and `settings`: what there is, from the registries themselves."""

from __future__ import annotations

import click

from onboarding.cli.console import document, json_option, speaks_plainly


@click.command()
@json_option
@speaks_plainly
def signals(as_json: bool) -> None:
    """The catalogue of signals."""
    import detection.signals  # noqa: F401 - fills the registry
    from detection.signals.registry import SIGNALS

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

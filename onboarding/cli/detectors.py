"""`gatehouse detectors`: the catalogue of detectors, and their tuning as a file."""

from __future__ import annotations

from typing import TextIO

import click

from onboarding.cli.console import Exit, document, fail, json_option, say, speaks_plainly


@click.group(invoke_without_command=True)
@click.pass_context
@json_option
@speaks_plainly
def detectors(context: click.Context, as_json: bool) -> None:
    """The catalogue of detectors; `export` and `import`: their tuning."""
    if context.invoked_subcommand is not None:
        return
    import detection.detectors  # noqa: F401 - fills the registry
    from detection.detectors.registry import DETECTORS

    if as_json:
        document(
            [
                {
                    "name": d.name,
                    "kind": str(d.kind),
                    "severity": str(d.severity),
                    "meaning": d.meaning,
                    "benign_lookalikes": d.benign_lookalikes,
                }
                for d in DETECTORS.values()
            ]
        )
        return
    for one in DETECTORS.values():
        click.echo(
            f"{one.name} ({one.kind}, {one.severity})\n  {one.meaning}\n  looks alike and is benign: {one.benign_lookalikes}"
        )


@detectors.command("export")
@click.argument("name", required=False)
@json_option
@speaks_plainly
def export_file(name: str | None, as_json: bool) -> None:
    """What is set for a tenant's detectors, or for those of all tenants, as a TOML file on standard output."""
    from detection.engine import Engine
    from onboarding.tuning import export_tuning, parsed
    from onboarding.workspace import open_workspace

    text = export_tuning(open_workspace(), name, Engine().detectors)
    if as_json:
        document({"tenant": name, **parsed("export", text, Engine().detectors)})
    else:
        click.echo(text, nl=False)


@detectors.command("import")
@click.argument("file", type=click.File(encoding="utf-8"))
@click.argument("name", required=False)
@json_option
@speaks_plainly
def import_file(file: TextIO, name: str | None, as_json: bool) -> None:
    """Takes over a file of `export` for a tenant, or for all: a wrong key or value is refused with its place."""
    from onboarding.cli.tenants import actor
    from onboarding.tuning import TuningError, import_tuning
    from onboarding.workspace import open_workspace

    if name is not None and not name.strip():
        # An empty variable of a shell must not tune every tenant.
        fail("the tenant's name is empty; leave it out to set what holds for all tenants", Exit.USAGE)
    try:
        text = file.read()
    except UnicodeDecodeError as error:
        raise TuningError(f"{file.name}: not a text in UTF-8 ({error.reason} at byte {error.start})") from None
    stored = import_tuning(open_workspace(), file.name, text, name, actor=actor())
    if as_json:
        document({"tenant": name, **stored})
    count = len({detector for part in stored.values() for detector in part})
    follow = f"gatehouse calibrate {name}" if name else "gatehouse calibrate --all"
    say(f"{count} detectors are set by hand for {name or 'all tenants'}; `{follow}` applies it")

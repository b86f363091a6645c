"""`gatehouse model train`: the learned parts of the engine, from labelled mail."""

from __future__ import annotations

from pathlib import Path

import click

from onboarding.cli.console import document, json_option, say, speaks_plainly


@click.group()
def model() -> None:
    """The learned parts of the engine."""


@model.command()
@click.option(
    "--from",
    "sources",
    multiple=True,
    metavar="SOURCE",
    help="Labelled mail, as eml:FOLDER whose folders are named ham, spam, phishing, fraud; can be given several times.",
)
@click.option(
    "--simulated/--no-simulated",
    default=True,
    show_default=True,
    help="Train on the simulated organisations and the training letters as well.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    required=True,
    help="Folder for the models and their card; GATEHOUSE_MODELS=FOLDER puts them in force.",
)
@json_option
@speaks_plainly
def train(sources: tuple[str, ...], simulated: bool, out: Path, as_json: bool) -> None:
    """Train the text model and the model over signals, and write them with their model card.

    The same mail gives the same files. Tenants have to be onboarded again to use other models: what their words
    suggest is worked out while mail is read.
    """
    from detection import models
    from onboarding.learn import LETTERS, SIMULATED, learn

    if not sources and not simulated:
        raise click.UsageError("--no-simulated needs at least one --from SOURCE to train on")
    try:
        given = ((LETTERS,) if simulated and LETTERS not in sources else ()) + sources
        trained = learn(given, SIMULATED if simulated else (), out)
    except ValueError as error:
        raise click.ClickException(str(error)) from error
    if as_json:
        document(
            {
                "out": str(out),
                "messages": len(trained.nature),
                "files": {
                    name: (out / name).stat().st_size for name in (models.TEXT_MODEL, models.SIGNALS_MODEL, models.CARD)
                },
            }
        )
        return
    say(f"trained on {len(trained.nature):,} messages; the models and their card are in {out}")
    say(f"GATEHOUSE_MODELS={out} puts them in force")

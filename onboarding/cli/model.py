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
    "--domain",
    "domains",
    multiple=True,
    metavar="DOMAIN",
    help="Domain of the organisation whose mail the sources are; by default the one that most mail is addressed to.",
)
@click.option(
    "--earliest",
    type=click.FloatRange(0.0, 1.0, min_open=True),
    default=1.0,
    show_default=True,
    help="Share of each source's benign mail, from the earliest on, that is used: the rest is left to try the models on.",
)
@click.option(
    "--for-own/--for-others",
    "at_home",
    default=True,
    show_default=True,
    help="Models for the organisations whose benign mail is given, which then weighs most and whose words are trusted, or "
    "for organisations that are not known yet.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    required=True,
    help="Folder for the models and their card; GATEHOUSE_MODELS=FOLDER puts them in force.",
)
@json_option
@speaks_plainly
def train(
    sources: tuple[str, ...],
    simulated: bool,
    domains: tuple[str, ...],
    earliest: float,
    at_home: bool,
    out: Path,
    as_json: bool,
) -> None:
    """Train the text model and the model over signals, and write them with their model card.

    The same mail gives the same files. Tenants have to be onboarded again to use other models: what their words
    suggest is worked out while mail is read.
    """
    from detection import models
    from detection.learning.train import Training
    from onboarding.learn import LETTERS, SIMULATED, learn
    from onboarding.training_mail import Source

    if not sources and not simulated:
        raise click.UsageError("--no-simulated needs at least one --from SOURCE to train on")
    try:
        given = [
            Source(uri, uri.rstrip("/").rpartition("/")[2].rpartition(":")[2], domains, earliest) for uri in sources
        ]
        if simulated and LETTERS not in sources:
            given = [Source(LETTERS, LETTERS), *given]
        trained = learn(given, SIMULATED if simulated else (), out, Training(at_home=at_home))
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

"""All of it together: every recipe in every wording that the tenant would understand, as columns, with what each one is."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib.resources import files
from importlib.resources.abc import Traversable

from detection.detectors.registry import AttackKind
from detection.mail.batch import MessageBatch, Row
from detection.mail.columns import Origin, row_of
from detection.mail.message import Folder, Skip
from detection.mail.parse import parse
from onboarding.rehearsal.disguises import Scene
from onboarding.rehearsal.dress import Dress, dressed, servers_headers, take_over
from onboarding.rehearsal.letter import Letter, written
from onboarding.rehearsal.recipe import CannotRehearse, Draft, Recipe, Way, recipes
from onboarding.rehearsal.target import Target
from onboarding.rehearsal.wordings import Wording, WordingSet, choose

A_KIND_AND_SET = 11
"""Attacks of one kind in one set of wordings: some 480 a tenant."""


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """What one attack is."""

    kind: str
    difficulty: str
    set: str
    recipe: str
    wording: str


@dataclass(frozen=True, slots=True, eq=False)
class Attacks:
    """Attacks in order of time, what each of them is, and what could not be made and why."""

    batch: MessageBatch
    labels: tuple[Rehearsed, ...]
    missing: dict[str, str]


@dataclass(frozen=True, slots=True)
class Made:
    """One attack as it would arrive."""

    raw: bytes
    row: Row
    label: Rehearsed


def rehearsals(target: Target, seed: str, each: int = A_KIND_AND_SET) -> Attacks:
    """Attacks of every kind on one tenant: `each` for each kind and set of wordings. The same seed gives the same."""
    made: list[Made] = []
    missing: dict[str, str] = {}
    for kind in AttackKind:
        known = [one for one in recipes() if one.kind is kind]
        if not known:
            continue
        for which in WordingSet:
            texts = choose(kind, which, target.languages)
            for number in range(each if texts else 0):
                recipe = known[number % len(known)]
                wording = texts[number // len(known) % len(texts)]
                draw = random.Random(f"{seed}/{recipe.name}/{which}/{number}")
                try:
                    made.append(attack(target, recipe, wording, draw))
                except CannotRehearse as why:
                    missing[recipe.name] = str(why)
    return in_order(made, missing)


def attack(target: Target, recipe: Recipe, wording: Wording, draw: random.Random) -> Made:
    """One attack. Raises CannotRehearse when the tenant has not got what the recipe needs."""
    if not len(target.received):
        raise CannotRehearse("history shows no mail between people after its burn-in")
    scene = Scene(target, draw)
    draft = recipe.plan(scene)
    dress = dressed(target, draft, draw)
    raw = written(_letter(scene, draft, dress, wording), draw)
    row = columns(target, raw, draft, dress, draw)
    label = Rehearsed(str(recipe.kind), str(recipe.difficulty), str(wording.set), recipe.name, wording.name)
    return Made(raw, row, label)


def columns(target: Target, raw: bytes, draft: Draft, dress: Dress, draw: random.Random) -> Row:
    """The attack parsed as any mail is, in its dress."""
    message = parse(raw)
    if isinstance(message, Skip):
        raise CannotRehearse(f"it cannot be parsed: {message.detail}")
    origin = Origin(mailbox=draft.to.address, path="rehearsal", folder=Folder.UNKNOWN)
    row = row_of(message, target.organisation, origin, dress.time)
    take_over(row, target.batch, dress, draft, draw)
    return row


def in_order(made: Sequence[Made], missing: dict[str, str]) -> Attacks:
    """Attacks by time."""
    ordered = sorted(made, key=lambda one: (one.row["time"], one.row["message_key"]))
    return Attacks(MessageBatch.from_rows([o.row for o in ordered]), tuple(o.label for o in ordered), missing)


@cache
def rehearsal_version() -> str:
    """Changes whenever a recipe or wording does: 12 hexadecimal digits."""
    digest = sha256()

    def add(folder: Traversable) -> None:
        for entry in sorted(folder.iterdir(), key=lambda e: e.name):
            if entry.is_dir():
                if entry.name != "__pycache__":
                    add(entry)
            elif not entry.name.endswith(".pyc"):
                digest.update(entry.name.encode() + b"\0" + entry.read_bytes() + b"\0")

    add(files("onboarding.rehearsal"))
    return digest.hexdigest()[:12]


def _letter(scene: Scene, draft: Draft, dress: Dress, wording: Wording) -> Letter:
    target, draw, m = scene.target, scene.draw, scene.target.batch
    name, address = draft.sender
    if draft.way in (Way.AS_USUAL, Way.TAKEN_OVER):
        name = m.sender_name[dress.donor]
    words = scene.words(draft.to, name or draft.sender[0]) | draft.slots
    named = bool(m.sender_name[dress.donor])
    subject = wording.subject.format_map(words)
    references: tuple[str, ...] = ()
    if draft.answers is not None:
        references = (m.message_id[draft.answers],) if m.message_id[draft.answers] else ()
        subject = f"Re: {subject}"
    return Letter(
        sender=(name, address),
        to=((draft.to.name if named else "", draft.to.address),),
        cc=tuple((each.name if named else "", each.address) for each in draft.cc),
        reply_to=draft.reply_to,
        subject=subject,
        time=dress.time,
        message_id=f"{draw.getrandbits(72):018x}@{address.rpartition('@')[2]}",
        references=references,
        text=wording.text.format_map(words | {"link": "{link}"}),
        link=draft.link,
        shown=draft.shown,
        html=bool(m.html_length[dress.donor]) or any(file.inline for file in draft.files),
        files=draft.files,
        above=servers_headers(m, dress, draft, target.domain, draw),
    )

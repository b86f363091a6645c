"""Copies of one mail: which of them stands for it in history, and who received it by the others.

The same mail lies in many mailboxes (and folders): every copy has one `message_key`. History holds it once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from detection.keys import NO_KEY, Keys
from detection.mail.batch import COLUMNS, Bools, Ints, Level
from detection.mail.message import Folder, Role
from onboarding.layout import LIVE

MOST_UNITED_RECIPIENTS = 1_000
"""A mail gets at most this many recipients from its copies, those with the smallest role and key."""

RECIPIENT_COLUMNS = tuple(name for name, _, level in COLUMNS if level is Level.RECIPIENT)
_SET_ASIDE = (int(Folder.JUNK), int(Folder.TRASH))
_UNNAMED_ROLES = (int(Role.BCC), int(Role.DELIVERED))


@dataclass(frozen=True, slots=True)
class Placement:
    """Where each stored row goes in history.

    `rank` int64[n]: position in history of the mail that row i is a copy of. `stands` bool[n]: row i is the copy
    that stands for it. `rows`: length of history. `duplicates`: rows that do not stand for their mail, by mailbox.
    """

    rank: Ints
    stands: Bools
    rows: int
    duplicates: Mapping[str, int]


def place(keys: Keys, times: Ints, folders: npt.NDArray[np.int8], mailboxes: pa.Array, paths: pa.Array) -> Placement:
    """Chooses one copy of each mail and orders them, from columns of one value a stored row (arrays of length n).

    The copy that stands for a mail is what was kept of it when it was decided on live, if it was (set aside, if any of
    several is): a mail that was judged an attack does not become familiar by the copy that lies in somebody's inbox.
    Else it is one outside junk and trash if there is one, and of those the one with the smallest (mailbox, path), by
    bytes. History is in the order of (time, message key). Rows without a key are mails
    of their own. The outcome does not depend on the order of the rows.
    """
    n = len(keys)
    copied = (_sizes_of_groups(keys) > 1) & (keys != NO_KEY)
    original = np.arange(n)
    if copied.any():
        rows = np.flatnonzero(copied)
        by_preference = rows[_sorted_copies(rows, keys, folders, mailboxes, paths)]
        first = np.concatenate(([True], keys[by_preference][1:] != keys[by_preference][:-1]))
        leaders = by_preference[first]
        original[by_preference] = leaders[np.cumsum(first) - 1]
    stands = original == np.arange(n)
    standing = np.flatnonzero(stands)
    order = standing[np.lexsort((_ties(standing, keys, mailboxes, paths), keys[standing], times[standing]))]
    position = np.full(n, -1, dtype=np.int64)
    position[order] = np.arange(len(order))
    extra = pc.value_counts(mailboxes.filter(pa.array(~stands)))
    duplicates = {each["values"].as_py(): each["counts"].as_py() for each in extra}
    return Placement(position[original], stands, len(order), dict(sorted(duplicates.items())))


def unnamed_recipients(copies: pa.Table, ranks: Ints) -> pa.Table:
    """The recipients of copies that the mail itself does not name (Bcc, or delivered to this mailbox).

    `ranks` int64[len(copies)]; gives a flat table of `rank` and the recipient columns.
    """
    first = copies.column(RECIPIENT_COLUMNS[0]).combine_chunks()
    counts = pc.list_value_length(first).to_numpy(zero_copy_only=False).astype(np.int64)
    columns = {"rank": pa.array(np.repeat(ranks, counts))}
    for name in RECIPIENT_COLUMNS:
        columns[name] = copies.column(name).combine_chunks().flatten()
    flat = pa.table(columns)
    return flat.filter(pc.is_in(flat.column("recipient_role"), pa.array(_UNNAMED_ROLES, type=pa.int8())))


def unite_recipients(mails: pa.Table, unnamed: pa.Table, first_rank: int) -> pa.Table:
    """Mails with the unnamed recipients of their copies added behind their own, each address once.

    `mails` holds the ranks from `first_rank` on, in order. `recipient_count` and `own_recipient_count` stay what the
    standing copy says: they describe the mail, the recipients say who got it.
    """
    if not unnamed.num_rows:
        return mails
    lists = {name: mails.column(name).combine_chunks() for name in RECIPIENT_COLUMNS}
    counts = pc.list_value_length(lists["recipient_key"]).to_numpy(zero_copy_only=False).astype(np.int64)
    owners = np.repeat(np.arange(mails.num_rows), counts)
    added = _fresh(owners, _flat(lists["recipient_key"]), unnamed, first_rank)
    if not added.num_rows:
        return mails
    added_owners = added.column("rank").to_numpy() - first_rank
    all_owners = np.concatenate((owners, added_owners))
    order = pa.array(np.argsort(all_owners, kind="stable"))
    sizes = np.bincount(all_owners, minlength=mails.num_rows)
    offsets = pa.array(np.concatenate(([0], np.cumsum(sizes))).astype(np.int64))
    for name, values in lists.items():
        flat = pa.concat_arrays([values.flatten(), added.column(name).combine_chunks()]).take(order)
        at = mails.schema.get_field_index(name)
        mails = mails.set_column(at, mails.schema.field(at), pa.LargeListArray.from_arrays(offsets, flat))
    return mails


def _fresh(owners: Ints, own_keys: Keys, unnamed: pa.Table, first_rank: int) -> pa.Table:
    """The unnamed recipients that their mail does not have yet: one an address, in the order of (mail, role, key)."""
    rank = unnamed.column("rank").to_numpy() - first_rank
    key = unnamed.column("recipient_key").to_numpy()
    role = unnamed.column("recipient_role").to_numpy()
    name = unnamed.column("recipient_name_key").to_numpy()
    # The mail's own recipients sort before additions of the same address, so an addition that comes first is new.
    order = np.lexsort(
        (
            np.concatenate((np.zeros_like(own_keys), name)),
            np.concatenate((np.full(len(own_keys), -1, dtype=np.int64), role.astype(np.int64))),
            np.concatenate((own_keys, key)),
            np.concatenate((owners, rank)),
        )
    )
    sorted_owner = np.concatenate((owners, rank))[order]
    sorted_key = np.concatenate((own_keys, key))[order]
    first = np.concatenate(([True], (sorted_owner[1:] != sorted_owner[:-1]) | (sorted_key[1:] != sorted_key[:-1])))
    new = order[first & (order >= len(own_keys)) & (sorted_key != NO_KEY)] - len(own_keys)
    new = new[np.lexsort((key[new], role[new], rank[new]))]
    # Position of each addition among those of its mail, for the cap.
    starts = np.concatenate(([True], rank[new][1:] != rank[new][:-1])) if len(new) else np.zeros(0, dtype=bool)
    nth = np.arange(len(new)) - np.maximum.accumulate(np.where(starts, np.arange(len(new)), 0))
    return unnamed.take(pa.array(new[nth < MOST_UNITED_RECIPIENTS]))


def _sizes_of_groups(keys: Keys) -> Ints:
    """How many rows share each row's key."""
    order = np.argsort(keys, kind="stable")
    first = np.concatenate(([True], keys[order][1:] != keys[order][:-1])) if len(keys) else np.zeros(0, dtype=bool)
    group = np.cumsum(first) - 1
    sizes = np.empty(len(keys), dtype=np.int64)
    sizes[order] = np.bincount(group)[group] if len(keys) else 0
    return sizes


def _sorted_copies(rows: Ints, keys: Keys, folders: npt.NDArray[np.int8], mailboxes: pa.Array, paths: pa.Array) -> Ints:
    named = mailboxes.take(pa.array(rows))
    live = pc.equal(named, LIVE).to_numpy(zero_copy_only=False)
    aside = np.isin(folders[rows], _SET_ASIDE)
    copies = pa.table(
        {
            "key": keys[rows],
            "preference": np.where(live, np.where(aside, 0, 1), np.where(aside, 3, 2)).astype(np.int8),
            "mailbox": named,
            "path": paths.take(pa.array(rows)),
        }
    )
    order = pc.sort_indices(copies, [(name, "ascending") for name in copies.column_names])
    return np.asarray(order, dtype=np.int64)


def _ties(standing: Ints, keys: Keys, mailboxes: pa.Array, paths: pa.Array) -> Ints:
    """Orders rows that have no key, and so could share time and key, by (mailbox, path); 0 for all others."""
    ties = np.zeros(len(standing), dtype=np.int64)
    keyless = np.flatnonzero(keys[standing] == NO_KEY)
    if len(keyless):
        rows = pa.array(standing[keyless])
        named = pa.table({"mailbox": mailboxes.take(rows), "path": paths.take(rows)})
        order = pc.sort_indices(named, [("mailbox", "ascending"), ("path", "ascending")]).to_numpy()
        ties[keyless[order]] = np.arange(len(keyless))
    return ties


def _flat(lists: pa.Array) -> Keys:
    values: Keys = lists.flatten().to_numpy(zero_copy_only=False)
    return values

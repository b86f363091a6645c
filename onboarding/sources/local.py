"""Looking into local folders: what is in one, in which order, and whether a source's path is fit to be read."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass

from onboarding.sources.base import Requirement, SourceError
from onboarding.sources.uri import text_of


@dataclass(frozen=True, slots=True)
class Entry:
    """One name in a folder. `is_stray_link`: a symbolic link to something outside the tree, or to nothing."""

    name: bytes
    is_folder: bool
    is_stray_link: bool = False


def entries(root: str, below: bytes = b"") -> list[Entry]:
    """What is in the folder `below` (a relative path) of the tree at `root`.

    The order is such that walking the tree depth first gives all paths in the order of their bytes: a folder sorts
    as its name with the slash that follows it. Names that begin with a dot are left out, and symbolic links that
    stay inside the tree (what they name is listed by its own path). Raises SourceError when the folder cannot be read.
    """
    folder = os.path.join(os.fsencode(root), below) if below else os.fsencode(root)
    found: list[tuple[bytes, Entry]] = []
    try:
        with os.scandir(folder) as listing:
            for each in listing:
                name = each.name
                if name.startswith(b"."):
                    continue
                if each.is_symlink():
                    if not _stays_inside(root, each.path):
                        found.append((name, Entry(name, False, True)))
                elif each.is_dir(follow_symlinks=False):
                    found.append((name + b"/", Entry(name, True)))
                else:
                    found.append((name, Entry(name, False)))
    except OSError as error:
        raise SourceError(unreadable_folder(root, below, error)) from error
    found.sort(key=lambda pair: pair[0])
    return [entry for _, entry in found]


def unreadable_folder(root: str, below: bytes, error: OSError) -> str:
    """The sentence for a folder that cannot be listed."""
    path = os.path.join(root, text_of(below)) if below else root
    if isinstance(error, FileNotFoundError):
        return f"the folder {path} is not there: check the path, and that what it lies on is mounted"
    if isinstance(error, NotADirectoryError):
        return f"{path} is a file, not a folder: give the folder that holds the mail, or mbox:{path} for an mbox file"
    if isinstance(error, PermissionError):
        return f"the folder {path} may not be read: allow this user to read and enter it (chmod -R u+rX, or its group)"
    return f"the folder {path} cannot be read: {error.strerror or error}"


def requirements(path: str, holding: Callable[[], tuple[bool, str]], what_else: str) -> list[Requirement]:
    """The requirements of every local source: the path is there, can be read, and `holding()` says it holds mail.

    `what_else` is the remedy when it holds none. Never raises.
    """
    if not os.path.exists(path):
        dangling = os.path.islink(path)
        evidence = f"{path} is a symbolic link to nothing" if dangling else f"{path} is not there"
        return [Requirement("the path exists", False, evidence, "check the path, and that what it lies on is mounted")]
    there = Requirement("the path exists", True, f"{path} is there")
    try:
        holds, evidence = holding()
    except (SourceError, OSError) as error:
        return [there, Requirement("the path can be read", False, str(error), "make it readable, then try again")]
    return [
        there,
        Requirement("the path can be read", True, f"{path} was listed"),
        Requirement("it holds mail", holds, evidence, "" if holds else what_else),
    ]


def _stays_inside(root: str, link: bytes) -> bool:
    target = os.path.realpath(link)
    real_root = os.path.realpath(os.fsencode(root))
    return os.path.exists(target) and (target == real_root or target.startswith(real_root.rstrip(b"/") + b"/"))

"""A model at rest: a line of JSON that says what it is, then its arrays as raw little-endian bytes.

Plain on purpose: the same model is the same bytes on every machine, and nothing in such a file is ever executed.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

LARGEST = 16 << 20
"""Bytes of a model file that are believed: a larger one is none of ours."""
_TYPES = ("int8", "uint8", "int16", "int32", "int64", "float64", "bool")


class ArtifactError(ValueError):
    """A model file is damaged or of another kind. The message names it and what to do."""


@dataclass(frozen=True, slots=True, eq=False)
class Artifact:
    """`about` holds JSON values; `arrays` are read-only."""

    about: Mapping[str, Any]
    arrays: Mapping[str, npt.NDArray[Any]]


def write_artifact(artifact: Artifact) -> bytes:
    """The bytes of a model: the same for the same values."""
    layout, parts = [], []
    for name, array in artifact.arrays.items():
        kind = str(array.dtype)
        if kind not in _TYPES:
            raise TypeError(f"array {name} is {kind}; models hold {', '.join(_TYPES)}")
        layout.append([name, kind, list(array.shape)])
        parts.append(np.ascontiguousarray(array).astype(array.dtype.newbyteorder("<")).tobytes())
    header = json.dumps({"about": dict(artifact.about), "arrays": layout}, sort_keys=True, ensure_ascii=True)
    return header.encode() + b"\n" + b"".join(parts)


def read_artifact(content: bytes, path: str = "the model") -> Artifact:
    """A model from its bytes. Raises ArtifactError, naming `path`, when they are not whole."""
    try:
        if len(content) > LARGEST:
            raise ValueError(f"it has {len(content):,} bytes")
        header, newline, rest = content.partition(b"\n")
        described = json.loads(header)
        arrays: dict[str, npt.NDArray[Any]] = {}
        start = 0
        for name, kind, shape in described["arrays"]:
            if kind not in _TYPES or any(not isinstance(length, int) or length < 0 for length in shape):
                raise ValueError(f"array {name} is described as {kind} {shape}")
            dtype = np.dtype(kind).newbyteorder("<")
            stop = start + dtype.itemsize * math.prod(shape)
            if stop > len(rest):
                raise ValueError("it ends too soon")
            arrays[name] = np.frombuffer(rest[start:stop], dtype=dtype).astype(kind, copy=False).reshape(shape)
            start = stop
        if start != len(rest) or not newline:
            raise ValueError("it is longer or shorter than it says")
        return Artifact(dict(described["about"]), arrays)
    except (ValueError, KeyError, TypeError) as error:
        raise ArtifactError(
            f"{path} is not a model file ({error}): make it again with `gatehouse model train`"
        ) from error

"""A calibration as bytes: the same on every run, small, and refused when damaged or of an unknown version.

    mark | BLAKE2b of the rest, 16 bytes | header length, uint32 | header, canonical JSON | float64 arrays

All numbers are little-endian.
"""

from __future__ import annotations

import json
import struct
from dataclasses import asdict, fields
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

import numpy as np

from detection.calibration.certificate import Basis, Certificate
from detection.calibration.tails import Tail, TailKind

if TYPE_CHECKING:
    from detection.calibration.calibration import Calibration

MAGIC = b"gatehouse calibration\n"
VERSION = 1
_ARRAYS = ("knots", "mass")
_CHECKSUM = 16


def write(calibration: Calibration) -> bytes:
    """The bytes of a calibration."""
    arrays: list[bytes] = []

    def tail(value: Tail | None) -> dict[str, Any] | None:
        if value is None:
            return None
        arrays.extend(getattr(value, name).astype("<f8").tobytes() for name in _ARRAYS)
        return {f.name: getattr(value, f.name) for f in fields(Tail) if f.name not in _ARRAYS} | {
            "length": len(value.knots)
        }

    header = {
        "version": VERSION,
        "detectors": calibration.detectors,
        "own_tails": [tail(t) for t in calibration.own_tails],
        "reference_tails": [tail(t) for t in calibration.reference_tails],
        "reference_weights": calibration.reference_weights,
        "weights": calibration.weights,
        "fixed_weights": calibration.fixed_weights,
        "fixed_thresholds": calibration.fixed_thresholds,
        "combined_tail": tail(calibration.combined_tail),
        "certificate": asdict(calibration.certificate),
        "suspicious_certificate": asdict(calibration.suspicious_certificate),
    }
    text = json.dumps(header, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()
    content = struct.pack("<I", len(text)) + text + b"".join(arrays)
    return MAGIC + _checksum(content) + content


def read(data: bytes) -> dict[str, Any]:
    """The fields of `Calibration`. Raises ValueError."""
    if not data.startswith(MAGIC):
        raise ValueError("not a calibration: it does not begin with its mark; was another file given?")
    content = data[len(MAGIC) + _CHECKSUM :]
    if data[len(MAGIC) : len(MAGIC) + _CHECKSUM] != _checksum(content):
        raise ValueError("a damaged calibration: its checksum is wrong; recalibrate the tenant or restore the file")
    try:
        (length,) = struct.unpack_from("<I", content)
        header = json.loads(content[4 : 4 + length])
        if header["version"] != VERSION:
            raise ValueError(
                f"a calibration of format version {header['version']}, and this Gatehouse reads version {VERSION}: "
                f"recalibrate the tenant, or upgrade"
            )
        values, rest = _fields(header, memoryview(content)[4 + length :])
    except (struct.error, KeyError, TypeError, AttributeError, json.JSONDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"a damaged calibration ({type(error).__name__}: {error}): recalibrate the tenant") from error
    if rest:
        raise ValueError(f"a damaged calibration: {rest} bytes too many; recalibrate the tenant")
    return values


def _checksum(content: bytes) -> bytes:
    return blake2b(content, digest_size=_CHECKSUM).digest()


def _fields(header: dict[str, Any], body: memoryview) -> tuple[dict[str, Any], int]:
    offset = 0

    def array(length: int) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        nonlocal offset
        if length < 0 or offset + 8 * length > len(body):
            raise ValueError("a damaged calibration: it is cut short; recalibrate the tenant")
        values = np.frombuffer(body, dtype="<f8", count=length, offset=offset).astype(np.float64)
        values.flags.writeable = False
        offset += 8 * length
        return values

    def tail(value: dict[str, Any] | None) -> Tail | None:
        if value is None:
            return None
        rest = {key: item for key, item in value.items() if key not in ("length", "kind")}
        length = int(value["length"])
        return Tail(kind=TailKind(value["kind"]), knots=array(length), mass=array(length + 1), **rest)

    def certificate(value: dict[str, Any]) -> Certificate:
        return Certificate(**(value | {"basis": Basis(value["basis"])}))

    values = {
        "detectors": tuple(header["detectors"]),
        "own_tails": tuple(tail(t) for t in header["own_tails"]),
        "reference_tails": tuple(tail(t) for t in header["reference_tails"]),
        "reference_weights": tuple(header["reference_weights"]),
        "weights": tuple(header["weights"]),
        "fixed_weights": tuple(header["fixed_weights"]),
        "fixed_thresholds": tuple(header["fixed_thresholds"]),
        "combined_tail": tail(header["combined_tail"]),
        "certificate": certificate(header["certificate"]),
        "suspicious_certificate": certificate(header["suspicious_certificate"]),
    }
    return values, len(body) - offset

"""Measurements, each beside its reference."""

import detection  # noqa: F401 - before anything imports numpy, as in the product

"""What is stored is computed again only as far as its definition changed."""

from __future__ import annotations

import re

from detection.detectors.registry import DETECTORS
from detection.engine import Engine
from detection.versions import _closure, columns_version, detector_versions, signals_version


def test_every_detector_has_a_version_and_alike_ones_differ() -> None:
    versions = detector_versions()
    assert tuple(versions) == Engine().detectors
    modules = {name: detector.compute.__module__ for name, detector in DETECTORS.items()}
    for name, version in versions.items():
        assert re.fullmatch(r"[0-9a-f]{12}", version)
        for other in versions:
            assert (version == versions[other]) == (modules[name] == modules[other]), (name, other)


def test_stages_have_versions_of_their_own() -> None:
    assert len({columns_version(), signals_version(), Engine().version}) == 3


def test_a_detector_depends_on_what_it_imports_and_not_on_its_neighbours() -> None:
    modules = _closure("detection.detectors.gift_card")
    assert {"detection.detectors.gift_card", "detection.detectors.evidence"} <= modules
    assert "detection.detectors.extortion" not in modules
    assert not any(module.split(".")[1] in ("mail", "baselines", "signals") for module in modules)

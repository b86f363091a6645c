"""What was found wrong with a mail while it was read."""

from __future__ import annotations

from detection.mail.message import Defect


class Defects:
    """Collects bits of `Defect` as the parts of one mail are read."""

    __slots__ = ("bits",)

    def __init__(self) -> None:
        self.bits = 0

    def add(self, defect: Defect) -> None:
        self.bits |= defect

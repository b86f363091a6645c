"""What is cut and what is hidden when HTML is read."""

from __future__ import annotations

from detection.mail.defects import Defects
from detection.mail.html import read
from detection.mail.limits import DEFAULT_LIMITS
from detection.mail.message import Defect


def test_too_many_tags_are_cut_and_said_to_be() -> None:
    defects = Defects()
    reading = read("<b>x" * 50, DEFAULT_LIMITS, defects, tokens_left=10)
    assert (reading.tokens, reading.text) == (10, "x" * 9)
    assert defects.bits & Defect.CAPPED_HTML


def test_text_hidden_by_a_style_sheet_is_not_shown() -> None:
    reading = read("<style>.pre{display:none}</style><div class=pre>hidden</div><p>shown", DEFAULT_LIMITS, Defects())
    assert (reading.text, reading.hidden_length) == ("shown", len("hidden"))

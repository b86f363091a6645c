"""The cyclic collector waits while pages are read, and only then."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

from detection.mail import collector
from detection.mail.collector import collector_waits


@pytest.fixture(autouse=True)
def collecting() -> Iterator[None]:
    gc.enable()
    yield
    gc.enable()


def test_the_collector_waits_until_the_last_of_several_pages_is_read() -> None:
    first, second = collector_waits(), collector_waits()
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    assert not gc.isenabled()
    second.__exit__(None, None, None)
    assert gc.isenabled()


def test_the_collector_works_again_after_a_page_that_failed() -> None:
    with pytest.raises(ValueError, match="broken"), collector_waits():
        raise ValueError("broken")
    assert gc.isenabled()


def test_a_collector_that_was_off_stays_off() -> None:
    gc.disable()
    with collector_waits():
        pass
    assert not gc.isenabled()


def test_pages_that_always_overlap_do_not_keep_garbage_for_ever() -> None:
    class Ring:
        def __init__(self) -> None:
            self.self = self

    with collector_waits():
        Ring()
        before = sum(isinstance(one, Ring) for one in gc.get_objects())
        for _ in range(collector.MOST_PAGES):
            with collector_waits():
                pass
        after = sum(isinstance(one, Ring) for one in gc.get_objects())
    assert (before, after) == (1, 0)

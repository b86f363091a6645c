"""Reports over HTTP: on this machine only, each its tenant's, and nothing but reports."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from onboarding.layout import TenantLayout
from onboarding.report.serve import server


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    folder = TenantLayout(tmp_path, "acme").report
    folder.mkdir(parents=True)
    (folder / "report.html").write_text("<!doctype html>the report of acme")
    (tmp_path / "gatehouse.db").write_text("secret")
    serving = server(tmp_path, 0)
    thread = threading.Thread(target=serving.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield f"http://127.0.0.1:{serving.server_address[1]}"
    serving.shutdown()
    thread.join()
    serving.server_close()


def test_a_report_is_read_by_its_tenants_name(address: str) -> None:
    answer = httpx.get(f"{address}/acme/")
    assert answer.text.endswith("the report of acme")
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    "path", ["/", "/other/", "/../gatehouse.db", "/..%2fgatehouse.db", "/acme/../../gatehouse.db", "/acme/report.md"]
)
def test_nothing_else_is(address: str, path: str) -> None:
    answer = httpx.get(address + path)
    assert answer.status_code == 404
    assert "secret" not in answer.text


def test_a_page_elsewhere_whose_name_points_here_reads_nothing(address: str) -> None:
    assert httpx.get(f"{address}/acme/", headers={"Host": "evil.example:80"}).status_code == 403

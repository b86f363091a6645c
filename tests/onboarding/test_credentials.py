"""Secrets by name: where they are looked for, and that they are not shown."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest

from onboarding import credentials
from onboarding.credentials import SecretError
from onboarding.settings import Settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path)


def put(folder: Path, name: str, value: str, mode: int = 0o600) -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text(value)
    path.chmod(mode)
    return path


def test_the_environment_comes_before_files(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(tmp_path / "secrets", "graph-client-secret", "from the folder\n")
    found = credentials.get("graph-client-secret", settings)
    assert (found.reveal(), "secrets/graph-client-secret" in found.origin) == ("from the folder", True)
    elsewhere = put(tmp_path, "named", "from the named file")
    monkeypatch.setenv("GATEHOUSE_SECRET_GRAPH_CLIENT_SECRET_FILE", str(elsewhere))
    assert credentials.get("graph-client-secret", settings).reveal() == "from the named file"
    monkeypatch.setenv("GATEHOUSE_SECRET_GRAPH_CLIENT_SECRET", "from the environment")
    assert credentials.get("graph-client-secret", settings).reveal() == "from the environment"


def test_a_missing_secret_says_where_it_may_be_put(settings: Settings) -> None:
    assert credentials.find("graph-client-secret", settings) is None
    with pytest.raises(SecretError, match="GATEHOUSE_SECRET_GRAPH_CLIENT_SECRET, or a Prefect block"):
        credentials.get("graph-client-secret", settings)


def test_a_secret_that_others_may_read_is_refused(settings: Settings, tmp_path: Path) -> None:
    path = put(tmp_path / "secrets", "graph-client-secret", "open to all", 0o644)
    with pytest.raises(SecretError, match=f"chmod 600 {path}") as caught:
        credentials.get("graph-client-secret", settings)
    assert "open to all" not in str(caught.value)


def test_an_empty_file_and_a_wrong_name_are_refused(settings: Settings, tmp_path: Path) -> None:
    put(tmp_path / "secrets", "graph-client-secret", " \n")
    with pytest.raises(SecretError, match="is empty"):
        credentials.get("graph-client-secret", settings)
    with pytest.raises(SecretError, match="not the name of a secret"):
        credentials.get("../../etc/passwd", settings)


def test_a_secret_shows_itself_nowhere_and_does_not_travel(settings: Settings, tmp_path: Path) -> None:
    put(tmp_path / "secrets", "graph-client-secret", "very-secret")
    found = credentials.get("graph-client-secret", settings)
    assert "very-secret" not in f"{found} {found!r}"
    with pytest.raises(TypeError, match="pass its name"):
        pickle.dumps(found)

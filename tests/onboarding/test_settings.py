"""Every setting explains itself, and a wrong one is named in one line."""

from __future__ import annotations

from pathlib import Path

import pytest

from onboarding.settings import Settings, SettingsError, TaskRunner, described, load


@pytest.fixture(autouse=True)
def _nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(f"GATEHOUSE_{name.upper()}", raising=False)


def test_the_default_home_is_in_the_home_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert load().folder == tmp_path / ".gatehouse"


def test_the_environment_sets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATEHOUSE_WORKERS", "7")
    monkeypatch.setenv("GATEHOUSE_TASK_RUNNER", "processes")
    settings = load()
    assert (settings.workers, settings.task_runner) == (7, TaskRunner.PROCESSES)


def test_an_empty_variable_is_an_unset_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATEHOUSE_DATABASE_URL", "")
    monkeypatch.setenv("GATEHOUSE_WORKERS", "")
    assert load().database_url is None


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("GATEHOUSE_WORKERS", "many"),
        ("GATEHOUSE_WORKERS", "0"),
        ("GATEHOUSE_ALPHA", "1"),
        ("GATEHOUSE_ALPHA", "nan"),
        ("GATEHOUSE_ALPHA", "1e-3 per message\nor so"),
        ("GATEHOUSE_TASK_RUNNER", "ray"),
    ],
)
def test_a_wrong_value_is_one_line_naming_it(monkeypatch: pytest.MonkeyPatch, variable: str, value: str) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(SettingsError) as wrong:
        load()
    assert str(wrong.value).startswith(f"{variable}=")
    assert len(str(wrong.value).splitlines()) == 1
    assert len(str(wrong.value)) < 300


def test_dask_needs_an_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATEHOUSE_TASK_RUNNER", "dask")
    with pytest.raises(SettingsError, match="GATEHOUSE_DASK_ADDRESS"):
        load()


def test_every_setting_has_a_description_and_numbers_have_bounds() -> None:
    lines = {line.variable: line for line in described(Settings())}
    assert len(lines) == len(Settings.model_fields)
    assert all(line.description for line in lines.values())
    for name, field in Settings.model_fields.items():
        if field.annotation in (int, float):
            assert lines[f"GATEHOUSE_{name.upper()}"].bounds.count(",") == 1, name


def test_a_password_is_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATEHOUSE_DATABASE_URL", "postgresql://ada:hunter2@db.example.com/gatehouse")
    settings = load()
    assert "hunter2" in str(settings.database_address)
    assert "hunter2" not in repr(settings)
    assert "hunter2" not in "".join(str(line) for line in described(settings))


def test_a_home_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("")
    with pytest.raises(SettingsError, match="GATEHOUSE_HOME="):
        Settings(home=tmp_path / "taken" / "home").create_home()


def test_the_home_folder_is_the_owners_only(tmp_path: Path) -> None:
    assert Settings(home=tmp_path / "home").create_home().stat().st_mode & 0o077 == 0

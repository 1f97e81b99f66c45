"""Every setting stands in one table, is checked at start, and is described in the manual as it is."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from background_fixtures import PROJECT
from servers import SHIPPED
from test_cli import start

from lcaengine import settings
from lcaengine.problems import Refused

SOURCES = [
    path for folder in ("lcaengine", "api") for path in (PROJECT / folder).rglob("*.py")
    if "client" not in path.relative_to(PROJECT).parts  # runs elsewhere, and reads no environment
]  # fmt: skip
NAMES = {setting.name for setting in settings.SETTINGS}
WRONG = {
    "LCAENGINE_AUTH": "yes", "LCAENGINE_PROXIES": "-1", "LCAENGINE_RATE": "many", "LCAENGINE_RATE_LOGIN": "1/s",
    "LCAENGINE_RATE_STORAGE": "redis", "LCAENGINE_READ_SECONDS": "0", "LCAENGINE_WORK_SECONDS": "nan",
    "LCAENGINE_KEEPALIVE_SECONDS": "1.5", "LCAENGINE_STOP_SECONDS": "", "LCAENGINE_CONNECTIONS": "٣٠٠",
    "LCAENGINE_MAX_REQUESTS": "1e3", "LCAENGINE_LOG": "xml", "LCAENGINE_METRICS_TOKEN": "short",
}  # fmt: skip


def test_code_reads_no_variable_that_is_not_declared() -> None:
    named = {
        name for path in SOURCES for name in re.findall(r"\bLCAENGINE_[A-Z_]+[A-Z]\b", path.read_text(encoding="utf-8"))
    }
    assert len(NAMES) == len(settings.SETTINGS) > 10
    assert {name for name in named if not name.startswith(settings.FOR_TESTS)} - NAMES == set()


def test_the_manual_shows_the_table() -> None:
    assert "\n".join(settings.table()) in (PROJECT / "docs" / "operate.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("setting", settings.SETTINGS, ids=lambda s: s.name)
def test_each_is_told_in_both_languages(setting: settings.Setting[object], monkeypatch: pytest.MonkeyPatch) -> None:
    assert re.search("[一-鿿]", setting.zh)
    assert not re.search("[一-鿿]", setting.en)
    monkeypatch.delenv(setting.name, raising=False)
    assert setting.value() == setting.default


@pytest.mark.parametrize(("name", "given"), [(name, given) for name, given in WRONG.items() if given])
def test_a_value_that_cannot_be_is_refused(name: str, given: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, given)
    with pytest.raises(Refused) as refused:
        settings.check()
    (problem,) = refused.value.problems
    assert (problem.code, problem.where) == ("bad_setting", name)
    assert (given in problem.message("zh")) is (name != "LCAENGINE_METRICS_TOKEN")


def test_values_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LCAENGINE_READ_SECONDS", "2.5")
    monkeypatch.setenv("LCAENGINE_RULES", "/a:/b")
    monkeypatch.setenv("LCAENGINE_DATABSE", "x")
    assert settings.READ_SECONDS.value() == 2.5
    assert settings.RULES.value() == (Path("/a"), Path("/b"))
    assert settings.check() == ("LCAENGINE_DATABSE",)
    assert settings.nearest("LCAENGINE_DATABSE") == "LCAENGINE_DATABASE"


def test_the_server_does_not_start_with_wrong_settings(tmp_path: Path) -> None:
    database = tmp_path / "none.sqlite"
    given = {"LCAENGINE_PROXIES": "many", "LCAENGINE_LOG": "xml", "LCAENGINE_DATABASE": f"sqlite:///{database}"}
    finished = start(*SHIPPED[2:], "--lang", "zh", **given)
    assert finished.returncode == 2
    assert all(text in finished.stderr for text in ("LCAENGINE_PROXIES", "LCAENGINE_LOG", "应为"))
    assert "Traceback" not in finished.stderr
    assert not database.exists()

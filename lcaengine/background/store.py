"""Where built releases are kept, and building one exactly once.

A release is built by a process of its own, in a private Brightway directory: the user's own projects are never touched,
and a program that already runs Brightway is not disturbed. The finished folder is renamed into place in one step.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from filelock import FileLock
from platformdirs import user_cache_path

from lcaengine import settings
from lcaengine.background.tables import release_id
from lcaengine.data import folder
from lcaengine.problems import Problem, Refused


class BuildFailed(Refused):
    """The tables cannot be built into a release."""


def cache_folder() -> Path:
    """``LCAENGINE_CACHE``, or the platform's cache folder."""
    return settings.CACHE.value() or user_cache_path("lcaengine")


def release_folder(identifier: str) -> Path:
    return cache_folder() / "releases" / identifier


def built_release(
    tables: Path | None = None, *, rebuild: bool = False, say: Callable[[str], None] | None = None
) -> Path:
    """The folder of the release of some tables (default: the embedded ones), built if it is not there."""
    tables = tables or folder("background_data")
    target = release_folder(release_id(tables))
    if (target / "release.json").is_file() and not rebuild:
        return target
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        values = {"path": str(target.parent), "why": error.strerror or str(error)}
        raise BuildFailed(Problem("no_folder", "LCAENGINE_CACHE", values)) from error
    with FileLock(target.with_suffix(".lock")):
        if rebuild or not (target / "release.json").is_file():
            _build(tables, target, say or _say)
    return target


def _build(tables: Path, target: Path, say: Callable[[str], None]) -> None:
    say("Building the background release with Brightway (once, a few seconds)  正在用 Brightway 构建背景数据（仅一次）")
    work = Path(tempfile.mkdtemp(prefix=".building-", dir=target.parent))
    try:
        command = [sys.executable, "-W", "ignore", "-m", "lcaengine.background.build", str(tables), str(work)]
        environment = {**os.environ, "BRIGHTWAY2_DIR": str(work / "brightway")}
        (work / "brightway").mkdir()
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        if done.returncode or not (work / "release.json").is_file():
            log = target.with_suffix(".log")
            log.write_text(done.stdout + done.stderr, encoding="utf-8")
            raise BuildFailed(Problem("build_failed", str(tables), {"log": str(log), "why": _last(done.stderr)}))
        if target.exists():
            shutil.rmtree(target)
        work.rename(target)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _last(text: str) -> str:
    lines = text.strip().splitlines()
    return lines[-1] if lines else "?"


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)

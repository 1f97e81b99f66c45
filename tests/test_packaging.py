"""The wheel carries everything and calculates the same; the editable install works from any directory."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Sequence
from pathlib import Path

import pytest
from boms import INVENTORIES

from lcaengine.data import folder

PROJECT = Path(__file__).parent.parent
FOLDERS = ("background_data", "product_rules", "inventories")
OFFLINE = ("NewConnectionError", "Temporary failure in name resolution", "ConnectTimeoutError", "No matching distribution found for setuptools",
           "Could not find a version that satisfies the requirement setuptools")  # fmt: skip


def run(command: Sequence[str], cwd: Path, **environment: str) -> str:
    done = subprocess.run(
        [sys.executable, *command], cwd=cwd, env={**os.environ, "PYTHONIOENCODING": "utf-8", **environment},
        capture_output=True, text=True, encoding="utf-8", timeout=100, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from a copy of what git knows, as from a fresh clone."""
    work = tmp_path_factory.mktemp("wheel")
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=PROJECT, capture_output=True, check=False)
    if listed.returncode:
        pytest.skip("the wheel is built from the files that git knows, and this is no clone")
    for name in filter(None, listed.stdout.decode().split("\0")):
        if (PROJECT / name).is_file():
            (work / "source" / name).parent.mkdir(parents=True, exist_ok=True)
            (work / "source" / name).write_bytes((PROJECT / name).read_bytes())
    command = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--quiet",
        "--disable-pip-version-check",
        "--no-deps",
        "--wheel-dir",
        str(work / "dist"),
        str(work / "source"),
    ]
    done = subprocess.run(command, cwd=work, capture_output=True, text=True, timeout=110, check=False)
    if done.returncode and any(sign in done.stderr for sign in OFFLINE):
        pytest.skip("building a wheel fetches setuptools, and there is no network")
    assert done.returncode == 0, done.stderr
    (built,) = (work / "dist").glob("lcaengine-*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel alone in a folder; the libraries come from the environment."""
    target = tmp_path_factory.mktemp("installed")
    run(
        [
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            "--no-deps",
            "--target",
            str(target),
            str(wheel),
        ],
        target,
    )
    return target


def test_the_wheel_has_every_data_file(wheel: Path) -> None:
    held = set(zipfile.ZipFile(wheel).namelist())
    for name in FOLDERS:
        files = [
            p.relative_to(folder(name)).as_posix()
            for p in folder(name).rglob("*")
            if p.is_file() and "__pycache__" not in p.parts
        ]
        assert files
        assert {f"lcaengine/data/{name}/{file}" for file in files} - held == set()
    assert {"lcaengine/problems.toml", "lcaengine/py.typed", "lcaengine/api/app.py"} <= held
    assert any(name.startswith("lcaengine/store/migrations/versions/0001") for name in held)
    assert not any(name.startswith(("tests/", "benchmarks/", "api/", "docs/")) for name in held)
    assert {"LICENSE", "NOTICE"} <= {Path(name).name for name in held}


def test_the_wheel_finds_its_own_data(installed: Path, tmp_path: Path) -> None:
    code = f"import lcaengine.api, lcaengine.data as d; print(lcaengine.api.__file__, *(d.folder(n) for n in {FOLDERS}), sep='\\n')"
    lines = run(["-c", code], tmp_path, PYTHONPATH=str(installed)).splitlines()
    assert [Path(line) for line in lines] == [
        installed / "lcaengine" / "api" / "__init__.py",
        *(installed / "lcaengine" / "data" / name for name in FOLDERS),
    ]


def test_the_wheel_gives_the_same_footprint(installed: Path, release: object, tmp_path: Path) -> None:
    command = ["-m", "lcaengine.cli", "footprint", str(INVENTORIES / "craft-one-way-glass.json"), "--json"]
    wheel, editable = run(command, tmp_path, PYTHONPATH=str(installed)), run(command, tmp_path)
    assert json.loads(wheel) == json.loads(editable)
    assert json.loads(wheel)["total"]["value"] > 0


def test_the_wheel_has_the_command(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (n for n in archive.namelist() if n.endswith("entry_points.txt"))
        assert "lcaengine = lcaengine.cli:main" in archive.read(name).decode()


def test_the_editable_install_works_from_any_directory(tmp_path: Path) -> None:
    shown = run(
        ["-c", "import lcaengine, lcaengine.api; print(lcaengine.__file__, lcaengine.api.__file__, sep='\\n')"],
        tmp_path,
    )
    assert [Path(line) for line in shown.splitlines()] == [
        PROJECT / "lcaengine" / "__init__.py",
        PROJECT / "api" / "__init__.py",
    ]

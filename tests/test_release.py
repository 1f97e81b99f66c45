"""The embedded release: built once, in private, the same every time, and loaded without Brightway."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from background_fixtures import run_python, start_python, write_tiny_tables

from lcaengine.background.release import Release, load_release
from lcaengine.background.store import BuildFailed, built_release
from lcaengine.background.system import HEADLINE
from lcaengine.background.tables import read_tables, release_id
from lcaengine.data import folder as data_folder
from lcaengine.problems import NotFound

INCLUDING = "gwp100_including_biogenic_uptake"
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
BUILD = "from lcaengine.background.store import built_release; print(built_release())"


@dataclass(frozen=True)
class Fresh:
    """The embedded release as two programs built it at the same time into an empty cache."""

    release: Release
    cache: Path
    brightway: Path
    printed: list[str]


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Fresh:
    cache, brightway = tmp_path_factory.mktemp("cache"), tmp_path_factory.mktemp("brightway")
    environment = {"LCAENGINE_CACHE": str(cache), "BRIGHTWAY2_DIR": str(brightway)}
    both = [start_python(BUILD, **environment) for _ in range(2)]
    done = [program.finished() for program in both]
    assert [(d.returncode, d.stderr) for d in done if d.returncode] == []
    printed = [d.stdout.strip() for d in done]
    return Fresh(load_release(Path(printed[0])), cache, brightway, printed)


def test_two_programs_at_once_build_one_release(fresh: Fresh) -> None:
    identifier = release_id(data_folder("background_data"))
    assert fresh.printed == [str(fresh.cache / "releases" / identifier)] * 2
    left = [p.name for p in (fresh.cache / "releases").iterdir() if p.suffix != ".lock"]
    assert left == [identifier]


def test_the_users_brightway_is_untouched(fresh: Fresh) -> None:
    assert list(fresh.brightway.iterdir()) == []


def test_the_release_is_a_brightway_database_of_its_own(fresh: Fresh, tmp_path: Path) -> None:
    # The factor of coal power in the announcement of the ministry for 2024: 0.9240 kg CO2e/kWh.
    shutil.copytree(fresh.release.path / "brightway", tmp_path / "copy")
    done = run_python(
        "import json, bw2data as bd; bd.projects.set_current('lcaengine')\n"
        "node = bd.get_node(database='lcaengine', code='electricity-coal-cn')\n"
        "amounts = {e['type']: e['amount'] for e in node.exchanges()}\n"
        "print(json.dumps([sorted(n['code'] for n in bd.Database('lcaengine')), node['unit'], amounts]))",
        BRIGHTWAY2_DIR=str(tmp_path / "copy"),
    )
    assert done.returncode == 0, done.stderr
    codes, unit, amounts = json.loads(done.stdout.splitlines()[-1])
    assert codes == sorted(fresh.release.codes)
    assert unit == "kWh"
    assert amounts == {"production": 1.0, "biosphere": pytest.approx(0.924)}


def test_building_again_gives_the_same_id_and_arrays(fresh: Fresh, monkeypatch: pytest.MonkeyPatch) -> None:
    first = {path.name: np.load(path) for path in fresh.release.path.glob("*.npy")}
    about = json.loads((fresh.release.path / "release.json").read_text(encoding="utf-8"))
    monkeypatch.setenv("LCAENGINE_CACHE", str(fresh.cache))
    again = built_release(rebuild=True, say=len)
    assert json.loads((again / "release.json").read_text(encoding="utf-8"))["id"] == about["id"]
    second = {path.name: np.load(path) for path in again.glob("*.npy")}
    assert len(first) >= 15
    assert first.keys() == second.keys()
    assert [name for name in first if not np.array_equal(first[name], second[name])] == []


def test_loading_imports_no_brightway(fresh: Fresh) -> None:
    done = run_python(
        "import sys; from lcaengine.background import default_release\n"
        "release = default_release(); assert release.scores[release.find('electricity-coal-cn'), 0] > 0\n"
        "release.catalogue.search('electricity')\n"
        "heavy = {'bw2data', 'bw2calc', 'bw2io', 'bw_processing', 'frictionless', 'pandas', 'scipy'}\n"
        "print(sorted(heavy & {name.split('.')[0] for name in sys.modules}))",
        LCAENGINE_CACHE=str(fresh.cache),
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "[]"


def test_biogenic_identity_for_every_product(fresh: Fresh) -> None:
    # docs/background.md, rule 2: including = excluding − 44/12 · biogenic carbon.
    release = fresh.release
    excluding, including = (release.scores[:, release.column_index[name]] for name in (HEADLINE, INCLUDING))
    gap = including - excluding + 44 / 12 * release.properties[:, 2]
    assert {release.codes[i]: gap[i] for i in np.flatnonzero(np.abs(gap) >= 1e-6)} == {}


def test_every_total_is_the_sum_of_its_parts(fresh: Fresh) -> None:
    release, totals = fresh.release, [i for i in fresh.release.indicators if i["sum_of"]]
    assert {i["id"] for i in totals} == {HEADLINE, INCLUDING}
    for indicator in totals:
        parts = release.scores[:, [release.column_index[part] for part in indicator["sum_of"]]].sum(axis=1)
        assert parts == pytest.approx(release.scores[:, release.column_index[indicator["id"]]], rel=1e-9, abs=1e-12)


def test_gases_sum_to_the_headline(fresh: Fresh) -> None:
    release = fresh.release
    gases = release.scores[:, [release.column_index[f"gas:{gas}"] for gas in release.gases]]
    assert {"CO2", "CH4", "N2O"} < set(release.gases)
    assert gases.sum(axis=1) == pytest.approx(release.scores[:, release.column_index[HEADLINE]], rel=1e-9, abs=1e-12)


def test_every_gas_has_an_ef31_uuid() -> None:
    rows = read_tables(data_folder("background_data")).elementary_flows
    assert {row["key"] for row in rows if not UUID.fullmatch(row["ef31_uuid"])} == {"co2e_unspecified"}
    given = [row["ef31_uuid"] for row in rows if row["ef31_uuid"]]
    assert len(given) == len(set(given))


def test_scores_solve_the_matrices_on_disk(fresh: Fresh) -> None:
    # NumPy's dense solve of the arrays as written: Aᵀ Y = Bᵀ C.
    release = fresh.release
    A, B = (m.matrix().toarray() for m in (release.technosphere, release.biosphere))
    assert release.scores == pytest.approx(np.linalg.solve(A.T, B.T @ release.flow_scores), rel=1e-9, abs=1e-12)


def test_estimated_part_is_within_the_score(fresh: Fresh) -> None:
    # No process of the embedded release spares another (cut-off), so no part exceeds the whole.
    headline = np.abs(fresh.release.scores[:, fresh.release.column_index[HEADLINE]])
    assert (np.abs(fresh.release.estimate) <= headline * (1 + 1e-9) + 1e-12).all()


def test_unknown_code_names_its_nearest(fresh: Fresh) -> None:
    with pytest.raises(NotFound) as caught:
        fresh.release.find("coal-electricity-cn", "/ingredients/0/process")
    problem = caught.value.problems[0]
    assert (problem.code, problem.where) == ("unknown_process", "/ingredients/0/process")
    assert "electricity-coal-cn" in problem.values["nearest"]


def test_absent_release_is_not_found(tmp_path: Path) -> None:
    with pytest.raises(NotFound) as caught:
        load_release(tmp_path / "0123456789abcdef0123456789abcdef")
    assert "0123456789abcdef" in caught.value.problems[0].message()


def test_broken_tables_do_not_build_and_leave_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tables = write_tiny_tables(tmp_path / "tables")
    processes = tables / "mill" / "processes.csv"
    processes.write_text(processes.read_text(encoding="utf-8").replace("bread,面包", "loaf,面包"), encoding="utf-8")
    monkeypatch.setenv("LCAENGINE_CACHE", str(tmp_path / "cache"))
    with pytest.raises(BuildFailed) as caught:
        built_release(tables, say=len)
    assert "'bread'" in caught.value.problems[0].message()
    assert [p for p in (tmp_path / "cache" / "releases").iterdir() if p.is_dir()] == []


def test_own_tables_are_built_beside_the_embedded_ones(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Power of the small set: 0.5 kg CO2 + 1 g methane · 29.8 = 0.5298; burning one kg of residue: 0.02 kWh of it,
    # and as a treatment it stands with a minus sign.
    monkeypatch.setenv("LCAENGINE_CACHE", str(tmp_path / "cache"))
    release = load_release(built_release(write_tiny_tables(tmp_path / "tables"), say=len))
    headline = release.column_index[HEADLINE]
    assert release.scores[release.find("power"), headline] == pytest.approx(0.5298, rel=1e-12)
    assert release.scores[release.find("burning"), headline] == pytest.approx(-0.02 * 0.5298, rel=1e-12)
    assert release.scores[release.find("power"), release.column_index["gas:CH4"]] == pytest.approx(0.0298, rel=1e-12)
    assert release.unit(release.find("power")) == "kWh"
    assert release.status(release.find("bread")) == "estimate"
    assert release.biogenic_carbon(release.find("bread")) == 0.3

"""Systems with published or hand-calculated answers, through build, disk and load."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from background_fixtures import release_of, system_of, write_tiny_tables
from scipy.sparse import csc_matrix

from lcaengine.background.build import check_agreement
from lcaengine.background.model import Triplets, build_model
from lcaengine.background.quality import BIT
from lcaengine.background.system import System, characterization, score_columns, score_vectors
from lcaengine.background.tables import Tables, read_tables

# Heijungs & Suh (2002), The Computational Structure of Life Cycle Assessment, Kluwer, chapter 2.
# Rows: litre of fuel, kWh of electricity. Processes: electricity production, fuel production.
FUEL = [[-2, 100], [10, 0]]
# Rows: kg CO2, kg SO2, litre of crude oil.
FUEL_FLOWS = [[1, 10], [0.1, 2], [0, -50]]


def test_heijungs_and_suh_electricity_from_fuel(tmp_path: Path) -> None:
    # 1000 kWh: 1000/10 = 100 runs of electricity; they burn 200 l of fuel: 200/100 = 2 runs of fuel.
    # CO2 100·1 + 2·10 = 120; SO2 100·0.1 + 2·2 = 14; crude oil 2·(−50) = −100.
    columns = ["CO2", "SO2", "crude oil"]
    release = release_of(system_of(FUEL, FUEL_FLOWS, np.eye(3), columns, producer=[1, 0]), tmp_path)
    demand = np.array([0.0, 1000.0])
    assert release.supply(demand) == pytest.approx([100, 2], rel=1e-12)
    assert demand @ release.scores == pytest.approx([120, 14, -100], rel=1e-12)


def test_products_in_another_order_than_processes(tmp_path: Path) -> None:
    # Above, fuel is product 0 and process 1. One litre of fuel: 10/100 kg CO2, 2/100 kg SO2, −50/100 l crude oil.
    release = release_of(system_of(FUEL, FUEL_FLOWS, np.eye(3), ["a", "b", "c"], producer=[1, 0]), tmp_path)
    assert release.scores[0] == pytest.approx([0.1, 0.02, -0.5], rel=1e-12)
    assert list(release.producer) == [1, 0]
    assert list(release.reference) == [1, 0]
    assert release.direct[0] == pytest.approx([1, 0.1, 0]), "direct emissions go by process: electricity first"


def test_three_products_in_a_cyclic_order(tmp_path: Path) -> None:
    # Process 0 makes product 2, process 1 product 0, process 2 product 1; nobody buys anything.
    # So producer = [1, 2, 0] by product and reference = [2, 0, 1] by process (the inverse, not the same).
    A = [[0, 1, 0], [0, 0, 1], [1, 0, 0]]
    release = release_of(system_of(A, [[7, 11, 13]], [[1]], producer=[1, 2, 0]), tmp_path)
    assert list(release.reference) == [2, 0, 1]
    assert release.scores[:, 0] == pytest.approx([11, 13, 7])


def test_miller_and_blair_two_sectors(tmp_path: Path) -> None:
    # Miller & Blair (2009), Input-Output Analysis, 2nd ed., Cambridge, chapter 2, two-sector example:
    # A = [[.15, .25], [.20, .05]], new final demand (600, 1500) → outputs (1247.5, 1841.6).
    # By hand: |I − A| = .85·.95 − .25·.20 = .7575; x1 = (.95·600 + .25·1500)/.7575 = 945/.7575 = 1247.52;
    # x2 = (.20·600 + .85·1500)/.7575 = 1395/.7575 = 1841.58; L = [[.95, .25], [.20, .85]]/.7575.
    leontief = np.eye(2) - np.array([[0.15, 0.25], [0.20, 0.05]])
    release = release_of(system_of(leontief, np.eye(2), np.eye(2), ["sector 1", "sector 2"]), tmp_path)
    assert release.supply(np.array([600.0, 1500.0])) == pytest.approx([1247.5, 1841.6], abs=0.05)
    # One unit of flow per run: the score of product j in column i is the entry L[i, j].
    inverse = np.array([[1.2541, 0.3300], [0.2640, 1.1221]])
    assert np.transpose(release.scores) == pytest.approx(inverse, abs=5e-5)


def test_loop_by_its_series(tmp_path: Path) -> None:
    # Coal needs 0.1 kWh/kg, electricity 0.4 kg coal/kWh and emits 1 kg/kWh: around the loop 0.04.
    # electricity = 1/(1 − 0.04) = 1.041666…; coal = 0.1 of it.
    A = [[1, -0.4], [-0.1, 1]]
    release = release_of(system_of(A, [[0, 1]], [[1]]), tmp_path)
    assert release.scores[:, 0] == pytest.approx([0.1 / 0.96, 1 / 0.96], rel=1e-12)


def test_process_that_consumes_its_own_product(tmp_path: Path) -> None:
    # A plant makes 100 kWh a run, uses 8 of them and emits 46 kg: 46/92 = 0.5 kg per kWh delivered.
    release = release_of(system_of([[100 - 8]], [[46]], [[1]]), tmp_path)
    assert release.scores[0, 0] == pytest.approx(0.5, rel=1e-12)


def test_run_sizes_other_than_one(tmp_path: Path) -> None:
    # A run makes 250 kg from 500 kg ore (2 kg CO2e per run of 1000 kg ore) and emits 30 kg:
    # ore 0.002 per kg; product (30 + 500·0.002)/250 = 31/250 = 0.124.
    release = release_of(system_of([[1000, -500], [0, 250]], [[2, 30]], [[1]]), tmp_path)
    assert release.scores[:, 0] == pytest.approx([0.002, 0.124], rel=1e-12)


def test_waste_handed_to_treatment(tmp_path: Path) -> None:
    # Treatment: production −1, emits 3 kg per kg. A product that hands over 0.2 kg (amount −0.2, so +0.2 in A)
    # and emits 1 kg itself bears 1 + 0.2·3 = 1.6. One unit of the treatment's product is minus the treatment: −3.
    release = release_of(system_of([[-1, 0.2], [0, 1]], [[3, 1]], [[1]]), tmp_path)
    assert release.scores[:, 0] == pytest.approx([-3, 1.6], rel=1e-12)


def test_avoided_product(tmp_path: Path) -> None:
    # Heat costs 0.3 kg/MJ. Burning gas for one kWh emits 2 kg and delivers 4 MJ heat instead of a boiler:
    # 2 − 4·0.3 = 0.8.
    release = release_of(system_of([[1, 4], [0, 1]], [[0.3, 2]], [[1]]), tmp_path)
    assert release.scores[:, 0] == pytest.approx([0.3, 0.8], rel=1e-12)


def test_avoided_product_from_tables(tmp_path: Path) -> None:
    # Substitution in the tables: bread that spares 0.5 kWh of power (0.5298 kg) per kg.
    folder = write_tiny_tables(tmp_path)
    with (folder / "mill" / "exchanges.csv").open("a", encoding="utf-8") as file:
        file.write("bread,substitution,power,0.5,kWh,,book,book,,2020,CN,2;2;2;2;2,1.05,published,\n")
    scores, index = _tiny_scores(read_tables(folder))
    assert scores["gwp100_excluding_biogenic_uptake"][index["bread"]] == pytest.approx(BREAD - 0.5 * 0.5298, rel=1e-6)


# The tiny tables by hand, GWP100 of EF 3.1 (N2O 273, fossil CH4 29.8):
# power: 0.5 + 0.001·29.8 = 0.5298 per kWh; grain: 0.001·273 = 0.273 per kg.
# mill, one run: 1.25·0.273 + 0.1·0.5298 = 0.34125 + 0.05298 = 0.39423; makes 1 kg flour (key 4), 0.25 kg bran (key 1).
# Weights 1·4 and 0.25·1: flour 4/4.25 of the run; bran 0.25/4.25 of the run, for 0.25 kg.
FLOUR = 0.39423 * 4 / 4.25
BRAN = 0.39423 * (0.25 / 4.25) / 0.25
# burning one kg of residue: 72 kJ = 0.02 kWh · 0.5298 = 0.010596, and 0.4·44/12 kg biogenic CO2.
BURNING = 0.010596
# bread: 0.8 kg flour and 0.05 kg residue handed over.
BREAD = 0.8 * FLOUR + 0.05 * BURNING


def _matrix(part: Triplets, rows: int, columns: int, *, estimated: bool) -> csc_matrix:
    marked = np.array(part.marks, dtype=int) & BIT["estimate"]
    values = np.where(marked, part.values, 0.0) if estimated else np.array(part.values)
    return csc_matrix((values, (part.rows, part.columns)), shape=(rows, columns))


def _tiny_system(tables: Tables) -> System:
    model = build_model(tables)
    n, m = len(model.codes), len(model.flows)
    A, estimated_A = (_matrix(model.technosphere, n, n, estimated=e) for e in (False, True))
    B, estimated_B = (_matrix(model.biosphere, m, n, estimated=e) for e in (False, True))
    C, columns = characterization(tables), score_columns(tables)
    return System(model.codes, model.flows, columns, A, B, C, {"estimate": (estimated_A, estimated_B)}, np.arange(n))


def _tiny_scores(tables: Tables) -> tuple[dict[str, np.ndarray], dict[str, int]]:
    system = _tiny_system(tables)
    scores = score_vectors(system.A, system.B, system.C)
    check_agreement(system, scores)
    return dict(zip(system.columns, scores.T, strict=True)), {code: i for i, code in enumerate(system.codes)}


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, np.ndarray], dict[str, int]]:
    return _tiny_scores(read_tables(write_tiny_tables(tmp_path_factory.mktemp("tiny"))))


@pytest.mark.parametrize(
    ("code", "score"),
    [("grain", 0.273), ("power", 0.5298), ("flour", FLOUR), ("bran", BRAN), ("burning", -BURNING), ("bread", BREAD)],
)
def test_tables_by_hand(tiny: tuple[dict[str, np.ndarray], dict[str, int]], code: str, score: float) -> None:
    scores, index = tiny
    assert scores["gwp100_excluding_biogenic_uptake"][index[code]] == pytest.approx(score, rel=1e-6)


def test_allocation_shares_out_the_whole_burden(tiny: tuple[dict[str, np.ndarray], dict[str, int]]) -> None:
    # 1 kg flour and 0.25 kg bran together bear the run: 0.39423.
    scores, index = tiny
    headline = scores["gwp100_excluding_biogenic_uptake"]
    assert headline[index["flour"]] + 0.25 * headline[index["bran"]] == pytest.approx(0.39423, rel=1e-6)


@pytest.mark.parametrize(("code", "carbon"), [("flour", 0.4), ("bran", 0.4), ("bread", 0.3), ("burning", 0.4)])
def test_co_products_take_carbon_by_content(
    tiny: tuple[dict[str, np.ndarray], dict[str, int]], code: str, carbon: float
) -> None:
    # Flour bears 94 % of the burden but holds 80 % of the carbon of the run; bran the rest. Each kg of either holds
    # 0.4 kg carbon, so taking up counts −0.4·44/12 = −1.466667 for both. Residue is burnt: it leaves with −(−1.4667).
    scores, index = tiny
    i = index[code]
    excluding, including = (scores[f"gwp100_{k}_biogenic_uptake"][i] for k in ("excluding", "including"))
    assert including == pytest.approx(excluding - carbon * 44 / 12, abs=2e-6)


def test_an_output_without_key_value_carries_no_burden(tmp_path: Path) -> None:
    # Bran with key 0: flour bears the whole run, 0.39423; bran 0, yet with its carbon taken up: −1.466667.
    folder = write_tiny_tables(tmp_path)
    processes = folder / "mill" / "processes.csv"
    text = processes.read_text(encoding="utf-8").replace("2024,1,published", "2024,0,published")
    processes.write_text(text, encoding="utf-8")
    scores, index = _tiny_scores(read_tables(folder))
    headline, including = scores["gwp100_excluding_biogenic_uptake"], scores["gwp100_including_biogenic_uptake"]
    assert headline[index["flour"]] == pytest.approx(0.39423, rel=1e-6)
    assert headline[index["bran"]] == pytest.approx(0, abs=1e-12)
    assert including[index["bran"]] == pytest.approx(-0.4 * 44 / 12, rel=1e-6)


def test_estimated_part_by_hand(tmp_path: Path) -> None:
    # Only the residue of bread is an estimate: 0.05 · 0.010596 of its score passes through it; flour holds none.
    tables = read_tables(write_tiny_tables(tmp_path))
    (tmp_path / "out").mkdir()
    release = release_of(_tiny_system(tables), tmp_path / "out")
    assert release.estimate[release.index["bread"]] == pytest.approx(0.05 * BURNING, rel=1e-6)
    assert release.estimate[release.index["flour"]] == pytest.approx(0, abs=1e-15)

"""Data quality: the worst on each path against enumerated paths, the scales by the words of PEF and PACT, footprints by hand."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from background_fixtures import read_csv, system_of, write_csv, write_tiny_tables
from foregrounds import GRAVE, Json, background, footprint, tiny, worked
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy.sparse import csc_matrix

from lcaengine.background import Release, system
from lcaengine.background.quality import BIT, MARKS, aged, geography, pact_label, rating, row_marks, status_shares
from lcaengine.background.tables import Row, Tables, read_tables
from lcaengine.data import folder as data_folder
from lcaengine.footprint.result import body

YEAR = 2026
CH4 = 29.8
near = pytest.approx


# -- the scales (docs/method.md), as a reader of the table would apply them to one figure

# PEF Guidance on GR; the last number is the rating that its words give.
PLACES = [
    ("CN", "CN", 1), ("GLO", "GLO", 1), ("CN-SD", "CN-SD", 1),  # the country the data set is valid for
    ("CN-SD", "CN", 1),  # a part of it
    ("CN", "CN-SD", 2), ("EU", "DE", 2), ("RNA", "US", 2), ("RNA", "US-TX", 2),  # a region that holds the place
    ("GLO", "CN", 3), ("GLO", "CN-SD", 3), ("DE", "GLO", 3), ("EU", "GLO", 3),  # one of the regions it is valid for
    ("IN", "CN", 4), ("CN-SD", "IN", 4), ("EU", "CN", 4), ("EU", "GB", 4), ("RNA", "BR", 4), ("US", "CA", 4),  # another
]  # fmt: skip
# PEF on TiR: valid (here: for three years), then at most two, four, six years beyond, more. PACT on time: at most one,
# two, three, four years, more.
AGES = [
    (-1, 1, 1), (0, 1, 1), (1, 1, 1), (2, 1, 2), (3, 1, 3), (4, 2, 4), (5, 2, 5), (6, 3, 5), (7, 3, 5), (8, 4, 5),
    (9, 4, 5), (10, 5, 5), (40, 5, 5),
]  # fmt: skip
TIR, TEMPORAL = {age: tir for age, tir, _ in AGES}, {age: temporal for age, _, temporal in AGES}
PRECISION = {"measured": 2, "published": 3, "derived": 3, "estimate": 4}
ORDER = ["measured", "published", "derived", "estimate"]


@dataclass(frozen=True)
class Fact:
    """What a row of the tables says of its figure."""

    status: str = "measured"
    reliability: int = 1
    technology: int = 1
    place: tuple[str, str, int] = PLACES[0]
    age: int = 0

    @property
    def marks(self) -> int:
        row = {"status": self.status, "pedigree": f"{self.reliability};1;1;1;{self.technology}",
               "geography": self.place[0], "year": str(YEAR - self.age)}  # fmt: skip
        return row_marks(row, {"location": self.place[1]}, YEAR, False)

    @property
    def ratings(self) -> dict[str, int]:
        """Of one figure that is an average of others' plants, not the supplier's own."""
        guess = self.status == "estimate" and self.reliability == 5
        return {
            "ter": self.technology, "gr": self.place[2], "tir": TIR[self.age],
            "p": 5 if guess else PRECISION[self.status], "technologicalDQR": max(3, self.technology),
            "geographicalDQR": 1 + self.place[2], "temporalDQR": TEMPORAL[self.age], "status": ORDER.index(self.status),
        }  # fmt: skip


facts = st.builds(
    Fact, st.sampled_from(ORDER), st.integers(1, 5), st.integers(1, 5), st.sampled_from(PLACES),
    st.sampled_from([age for age, *_ in AGES]),
)  # fmt: skip


@dataclass(frozen=True)
class Chains:
    """An acyclic system: what a unit of each product needs of earlier ones, and emits, each with its fact."""

    needs: list[dict[int, tuple[float, Fact]]]
    emits: list[dict[int, tuple[float, Fact]]]
    runs: list[float]
    treatments: list[bool]

    def paths(self, product: int) -> Iterator[tuple[float, list[Fact]]]:
        """Every way from a unit of a product to an emission: its part of the score, and the facts it passes."""
        for flow, (amount, fact) in self.emits[product].items():
            yield amount * (1, CH4)[flow], [fact]
        for i, (amount, fact) in self.needs[product].items():
            for value, passed in self.paths(i):
                yield amount * value, [fact, *passed]

    @property
    def system(self) -> system.System:
        n = len(self.runs)
        A, B = (
            np.diag([run * (-1 if t else 1) for run, t in zip(self.runs, self.treatments, strict=True)]),
            np.zeros((2, n)),
        )
        marks_A, marks_B = np.zeros((n, n), dtype=int), np.zeros((2, n), dtype=int)
        for j, run in enumerate(self.runs):
            for i, (amount, fact) in self.needs[j].items():
                A[i, j] = amount * run if self.treatments[i] else -amount * run
                marks_A[i, j] = fact.marks
            for flow, (amount, fact) in self.emits[j].items():
                B[flow, j], marks_B[flow, j] = amount * run, fact.marks
        marked = {name: (A * ((marks_A & bit) > 0), B * ((marks_B & bit) > 0)) for name, bit in BIT.items()}
        return system_of(A, B, [[1.0], [CH4]], marked=marked)


@st.composite
def chains(draw: st.DrawFn) -> Chains:
    n, amounts = draw(st.integers(1, 5)), st.tuples(st.floats(0.01, 3), facts)
    needs = [draw(st.dictionaries(st.integers(0, j - 1), amounts)) if j else {} for j in range(n)]
    emits = [{0: draw(amounts), **draw(st.dictionaries(st.just(1), amounts))} for _ in range(n)]
    runs = draw(st.lists(st.floats(0.1, 50), min_size=n, max_size=n))
    return Chains(needs, emits, runs, draw(st.lists(st.booleans(), min_size=n, max_size=n)))


def parts_of(made: system.System) -> tuple[np.ndarray, np.ndarray]:
    scores = system.score_vectors(made.A, made.B, made.C)
    return system.marked_parts(made, scores), scores[:, 0]


# -- along chains


@settings(max_examples=25, deadline=None)
@given(chains())
def test_ratings_are_means_over_paths_of_the_worst_on_each(made: Chains) -> None:
    parts, scores = parts_of(made.system)
    for product in range(len(made.runs)):
        paths = list(made.paths(product))
        total = sum(value for value, _ in paths)
        worst = [(value, {k: max(f.ratings[k] for f in passed) for k in Fact().ratings}) for value, passed in paths]
        mean = {k: sum(value * found[k] for value, found in worst) / total for k in Fact().ratings}
        found = rating(parts[product], scores[product])
        assert found is not None
        shown = found["pef"] | found["pact"]
        assert {k: shown[k] for k in mean if k != "status"} == near(
            {k: mean[k] for k in mean if k != "status"}, rel=1e-9
        )
        by_status = {s: sum(v for v, w in worst if w["status"] == i) / total for i, s in enumerate(ORDER)}
        shares = status_shares(parts[product], scores[product])
        assert shares == near(by_status, rel=1e-9, abs=1e-9)
        assert sum(shares.values()) == near(1, rel=1e-12)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 3), st.booleans(), st.integers(0, 2**32))
@example(seed=3, permuted=True, draw=11377)  # products in another order, and a pivot that cancels
def test_what_does_not_pass_is_the_score_without_the_marked_entries(seed: int, permuted: bool, draw: int) -> None:
    # Also with loops: the paths that avoid every marked entry are those of the system that lacks these entries.
    made, rng = background(seed, permuted=permuted), np.random.default_rng(draw)
    production = np.zeros(made.A.shape, dtype=bool)
    production[np.arange(len(made.A)), made.release.producer] = True
    E_A = np.where((rng.random(made.A.shape) < 0.3) & ~production, made.A, 0.0)
    E_B = np.where(rng.random(made.B.shape) < 0.3, made.B, 0.0)
    left = np.linalg.solve((made.A - E_A).T, (made.B - E_B).T @ made.C[:, 0])
    scores = np.linalg.solve(made.A.T, made.B.T @ made.C)
    found = system.part_through(system_of(made.A, made.B, made.C), scores, csc_matrix(E_A), csc_matrix(E_B))
    assert found == near(scores[:, 0] - left, rel=1e-9, abs=1e-9 * np.abs(scores[:, 0]).max())


def test_a_loop_counts_what_comes_around_again() -> None:
    # Power needs 0.5 of itself and emits 1: score 1/(1 − 0.5) = 2. If its own use is guessed, all passes through the
    # guess but the first 1; if the emission is, everything does.
    marked = {"estimate": ([[-0.5]], [[0.0]]), "derived": ([[0.0]], [[1.0]])}
    parts, scores = parts_of(system_of([[0.5]], [[1.0]], [[1.0]], marked=marked))
    assert scores == near([2])
    assert parts[0, [MARKS.index("estimate"), MARKS.index("derived")]] == near([1, 2])


# -- scales


@pytest.mark.parametrize(("figure", "wanted", "expected"), PLACES)
def test_geography_by_the_words_of_pef(figure: str, wanted: str, expected: int) -> None:
    assert geography(figure, wanted) == expected


@pytest.mark.parametrize(("age", "tir", "temporal"), AGES)
def test_age_by_the_words_of_pef_and_pact(age: int, tir: int, temporal: int) -> None:
    found = of_marks(aged(age))
    assert (found["pef"]["tir"], found["pact"]["temporalDQR"]) == (tir, temporal)


def of_marks(marks: int, **other: float) -> dict[str, Any]:
    """The rating of a score of 2 that carries these marks as a whole."""
    found = rating([2.0 if marks & bit else 0.0 for bit in BIT.values()], 2.0, **other)
    assert found is not None
    return found


def test_a_measured_figure_of_today_of_an_average_plant() -> None:
    found = of_marks(Fact().marks)
    assert found["pef"] == {"ter": 1, "gr": 1, "tir": 1, "p": 2, "dqr": 1.25}
    # Average of equivalent technology 3, country 2, at most a year 1: mean 2, which is no longer "very good".
    assert found["pact"] == {"technologicalDQR": 3, "geographicalDQR": 2, "temporalDQR": 1, "label": "good"}


def test_the_worst_that_can_be_said_of_a_figure() -> None:
    found = of_marks(Fact("estimate", 5, 5, ("IN", "CN", 4), 40).marks)
    assert found["pef"] == {"ter": 5, "gr": 4, "tir": 5, "p": 5, "dqr": 4.75}
    assert found["pact"] == {"technologicalDQR": 5, "geographicalDQR": 5, "temporalDQR": 5, "label": "poor"}


@pytest.mark.parametrize(
    ("mean", "label"),
    [(1, "excellent"), (1.49, "excellent"), (1.5, "very_good"), (1.99, "very_good"), (2, "good"), (2.99, "good"),
     (3, "fair"), (3.99, "fair"), (4, "poor"), (5, "poor")],
)  # fmt: skip
def test_labels_of_pact(mean: float, label: str) -> None:
    assert pact_label(mean) == label


def test_nothing_is_said_of_a_score_of_zero() -> None:
    nothing = np.zeros(len(MARKS))
    assert rating(nothing, 0.0) is None
    assert status_shares(nothing, 0.0) is None


# -- tables


def changed(folder: Path, file: str, match: Json, **values: str) -> None:
    rows = read_csv(folder / "mill" / file)
    write_csv(folder / "mill" / file, [row | values if match.items() <= row.items() else row for row in rows])


def estimate_share(folder: Path, code: str) -> float:
    made = system.system_of(read_tables(folder))
    parts, scores = parts_of(made)
    shares = status_shares(parts[list(made.codes).index(code)], scores[list(made.codes).index(code)])
    assert shares is not None
    return shares["estimate"]


@pytest.mark.parametrize(("made", "status", "share"), [("2", "estimate", 1), ("1", "estimate", 0), ("2", "derived", 0)])
def test_an_estimated_yield_makes_everything_per_unit_an_estimate(
    tmp_path: Path, made: str, status: str, share: float
) -> None:
    folder = write_tiny_tables(tmp_path)
    changed(folder, "processes.csv", {"code": "grain"}, production_amount=made, status=status)
    assert estimate_share(folder, "grain") == near(share)


def test_an_estimated_co_product_makes_the_share_of_each_an_estimate(tmp_path: Path) -> None:
    folder = write_tiny_tables(tmp_path)
    assert estimate_share(folder, "flour") == 0
    changed(folder, "exchanges.csv", {"kind": "coproduct"}, status="estimate")
    assert [estimate_share(folder, code) for code in ("flour", "bran", "grain")] == near([1, 1, 0])


# -- the embedded release


@cache
def embedded() -> Tables:
    return read_tables(data_folder("background_data"))


CRITERIA = [
    ["published", "derived", "estimate", "rough"], [f"technology_{k}" for k in (2, 3, 4, 5)],
    [f"geography_{k}" for k in (2, 3, 4, 5)], [name for name in MARKS if name.startswith("age_")],
]  # fmt: skip


@pytest.mark.parametrize("criterion", CRITERIA, ids=lambda names: names[0])
def test_parts_of_one_criterion_are_nested(release: Release, criterion: list[str]) -> None:
    score = release.scores[:, release.column_index[system.HEADLINE]]
    sign = np.where(release.production < 0, -1.0, 1.0)
    nested = np.column_stack([score, *(release.quality[:, MARKS.index(name)] for name in criterion)]) * sign[:, None]
    assert (np.diff(nested, axis=1) <= 1e-9 * nested[:, :1]).all()
    assert (nested >= -1e-9 * nested[:, :1]).all()


@pytest.mark.parametrize(
    ("mark", "carries"),
    [
        ("technology_4", lambda row: int(row["pedigree"].split(";")[4]) >= 4),
        ("age_10", lambda row: embedded().release["year"] - int(row["year"]) >= 10),
    ],
)
def test_parts_of_the_release_are_what_is_lost_without_the_marked_rows(
    release: Release, mark: str, carries: Callable[[Row], bool]
) -> None:
    left_rows = tuple(row for row in embedded().exchanges if row["kind"] == "coproduct" or not carries(row))
    made = system.system_of(replace(embedded(), exchanges=left_rows))
    score = release.scores[:, release.column_index[system.HEADLINE]]
    lost = score - system.score_vectors(made.A, made.B, made.C)[:, 0]
    assert np.abs(lost).max() > 1
    assert release.quality[:, MARKS.index(mark)] == near(lost, rel=1e-9, abs=1e-9)


# -- footprints

THIS_YEAR = {"start": "2026-01-01", "end": "2026-12-31"}
MALT = {"id": "malt", "amount": 15, "unit": "kg", "role": "malt", "transport": []}
SUPPLIED = {"value": 0.5, "unit": "kg CO2e/kg", "boundary": "cradle to gate", "gwp": "AR6", "year": 2026}


def line(name: str, document: Json, *, boundary: str = "cradle_to_gate") -> Json:
    """A line of the answer, in its first stage."""
    return next(entry for entry in body(footprint(document, boundary))["lines"] if entry["line"] == name)


def of_release(release: Release, code: str) -> Json:
    i = release.find(code)
    found = rating(release.quality[i], release.scores[i, release.column_index[system.HEADLINE]])
    assert found is not None
    return found


@pytest.mark.parametrize("name", sorted(worked()))
def test_quality_of_a_product_is_the_mean_of_its_lines_by_contribution(name: str) -> None:
    answer = body(footprint(worked()[name], None))
    quality, total = answer["data_quality"], answer["total"]["value"]
    counted = [entry for entry in answer["lines"] if entry["quality"]]
    for key in ("pef", "pact"):
        wanted = {k: v for k, v in quality["rating"][key].items() if k != "label"}
        mean = {k: sum(e["value"] * e["quality"][key][k] for e in counted) / total for k in wanted}
        assert wanted == near(mean, rel=1e-9)
    shares = {k: sum(e["value"] * e["status_shares"][k] for e in counted) / total for k in ORDER}
    assert quality["status_shares"] == near(shares, rel=1e-9, abs=1e-12)
    assert sum(shares.values()) == near(1, rel=1e-9)


def test_a_named_process_of_this_year_at_home_is_as_good_as_the_background(release: Release) -> None:
    named = MALT | {"process": "malt-pale-cn"}
    found, background_rating = (
        line("malt", tiny(named, period=THIS_YEAR))["quality"],
        of_release(release, "malt-pale-cn"),
    )
    assert found["pef"] == near(background_rating["pef"], rel=1e-9)
    assert {k: v for k, v in found["pact"].items() if k != "label"} == near(
        {k: v for k, v in background_rating["pact"].items() if k != "label"}, rel=1e-9
    )


def test_a_process_that_the_rule_chose_is_in_the_mix_at_best(release: Release) -> None:
    # Grid electricity of China is rated 1 by technology itself; the rule took it for "electricity", so 2.
    assert of_release(release, "electricity-cn")["pef"]["ter"] == near(1)
    assert line("power", tiny(period=THIS_YEAR))["quality"]["pef"]["ter"] == near(2)


@pytest.mark.parametrize(("origin", "gr", "geographical"), [("AU", 4, 5), ("GB-SCT", 4, 5)])
def test_an_origin_abroad_is_another_country_than_that_of_the_data(origin: str, gr: int, geographical: int) -> None:
    found = line("malt", tiny(MALT | {"origin": origin}))["quality"]
    assert (found["pef"]["gr"], found["pact"]["geographicalDQR"]) == (near(gr), near(geographical))
    assert line("malt", tiny(MALT))["quality"]["pef"]["gr"] < gr


def test_an_origin_counts_for_its_line_only() -> None:
    assert line("bottle", tiny(MALT | {"origin": "AU"}))["quality"] == line("bottle", tiny(MALT))["quality"]


def test_data_of_the_country_for_a_site_in_a_province() -> None:
    in_shandong = tiny(site={"country": "CN", "region": "CN-SD"})
    assert line("power", tiny())["quality"]["pef"]["gr"] == near(1)
    assert line("power", in_shandong)["quality"]["pef"]["gr"] == near(2)
    back = tiny(MALT | {"origin": "CN"}, site=in_shandong["site"])
    assert line("malt", back)["quality"] == line("malt", tiny(MALT))["quality"]


@pytest.mark.parametrize(
    ("period", "tir", "temporal"),
    [({}, 2, 5), ({"start": "2026-01-01", "end": "2026-12-31"}, 1, 2),
     ({"start": "2021-01-01", "end": "2021-12-31"}, 2, 5), ({"start": "2018-01-01", "end": "2018-12-31"}, 4, 5)],
)  # fmt: skip
def test_the_period_of_the_amounts_counts_and_none_counts_as_five_years(
    release: Release, period: Json, tir: int, temporal: int
) -> None:
    # The factor of grid electricity was published for 2024, two years before the release.
    assert of_release(release, "electricity-cn")["pact"]["temporalDQR"] == near(2)
    found = line("power", tiny(**({"period": period} if period else {})))["quality"]
    assert (found["pef"]["tir"], found["pact"]["temporalDQR"]) == (near(tir), near(temporal))


def test_an_amount_of_the_rule_is_not_dated_by_the_period() -> None:
    assert line("cooling", tiny(), boundary=GRAVE)["quality"]["pact"]["temporalDQR"] == near(2)


def test_a_supplier_footprint_is_own_data_of_today() -> None:
    found = line("malt", tiny(MALT | {"origin": "AU", "supplier_footprint": SUPPLIED}, period=THIS_YEAR))
    assert found["value"] == near(7.5)
    assert found["quality"]["pef"] == near({"ter": 1, "gr": 1, "tir": 1, "p": 3, "dqr": 1.5})
    pact = {"technologicalDQR": 1, "geographicalDQR": 1, "temporalDQR": 1, "label": "excellent"}
    assert found["quality"]["pact"] == pact


def test_a_verified_supplier_footprint_has_the_best_precision() -> None:
    verified = SUPPLIED | {"verification": "ISO 14064-3, reasonable assurance"}
    found = line("malt", tiny(MALT | {"supplier_footprint": verified}, period=THIS_YEAR))["quality"]
    assert found["pef"] == near({"ter": 1, "gr": 1, "tir": 1, "p": 1, "dqr": 1})


def test_verification_does_not_reach_the_freight_of_the_line() -> None:
    verified = SUPPLIED | {"verification": "audited", "value": 0}
    freight = [{"mode": "road", "distance": {"amount": 500, "unit": "km"}}]
    found = line("malt", tiny(MALT | {"supplier_footprint": verified, "transport": freight}, period=THIS_YEAR))
    assert found["value"] > 0
    assert found["quality"]["pef"]["p"] >= 3


@pytest.mark.parametrize(("year", "tir", "temporal"), [(2025, 1, 1), (2023, 1, 3), (2020, 3, 5), (2016, 5, 5)])
def test_a_supplier_footprint_is_as_old_as_its_own_year(year: int, tir: int, temporal: int) -> None:
    supplied = SUPPLIED | {"year": year}
    found = line("malt", tiny(MALT | {"supplier_footprint": supplied}, period=THIS_YEAR))["quality"]
    assert (found["pef"]["tir"], found["pact"]["temporalDQR"]) == (near(tir), near(temporal))


def test_a_supplier_footprint_counts_as_primary_by_the_share_that_it_states() -> None:
    # Malt alone is a supplier's figure of 7.5 kg; three tenths of it are the supplier's own data.
    wholly = body(footprint(tiny(MALT | {"supplier_footprint": SUPPLIED})))
    partly = body(footprint(tiny(MALT | {"supplier_footprint": SUPPLIED | {"primary_data_share": 0.3}})))
    total = wholly["total"]["value"]
    own = wholly["data_quality"]["primary_data_share"] * total - 7.5
    assert partly["total"]["value"] == total
    assert partly["data_quality"]["primary_data_share"] * total == near(own + 0.3 * 7.5)
    # PACT's technology: of the supplier's own data 1, of averages 3; geography 1 and 2 (SUPPLIED: from the origin named).
    [malt] = [e for e in partly["lines"] if e["line"] == "malt"]
    pact = malt["quality"]["pact"]
    assert (pact["technologicalDQR"], pact["geographicalDQR"]) == (near(0.3 * 1 + 0.7 * 3), near(0.3 * 1 + 0.7 * 2))


def test_ratings_that_a_supplier_states_stand_for_its_figure() -> None:
    stated = {"technologicalDQR": 1.5, "geographicalDQR": 2.5, "temporalDQR": 4}
    given = SUPPLIED | {"primary_data_share": 0.4, "dqi": stated}
    found = line("malt", tiny(MALT | {"supplier_footprint": given}, period=THIS_YEAR))["quality"]
    assert {name: found["pact"][name] for name in stated} == near(stated)
    assert found["pef"] == near({"ter": 1, "gr": 1, "tir": 1, "p": 3, "dqr": 1.5})  # PEF's are ours as before
    whole, plain = (
        body(footprint(tiny(MALT | {"supplier_footprint": s}, period=THIS_YEAR))) for s in (given, SUPPLIED)
    )
    moved = (stated["temporalDQR"] - 1) * 7.5 / plain["total"]["value"]
    before, after = (b["data_quality"]["rating"]["pact"]["temporalDQR"] for b in (plain, whole))
    assert after == near(before + moved)


def test_an_amount_on_an_estimated_default_is_an_estimate_until_it_is_given() -> None:
    # Cooling rests on the rule's guess of where beer is sold; the electricity is a published factor.
    guessed = line("cooling", tiny(period=THIS_YEAR), boundary=GRAVE)
    told = line("cooling", tiny(period=THIS_YEAR, parameters={"share_away": 1}), boundary=GRAVE)
    assert guessed["value"] == near(told["value"])
    assert guessed["status_shares"] == near({"measured": 0, "published": 0, "derived": 0, "estimate": 1})
    assert told["status_shares"] == near({"measured": 0, "published": 1, "derived": 0, "estimate": 0})
    assert (guessed["quality"]["pef"]["p"], told["quality"]["pef"]["p"]) == (near(4), near(3))


def test_purchases_are_counted_by_the_status_of_their_process() -> None:
    # Malt and two glasses, gas, power, water, waste water; statuses as their tables say.
    bought = ["malt-pale-cn", "container-glass-cullet-0-cn", "container-glass-cullet-80-cn", "electricity-cn",
              "natural-gas-burned-boiler-cn", "tap-water-cn", "wastewater-treatment-industrial-cn"]  # fmt: skip
    statuses = [embedded().process[code]["status"] for code in bought]
    assert body(footprint(tiny()))["data_quality"]["statuses_by_count"] == {s: statuses.count(s) for s in ORDER}

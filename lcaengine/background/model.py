"""From tables to matrices: allocation, units, signs.

The technosphere has products as rows and processes as columns: the diagonal holds production (−1 for a treatment), an
input is negative. Every product has one producer, of the same code. A process with co-products becomes one process per
product; burdens are shared by the allocation key, biogenic carbon by content (docs/background.md, rule 2).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from lcaengine import units
from lcaengine.background.quality import row_marks
from lcaengine.background.tables import Row, Tables

CO2_PER_CARBON = 44 / 12
CH4_PER_CARBON = 16 / 12


@dataclass
class Triplets:
    """A sparse matrix under construction; ``marks`` are those of `lcaengine.background.quality`, as bits."""

    rows: list[int] = field(default_factory=list)
    columns: list[int] = field(default_factory=list)
    values: list[float] = field(default_factory=list)
    marks: list[int] = field(default_factory=list)

    def add(self, row: int, column: int, value: float, marks: int = 0) -> None:
        self.rows.append(row)
        self.columns.append(column)
        self.values.append(value)
        self.marks.append(marks)


@dataclass(frozen=True)
class Model:
    """Products (= processes) and flows in order, technosphere and biosphere as triplets."""

    codes: tuple[str, ...]
    flows: tuple[str, ...]
    technosphere: Triplets
    biosphere: Triplets


Marker = Callable[[Row, Row, int, bool], int]


def build_model(tables: Tables, marker: Marker = row_marks) -> Model:
    """The matrices of checked tables (see `lcaengine.background.checks`), each entry with the marks of its row."""
    codes = tuple(sorted(tables.process))
    flows = tuple(row["key"] for row in tables.elementary_flows)
    model = Model(codes, flows, Triplets(), Triplets())
    at = {code: i for i, code in enumerate(codes)}
    flow_at = {key: i for i, key in enumerate(flows)}
    by_process = exchanges_by_process(tables)
    made_elsewhere = {e["target"] for e in tables.exchanges if e["kind"] == "coproduct"}
    for code in codes:
        if code not in made_elsewhere:
            _add_process(model, tables, at, flow_at, tables.process[code], by_process[code], marker)
    return model


def exchanges_by_process(tables: Tables) -> Mapping[str, list[Row]]:
    grouped: dict[str, list[Row]] = defaultdict(list)
    for row in tables.exchanges:
        grouped[row["process"]].append(row)
    return grouped


def yield_is_estimate(process: Row, exchanges: Iterable[Row]) -> bool:
    """Whether what one run makes is an estimate: then so is everything per unit of product.

    The output has no row of its own: in a process marked as estimate, an output other than one unit (a yield per
    hectare) counts as estimated, and so does a co-product row with that status (amounts and allocation keys).
    """
    odd = abs(process.number("production_amount")) != 1
    return (odd and process["status"] == "estimate") or any(
        row["kind"] == "coproduct" and row["status"] == "estimate" for row in exchanges
    )


def outputs(process: Row, exchanges: Iterable[Row], tables: Tables) -> dict[str, float]:
    """Amount of each product of one run, in the product's own unit."""
    made = {process["code"]: process.number("production_amount")}
    for row in exchanges:
        if row["kind"] == "coproduct":
            made[row["target"]] = in_target_unit(row, tables)
    return made


def shares(made: Mapping[str, float], tables: Tables) -> dict[str, float]:
    """Share of the burden of each product: amount × allocation key, over their sum."""
    if len(made) == 1:
        return dict.fromkeys(made, 1.0)
    weights = {code: amount * tables.process[code].number("allocation_key") for code, amount in made.items()}
    total = sum(weights.values())
    return {code: weight / total for code, weight in weights.items()}


def in_target_unit(row: Row, tables: Tables) -> float:
    """The amount of an exchange in the unit of the product or flow it points to."""
    target = tables.flow[row["target"]] if row["kind"] == "biosphere" else tables.process[row["target"]]
    return row.number("amount") * units.factor(row["unit"], target["unit"])


def carbon_content(code: str, tables: Tables) -> float:
    return tables.process[code].number("biogenic_carbon_kg")


def _add_process(
    model: Model,
    tables: Tables,
    at: Mapping[str, int],
    flow_at: Mapping[str, int],
    process: Row,
    exchanges: list[Row],
    marker: Marker,
) -> None:
    made, year = outputs(process, exchanges, tables), int(tables.release["year"])
    guessed = yield_is_estimate(process, exchanges)
    carbon_out = sum(amount * carbon_content(code, tables) for code, amount in made.items())
    for code, share in shares(made, tables).items():
        column = at[code]
        model.technosphere.add(column, column, made[code])
        for row in exchanges:
            amount = share * in_target_unit(row, tables) if share else 0.0
            marks = marker(row, process, year, guessed)
            if not amount or row["kind"] == "coproduct":
                continue
            if row["kind"] == "biosphere":
                model.biosphere.add(flow_at[row["target"]], column, amount, marks)
            else:
                sign = 1.0 if row["kind"] == "substitution" else -1.0
                model.technosphere.add(at[row["target"]], column, sign * amount, marks)
        correction = made[code] * carbon_content(code, tables) - share * carbon_out
        if len(made) > 1 and correction:
            model.biosphere.add(flow_at["co2_uptake"], column, CO2_PER_CARBON * correction)

"""Balances of a process: biogenic carbon, fossil carbon, mass, shares of an electricity mix.

Biogenic carbon balances without exception. Fossil carbon and mass balance too, or the process's note says why not, in a
sentence that begins with "Balance:". Not asked of published totals (their inputs are unknown), of processes without
material inputs (they take from nature, which is not inventoried) and of services (a product without mass); mass not of
plants, which grow from air and water.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from lcaengine.background.model import (
    CH4_PER_CARBON,
    CO2_PER_CARBON,
    exchanges_by_process,
    in_target_unit,
    outputs,
)
from lcaengine.background.tables import Row, Tables
from lcaengine.problems import Problem

BIOGENIC_TOLERANCE = 1e-3
FOSSIL_TOLERANCE = 0.05
LEAST_CARBON = 0.01  # kg per kg of product: traces in auxiliaries are not followed
MASS_BOUNDS = (0.98, 1.6)  # material in per product out; what is lost on the way is waste or stays unmodelled
MIX_TOLERANCE = 2e-3
REASON = "Balance:"
MIX, UTILITY = "electricity-mix", "utility"
BIOGENIC_FLOWS = {
    "co2_uptake": 1 / CO2_PER_CARBON, "co2_biogenic": -1 / CO2_PER_CARBON, "ch4_biogenic": -1 / CH4_PER_CARBON,
}  # fmt: skip
FOSSIL_FLOWS = {
    "co2_fossil": -1 / CO2_PER_CARBON, "co2_fossil_aircraft": -1 / CO2_PER_CARBON, "ch4_fossil": -1 / CH4_PER_CARBON,
}  # fmt: skip


def check_biogenic_carbon(tables: Tables) -> Iterator[Problem]:
    """Carbon in = carbon out for every process (docs/background.md, rule 2)."""
    for code, rows in exchanges_by_process(tables).items():
        process = tables.process[code]
        gap, throughput = _balance(process, rows, tables, "biogenic_carbon_kg", BIOGENIC_FLOWS)
        if abs(gap) > BIOGENIC_TOLERANCE * max(throughput, 1e-3):
            yield Problem("carbon_balance", process.at("code"), {"process": code, "gap": gap})


def check_fossil_carbon(tables: Tables) -> Iterator[Problem]:
    """Carbon of feedstocks and fuels is in the product or in the emissions, to five per cent, or the note says why not."""
    for code, rows in exchanges_by_process(tables).items():
        process = tables.process[code]
        if _exempt(process, rows):
            continue
        gap, throughput = _balance(process, rows, tables, "fossil_carbon_kg", FOSSIL_FLOWS)
        if abs(gap) > max(FOSSIL_TOLERANCE * throughput / 2, LEAST_CARBON * abs(_made(process, rows, tables))):
            yield Problem("fossil_carbon_balance", process.at("code"), {"process": code, "gap": gap})


def check_mass(tables: Tables) -> Iterator[Problem]:
    """Material inputs are as heavy as the products, and not much heavier, or the note says why not."""
    for code, rows in exchanges_by_process(tables).items():
        process = tables.process[code]
        if _exempt(process, rows) or process.number("production_amount") < 0:
            continue
        flows = [row for row in rows if row["kind"] == "technosphere" and _is_material(tables.process[row["target"]])]
        masses = [in_target_unit(row, tables) * tables.process[row["target"]].number("mass_kg") for row in flows]
        taken, handed_over = sum(m for m in masses if m > 0), -sum(m for m in masses if m < 0)
        made = _made(process, rows, tables) + handed_over
        grown = any(row["target"] == "co2_uptake" for row in rows)
        if taken and not grown and not MASS_BOUNDS[0] * made <= taken <= MASS_BOUNDS[1] * made:
            yield Problem("mass_balance", process.at("code"), {"process": code, "taken": taken, "made": made})


def check_mixes(tables: Tables) -> Iterator[Problem]:
    """The kinds of generation in an electricity mix, less the losses that its note states, sum to one."""
    for code, rows in exchanges_by_process(tables).items():
        process = tables.process[code]
        if MIX not in process["tags"].split(";"):
            continue
        loss = _stated_loss(process["note"])
        power = [r for r in rows if r["kind"] == "technosphere" and r["target"].startswith("electricity-")]
        bought = sum(in_target_unit(r, tables) for r in power if "transmission" not in r["target"])
        shares = bought / process.number("production_amount")
        if loss is None or not abs(shares - (1 + loss)) <= MIX_TOLERANCE * (1 + loss):  # nor is NaN a loss
            yield Problem("mix_sum", process.at("code"), {"process": code, "sum": shares, "loss": loss})


def _stated_loss(note: str) -> float | None:
    """The figure behind "Loss:" in a note."""
    words = note.partition("Loss:")[2].split()
    try:
        return float(words[0].rstrip(".;,")) if words else None
    except ValueError:
        return None


def _balance(
    process: Row, rows: Sequence[Row], tables: Tables, content: str, flows: dict[str, float]
) -> tuple[float, float]:
    """What comes in less what goes out, per run, and the sum of all terms regardless of sign; kg."""
    terms = [-amount * tables.process[code].number(content) for code, amount in outputs(process, rows, tables).items()]
    for row in rows:
        if row["kind"] == "technosphere":
            terms.append(in_target_unit(row, tables) * tables.process[row["target"]].number(content))
        elif row["kind"] == "biosphere":
            terms.append(in_target_unit(row, tables) * flows.get(row["target"], 0.0))
    return sum(terms), sum(abs(term) for term in terms)


def _made(process: Row, rows: Sequence[Row], tables: Tables) -> float:
    """kg of all products of one run."""
    return sum(amount * tables.process[c].number("mass_kg") for c, amount in outputs(process, rows, tables).items())


def _exempt(process: Row, rows: Sequence[Row]) -> bool:
    return (
        REASON in process["note"]
        or not process["mass_kg"]
        or any(row["target"] == "co2e_unspecified" for row in rows)
        or not any(row["kind"] == "technosphere" for row in rows)
    )


def _is_material(process: Row) -> bool:
    """Whether a product counts in a mass balance: neither a service nor water, steam, air or waste water."""
    waste_water = process["unit"] == "m3" and process.number("production_amount") < 0
    return bool(process["mass_kg"]) and not waste_water and UTILITY not in process["tags"].split(";")


CHECKS: tuple[Callable[[Tables], Iterator[Problem]], ...] = (
    check_biogenic_carbon, check_fossil_carbon, check_mass, check_mixes,
)  # fmt: skip

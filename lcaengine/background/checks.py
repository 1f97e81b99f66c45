"""What can be wrong with the background tables: small functions, one message each."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from itertools import chain

from lcaengine import formulas, units
from lcaengine.background import balances, plausible
from lcaengine.background.model import (
    exchanges_by_process,
    in_target_unit,
)
from lcaengine.background.tables import Row, Tables, table_files
from lcaengine.background.validation import PREFIX
from lcaengine.problems import Problem, Refused

STATUS_ORDER = ("measured", "published", "derived", "estimate")
FORMULA_TOLERANCE = 1e-3
HAN = re.compile("[一-鿿]")
NUMBERS = {
    "production_amount", "allocation_key", "mass_kg", "fossil_carbon_kg", "biogenic_carbon_kg", "amount", "factor",
    "basic_uncertainty", "value", "low", "high",
}  # fmt: skip
Check = Callable[[Tables], Iterator[Problem]]


def check_tables(tables: Tables) -> list[Problem]:
    """Every problem of the tables; columns first, then links, then units, since the later checks need them."""
    for stage in STAGES:
        if problems := [p for check in stage for p in check(tables)]:
            return problems
    return []


def check_schema(tables: Tables) -> Iterator[Problem]:
    """Frictionless: types, required fields, enumerations, patterns."""
    from frictionless import Resource, Schema, system

    with system.use_context(trusted=True):
        for path in table_files(tables.folder):
            schema = Schema.from_descriptor(str(tables.folder / "schema" / f"{path.stem}.yaml"))
            report = Resource(path=str(path), schema=schema, encoding="utf-8").validate()
            name = path.relative_to(tables.folder).as_posix()
            for row, label, note in report.flatten(["rowNumber", "fieldName", "message"]):
                where = f"{name}, line {row or 1}" + (f", column {label}" if label else "")
                yield Problem("table_schema", where, {"why": note})


def check_unique(tables: Tables) -> Iterator[Problem]:
    for rows, column in ((tables.processes, "code"), (tables.elementary_flows, "key")):
        seen: dict[str, Row] = {}
        for row in rows:
            if row[column] in seen:
                yield Problem("duplicate_key", row.at(column), {"key": row[column], "first": seen[row[column]].at()})
            seen.setdefault(row[column], row)


def check_finite(tables: Tables) -> Iterator[Problem]:
    """The schema lets NaN and INF pass as numbers."""
    numeric = (tables.processes, tables.exchanges, tables.characterization_factors, tables.comparisons, tables.ranges)
    for row in chain.from_iterable(numeric):
        for column in NUMBERS & row.keys():
            if not math.isfinite(row.number(column)):
                yield Problem("not_a_number", row.at(column), {"value": row[column]})


def check_links(tables: Tables) -> Iterator[Problem]:
    for row in tables.exchanges:
        if row["process"] not in tables.process:
            yield Problem("unlinked", row.at("process"), {"target": row["process"]})
        known = tables.flow if row["kind"] == "biosphere" else tables.process
        if row["target"] not in known:
            yield Problem("unlinked", row.at("target"), {"target": row["target"]})
    for row in tables.synonyms:
        if row["process"] not in tables.process:
            yield Problem("unlinked", row.at("process"), {"target": row["process"]})
    for row in tables.characterization_factors:
        if row["flow"] not in tables.flow:
            yield Problem("unlinked", row.at("flow"), {"target": row["flow"]})


def check_sources(tables: Tables) -> Iterator[Problem]:
    known: dict[str, Row] = {}
    for row in tables.sources:
        first = known.setdefault(row["id"], row)
        if dict(first) != dict(row):
            yield Problem("source_differs", row.at("id"), {"source": row["id"], "first": first.at()})
    for row in (*tables.exchanges, *tables.characterization_factors):
        if row["source"] not in known:
            yield Problem("unknown_source", row.at("source"), {"source": row["source"]})


def check_units(tables: Tables) -> Iterator[Problem]:
    for row in tables.exchanges:
        try:
            in_target_unit(row, tables)
        except Refused as error:
            for problem in error.problems:
                yield Problem(problem.code, row.at("unit"), problem.values)


def check_production(tables: Tables) -> Iterator[Problem]:
    for row in tables.processes:
        amount, treatment = row.number("production_amount"), "treatment" in row["tags"].split(";")
        if amount == 0 or (amount < 0) != treatment:
            yield Problem("production_amount", row.at("production_amount"), {"amount": amount})


def check_producers(tables: Tables) -> Iterator[Problem]:
    """A co-product has one producer and no exchanges of its own; its producer has allocation keys."""
    by_process, producer = exchanges_by_process(tables), {}
    for row in tables.exchanges:
        if row["kind"] != "coproduct":
            continue
        if row["target"] in producer or row["target"] in by_process:
            yield Problem("two_producers", row.at("target"), {"target": row["target"]})
        producer[row["target"]] = row["process"]
        keys = [tables.process[code]["allocation_key"] for code in (row["process"], row["target"])]
        if "" in keys:
            yield Problem("no_allocation_key", row.at("target"), {"target": row["target"]})
    for code, rows in by_process.items():
        keys = [tables.process[made]["allocation_key"] for made in (code, *_coproducts(rows))]
        if len(keys) > 1 and all(key and float(key) == 0 for key in keys):
            yield Problem("no_allocation_key", tables.process[code].at("allocation_key"), {"target": code})
    for code in tables.process:
        if code not in by_process and code not in producer and "burden-free" not in tables.process[code]["tags"]:
            yield Problem("empty_process", tables.process[code].at("code"), {"process": code})


def _coproducts(rows: list[Row]) -> list[str]:
    return [row["target"] for row in rows if row["kind"] == "coproduct"]


def check_formulas(tables: Tables) -> Iterator[Problem]:
    for row in tables.exchanges:
        if not row["formula"]:
            if row["status"] == "derived":
                yield Problem("formula_missing", row.at("formula"))
            continue
        try:
            value = formulas.evaluate(row["formula"], {})
        except Refused as error:
            yield Problem("bad_formula", row.at("formula"), error.problems[0].values)
            continue
        if not math.isclose(value, row.number("amount"), rel_tol=FORMULA_TOLERANCE):
            values = {"formula": row["formula"], "value": value, "amount": row.number("amount")}
            yield Problem("formula_differs", row.at("amount"), values)


def check_status(tables: Tables) -> Iterator[Problem]:
    """A process is never better than its worst exchange; an estimate says how it was reasoned."""
    for code, rows in exchanges_by_process(tables).items():
        worst = max((row["status"] for row in rows), key=STATUS_ORDER.index)
        if STATUS_ORDER.index(tables.process[code]["status"]) < STATUS_ORDER.index(worst):
            yield Problem("status_too_good", tables.process[code].at("status"), {"worst": worst})
        for row in rows:
            if row["status"] == "estimate" and not row["note"]:
                yield Problem("estimate_without_reason", row.at("note"))
            if row["source"] == "estimate" and row["status"] != "estimate":
                yield Problem("estimate_as_better", row.at("status"), {"status": row["status"]})


def check_indicators(tables: Tables) -> Iterator[Problem]:
    """The factors of a total are the sum of the factors of its parts, flow by flow."""
    factor: dict[tuple[str, str], float] = {}
    for row in tables.characterization_factors:
        factor[row["indicator"], row["flow"]] = row.number("factor")
    for indicator in tables.indicators:
        if not indicator["sum_of"]:
            continue
        for flow in tables.flow:
            parts = sum(factor.get((part, flow), 0.0) for part in indicator["sum_of"].split(";"))
            if not math.isclose(parts, factor.get((indicator["id"], flow), 0.0), rel_tol=1e-12):
                yield Problem("indicator_sum", indicator.at("sum_of"), {"flow": flow})


def check_synonyms(tables: Tables) -> Iterator[Problem]:
    seen: dict[tuple[str, str, str], Row] = {}
    for row in tables.synonyms:
        key = (row["process"], row["language"], row["name"].lower())
        if key in seen:
            yield Problem("duplicate_key", row.at("name"), {"key": row["name"], "first": seen[key].at()})
        seen.setdefault(key, row)


def check_names(tables: Tables) -> Iterator[Problem]:
    """Names are Chinese and English, and no two processes of one place bear the same."""
    seen: dict[tuple[str, str], Row] = {}
    for row in tables.processes:
        for column, chinese in (("name_zh", True), ("name_en", False)):
            if bool(HAN.search(row[column])) != chinese:
                yield Problem("name_language", row.at(column), {"name": row[column]})
            first = seen.setdefault((row[column].lower(), row["location"]), row)
            if first is not row:
                yield Problem("duplicate_key", row.at(column), {"key": row[column], "first": first.at()})


def check_duplicate_exchanges(tables: Tables) -> Iterator[Problem]:
    """No exchange is entered twice: same process, target, amount, locator and note."""
    seen: dict[tuple[str, ...], Row] = {}
    for row in tables.exchanges:
        key = tuple(row[c] for c in ("process", "kind", "target", "amount", "unit", "locator", "note"))
        first = seen.setdefault(key, row)
        if first is not row:
            yield Problem("duplicate_key", row.at(), {"key": " ".join(key[:4]), "first": first.at()})


def check_comparisons(tables: Tables) -> Iterator[Problem]:
    """A comparison is with a process of ours, in its dimension, from a known source."""
    sources = {row["id"] for row in tables.sources}
    for row in tables.comparisons:
        if row["process"] not in tables.process:
            yield Problem("unlinked", row.at("process"), {"target": row["process"]})
            continue
        if row["source"] not in sources:
            yield Problem("unknown_source", row.at("source"), {"source": row["source"]})
        if row.number("value") <= 0:
            yield Problem("not_a_number", row.at("value"), {"value": row["value"]})
        try:
            units.factor(tables.process[row["process"]]["unit"], row["unit"].removeprefix(PREFIX))
        except Refused as error:
            yield Problem(error.problems[0].code, row.at("unit"), error.problems[0].values)


def check_unit_names(tables: Tables) -> Iterator[Problem]:
    for row in tables.processes:
        try:
            units.unit(row["unit"])
        except Refused as error:
            yield Problem(error.problems[0].code, row.at("unit"), error.problems[0].values)


STAGES: tuple[tuple[Check, ...], ...] = (
    (check_schema,),
    (check_unique, check_links, check_unit_names, check_finite),
    (
        check_sources,
        check_units,
        check_production,
        check_producers,
        check_formulas,
        check_status,
        check_indicators,
    ),
    (check_synonyms, check_names, check_duplicate_exchanges, check_comparisons, *balances.CHECKS),
    (plausible.check_scores,),
)

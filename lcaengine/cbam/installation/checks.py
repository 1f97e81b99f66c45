"""What must hold across an installation document beyond its shape: references, shares, period, codes, categories."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from lcaengine.bom.reading import pointer
from lcaengine.cbam.installation.schema import NON_CBAM
from lcaengine.cbam.tables import Category, Good, good_of, goods_under, normal_cn, tables
from lcaengine.problems import Problem, Refused

Json = Mapping[str, Any]
DEFINITIVE = date(2026, 1, 1)
CHEMICAL = {"hydrogen", "ammonia", "nitric_acid", "urea", "mixed_fertilisers"}  # Annex III A.2.1
WASTE_GASES = {"blast_furnace_gas", "oxygen_steel_furnace_gas"}
PRIMARY, UNKNOWN_ROUTE = "primary_electrolytic_smelting", "unknown_production_routes"
PCF_FIELDS = ("supplier_footprint", "boundary", "gwp")


def category(identifier: str) -> Category:
    """An aggregated goods category; raises `KeyError` for none, which `document_problems` rules out."""
    return tables().categories[identifier]


def category_of_code(cn: str) -> str:
    """The category of a CN code of Annex I, which `document_problems` makes sure of."""
    found = _good(cn)
    assert found is not None
    return found.category


def categories_of_code(cn: str) -> set[str]:
    """The categories that goods of a code may have: granules of pig iron share theirs with other granules (7205 10 00)."""
    found = _good(cn)
    return {c for c in (found.category, found.also_category) if c} if found else set()


def document_problems(document: Json) -> Iterator[Problem]:
    """Every problem of a document that fits the schema."""
    yield from _period(document["period"])
    yield from _unique(document)
    yield from _processes(document)
    yield from _precursors(document)
    yield from _attributions(document)
    yield from _transfers(document)
    yield from _one_process_a_code(document)
    yield from _mandatory(document)
    yield from _electricity(document)


def _period(period: Json) -> Iterator[Problem]:
    start, end = date.fromisoformat(period["start"]), date.fromisoformat(period["end"])
    if end < start:
        yield Problem("period_order", "/period/end", {"start": period["start"], "end": period["end"]})
    elif (start, end) != (date(start.year, 1, 1), date(start.year, 12, 31)) and not period.get("reason"):
        yield Problem("cbam_period", "/period", {"start": period["start"], "end": period["end"]})


def _unique(document: Json) -> Iterator[Problem]:
    """Ids of what an attribution or a flow may name: one space of names."""
    seen: dict[str, str] = {}
    for section in ("processes", "heat", "precursors", "source_streams", "measured", "pfc", "co2_transfers"):
        for i, row in enumerate(document.get(section, [])):
            where = pointer(section, i, "id")
            if row["id"] == NON_CBAM or row["id"] in seen:
                yield Problem("duplicate_line_id", where, {"id": row["id"], "first": seen.get(row["id"], NON_CBAM)})
            seen.setdefault(row["id"], where)


def _ids(document: Json, section: str) -> set[str]:
    return {row["id"] for row in document.get(section, [])}


def _processes(document: Json) -> Iterator[Problem]:
    known = _ids(document, "processes")
    if not document["processes"]:
        yield Problem("required", "/processes", {"field": "processes"})
    for i, row in enumerate(document["processes"]):
        where = pointer("processes", i)
        if sum(part["amount"] for part in row["production"]) <= 0:
            yield Problem("zero", where + "/production", {"field": "production"})
        yield from _category(row["category"], where + "/category")
        for j, included in enumerate(row.get("includes", [])):
            yield from _category(included, pointer("processes", i, "includes", j))
        for j, part in enumerate(row.get("to_processes", [])):
            yield from _known(part["process"], known, pointer("processes", i, "to_processes", j, "process"))
        for j, good in enumerate(row.get("goods", [])):
            yield from _good_problems(good, row, pointer("processes", i, "goods", j))


def _category(identifier: str, where: str) -> Iterator[Problem]:
    if identifier not in tables().categories:
        yield Problem("cbam_category", where, {"category": identifier, "known": sorted(tables().categories)})
    elif identifier == "electricity":
        yield Problem("cbam_electricity_good", where, {})


def _known(identifier: str, known: set[str], where: str) -> Iterator[Problem]:
    if identifier not in known:
        yield Problem("cbam_reference", where, {"id": identifier, "known": sorted(known)})


def _good(cn: str) -> Good | None:
    """The good of Annex I behind a code; a heading whose goods are all of one category stands for them."""
    code = normal_cn(cn)
    if found := good_of(code, DEFINITIVE):
        return found
    below = goods_under(code, DEFINITIVE)
    return below[0] if below and len({g.category for g in below}) == 1 else None


def _code_problems(cn: str, where: str) -> Iterator[Problem]:
    """A code that is none, or no good of Annex I."""
    try:
        if _good(cn) is None:
            yield Problem("cbam_not_annex_i", where, {"code": cn})
    except Refused as refused:
        yield from (Problem(p.code, where, p.values) for p in refused.problems)


def _good_problems(good: Json, process: Json, where: str) -> Iterator[Problem]:
    wrong = list(_code_problems(good["cn_code"], where + "/cn_code"))
    yield from wrong
    if not wrong and len(normal_cn(good["cn_code"])) < 8:
        yield Problem("cbam_eight_digits", where + "/cn_code", {"code": good["cn_code"]})
    elif not wrong:
        of_code = categories_of_code(good["cn_code"])
        if process["category"] not in of_code:
            values = {"code": good["cn_code"], "of_code": sorted(of_code), "given": process["category"]}
            yield Problem("cbam_category_differs", where + "/cn_code", values)
    if "amount" in good and "unit" not in good:
        yield Problem("required", where + "/unit", {"field": "unit"})


def _precursors(document: Json) -> Iterator[Problem]:
    known = _ids(document, "processes")
    for i, row in enumerate(document.get("precursors", [])):
        where = pointer("precursors", i)
        if "country" not in row:
            yield Problem("cbam_origin", where + "/country", {"id": row["id"]})
        yield from _precursor_code(row, where)
        if offered := [name for name in PCF_FIELDS if name in row]:
            yield Problem("cbam_pcf_offered", f"{where}/{offered[0]}", {"id": row["id"]})
        if row["evidence"] == "actual" and "see_direct" not in row:
            yield Problem("required", where + "/see_direct", {"field": "see_direct"})
        if row["evidence"] == "actual" and not {"see_indirect", "electricity"} & set(row) and _counts_indirect(row):
            yield Problem("cbam_indirect_required", where + "/see_indirect", {"id": row["id"]})
        for j, part in enumerate(row["consumed"]):
            yield from _known(part["process"], known, pointer("precursors", i, "consumed", j, "process"))
        for key in ("period", "verification"):
            if key in row and row[key]["end"] < row[key]["start"]:
                yield Problem("period_order", f"{where}/{key}/end", {k: row[key][k] for k in ("start", "end")})


def _counts_indirect(row: Json) -> bool:
    """Whether a precursor's indirect emissions count: it is not a good of Annex II."""
    known = row.get("category")
    if known is None and "cn_code" in row and not list(_code_problems(row["cn_code"], "")):
        known = category_of_code(row["cn_code"])
    return known is not None and known in tables().categories and not category(known).annex_ii


def _precursor_code(row: Json, where: str) -> Iterator[Problem]:
    if "cn_code" not in row:
        if "category" not in row:
            yield Problem("required", where + "/cn_code", {"field": "cn_code"})
        else:
            yield from _category(row["category"], where + "/category")
        return
    wrong = list(_code_problems(row["cn_code"], where + "/cn_code"))
    yield from wrong
    if not wrong and "category" in row and row["category"] not in categories_of_code(row["cn_code"]):
        of_code = sorted(categories_of_code(row["cn_code"]))
        values = {"code": row["cn_code"], "of_code": of_code, "given": row["category"]}
        yield Problem("cbam_category_differs", where + "/category", values)


def _attributions(document: Json) -> Iterator[Problem]:
    """Shares of every source add to one; a process has attributed sources or its direct emissions, not both."""
    given = [row["id"] for row in document["processes"] if "direct_emissions" in row]
    if given and len(given) < len(document["processes"]):
        lacking = next(i for i, row in enumerate(document["processes"]) if "direct_emissions" not in row)
        yield Problem("cbam_direct_for_all", pointer("processes", lacking), {"given": given})
    processes = _ids(document, "processes")
    known = _ids(document, "heat") | {NON_CBAM} | (set() if given else processes)
    for section in ("source_streams", "measured", "pfc"):
        for i, row in enumerate(document.get(section, [])):
            where = pointer(section, i, "attribution")
            shares = row.get("attribution", {})
            if given and set(shares) & processes:
                yield Problem("cbam_direct_twice", where, {"processes": given})
            else:
                for key in shares:
                    yield from _known(key, known, where + pointer(key))
            whole = math.isclose(sum(shares.values()), 1.0, abs_tol=1e-6)
            if not whole and not (given and sum(shares.values()) < 1.0):
                yield Problem("cbam_attribution", where, {"id": row["id"], "sum": sum(shares.values())})


def _transfers(document: Json) -> Iterator[Problem]:
    """Where captured CO2 came from, how much of it is fossil, and how much of it is stored in fact (B.8.2)."""
    processes = _ids(document, "processes")
    sources = _ids(document, "source_streams") | _ids(document, "measured")
    for i, row in enumerate(document.get("co2_transfers", [])):
        where = pointer("co2_transfers", i)
        if "source" in row and row["direction"] == "out":
            yield from _known(row["source"], sources, where + "/source")
        elif "process" not in row:
            yield Problem("required", where + "/process", {"field": "process"})
        if "process" in row:
            yield from _known(row["process"], processes, where + "/process")
        if row["direction"] == "out":
            needed = ["stored_fraction", *([] if "source" in row else ["fossil_fraction"])]
            yield from (
                Problem("cbam_transfer_lacks", f"{where}/{key}", {"field": key}) for key in needed if key not in row
            )


def _one_process_a_code(document: Json) -> Iterator[Problem]:
    """Art. 4(6): one production process for a CN code, whatever its routes; the transitional examples knew no such rule."""
    if date.fromisoformat(document["period"]["start"]) < DEFINITIVE:
        return
    seen: dict[str, str] = {}
    for i, row in enumerate(document["processes"]):
        for j, good in enumerate(row.get("goods", [])):
            try:
                code = normal_cn(good["cn_code"])[:8]
            except Refused:
                continue
            where = pointer("processes", i, "goods", j, "cn_code")
            if seen.setdefault(code, row["id"]) != row["id"]:
                yield Problem("cbam_code_twice", where, {"code": good["cn_code"], "first": seen[code]})


def _mandatory(document: Json) -> Iterator[Problem]:
    """What must be monitored: N2O of nitric acid (B.6.1), PFC of primary aluminium (B.7), and what may never be."""
    n2o = any(row["gas"] == "N2O" for row in document.get("measured", []))
    for i, row in enumerate(document["processes"]):
        where = pointer("processes", i)
        if row["category"] == "nitric_acid" and not n2o:
            yield Problem("cbam_n2o_missing", where, {"process": row["id"]})
        routes = {part.get("route", "") for part in row["production"]}
        if (
            row["category"] == "unwrought_aluminium"
            and routes & {"", PRIMARY, UNKNOWN_ROUTE}
            and not document.get("pfc")
        ):
            yield Problem("cbam_pfc_missing", where, {"process": row["id"]})
        if row.get("co_products") and row["category"] not in CHEMICAL:
            yield Problem("cbam_co_products", where + "/co_products", {"category": row["category"]})
        if row["category"] == "nitric_acid":
            for j, flow in enumerate(row.get("heat", {}).get("exported", [])):
                if flow.get("emission_factor", {}).get("amount"):
                    yield Problem("cbam_reaction_heat", f"{where}/heat/exported/{j}/emission_factor", {})
    for i, row in enumerate(document.get("measured", [])):
        if row["gas"] == "N2O" and row.get("biomass_fraction"):
            yield Problem("cbam_n2o_biomass", pointer("measured", i, "biomass_fraction"), {})
    for i, row in enumerate(document.get("source_streams", [])):
        units = set(row.get("attribution", {})) & _ids(document, "heat")
        if row.get("standard_factor") in WASTE_GASES and units:
            yield Problem("cbam_waste_gas_fuel", pointer("source_streams", i, "attribution"), {"units": sorted(units)})


def _electricity(document: Json) -> Iterator[Problem]:
    """Power produced within a process counts by its own generation, never by the grid (Annex III A.3, Annex II D)."""
    for i, row in enumerate(document["processes"]):
        for j, flow in enumerate(row.get("electricity", {}).get("exported", [])):
            if flow.get("source", "own_generation") != "own_generation":
                where = pointer("processes", i, "electricity", "exported", j, "source")
                yield Problem("cbam_power_produced", where, {"source": flow["source"]})

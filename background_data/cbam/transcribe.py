"""Write the transcribed tables of this folder from what they were read in (README.md says what is what).

    python background_data/cbam/transcribe.py --opencbam FOLDER --corrected CSV --template-lists FOLDER --factors CSV [--out FOLDER]

``--opencbam`` is the folder ``opencbam/engine/data`` of the Python package opencbam 0.1.0; ``--corrected`` the Chinese default
values as corrected by IR (EU) 2026/1740; ``--template-lists`` holds ``cn_to_agc.csv`` of the Commission's communication template;
``--factors`` the standard factors of IR (EU) 2025/2547. The same input gives the same bytes. Tables entered by hand are read,
never written. The printed marked-up columns are not transcribed: the mark-up is computed, once, from the base value.
"""

from __future__ import annotations

import argparse
import csv
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
Row = dict[str, Any]

LEGAL = ("act", "annex", "state", "read_in")
GOODS = (
    "cn_code",
    "description",
    "sector",
    "category",
    "also_category",
    "gases",
    "ex",
    "valid_from",
    "valid_to",
    *LEGAL,
)
DEFAULTS = ("country", "cn_code", "description", "direct", "indirect", "total", "route", "sector", *LEGAL)
HIGHEST = ("cn_code", "description", "total", "route", "sector", *LEGAL)
BENCHMARKS = ("cn_code", "column", "group", "value", "route", "years", *LEGAL)
DOWNSTREAM = ("cn_code", "table", "ex", "description", "excludes", "proposed_from", *LEGAL)
DEFECTS = ("country", "cn_code", "description", "kind", *LEGAL)
FACTORS = (
    "id", "table", "kind", "name_zh", "name_en", "emission_factor", "emission_factor_unit", "ncv", "ncv_unit", "carbon_content",
    "note", *LEGAL,
)  # fmt: skip

OTHER = "Other Countries and Territories"
NO_VALUE = {"DASH", "NA", "", "-", "–", "—"}
SECTORS = {
    "Cement": "cement", "Fertilisers": "fertilisers", "Iron and steel": "iron_and_steel", "Aluminium": "aluminium",
    "Hydrogen": "hydrogen", "iron_steel": "iron_and_steel",
}  # fmt: skip
CATEGORIES = {
    "Cement": "cement", "Cement clinker": "cement_clinker", "Calcinated Clay": "calcined_clay",
    "Aluminous cement": "aluminous_cement", "Iron or steel products": "iron_or_steel_products", "Crude steel": "crude_steel",
    "Direct reduced iron": "direct_reduced_iron", "Pig Iron": "pig_iron", "FeMn": "alloys", "FeCr": "alloys", "FeNi": "alloys",
    "Sintered Ore": "sintered_ore", "Hydrogen": "hydrogen", "Ammonia": "ammonia", "Nitric Acid": "nitric_acid", "Urea": "urea",
    "Mixed fertilizers": "mixed_fertilisers", "Aluminium products": "aluminium_products",
    "Unwrought aluminium": "unwrought_aluminium", "Electricity": "electricity",
}  # fmt: skip
TEMPLATE = {
    "Calcined clays": "calcined_clay", "Alloys (FeMn, FeCr, FeNi)": "alloys", "Electricity (export to EU)": "electricity",
    "Nitric acid": "nitric_acid", "Mixed fertilisers": "mixed_fertilisers", "Pig iron": "pig_iron",
}  # fmt: skip
EX = {"25070080": "only calcined clay (TARIC 2507 00 80 80)"}
ALSO = {"72051000": "pig_iron"}  # granules of pig iron, IR 2025/2547 Annex I Table 1
YEARS = {None: "", "1": "2026-2027", "2": "2028-2030"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("opencbam", "corrected", "template-lists", "factors"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=HERE)
    given = parser.parse_args()
    names = (
        "cbam_goods_cn",
        "default_values_2621",
        "annex_iv_precursor_defaults_2621",
        "benchmarks_2620",
        "downstream_2028_proposal",
    )
    goods, base, highest, marks, proposal = (load(given.opencbam, name) for name in names)
    template = {row["cn"]: row["agc"].strip() for row in read(given.template_lists / "cn_to_agc.csv")}
    listed = list(goods_rows(goods["goods"], template, marks))
    rows = list(default_rows(base, read(given.corrected)))
    write_defaults(given.out, rows)
    for name, columns, part in (
        ("goods", GOODS, listed),
        ("highest", HIGHEST, highest_rows(highest)),
        ("benchmarks", BENCHMARKS, benchmark_rows(marks)),
        ("downstream", DOWNSTREAM, downstream_rows(proposal)),
        ("standard_factors", FACTORS, factor_rows(read(given.factors))),
        ("defects", DEFECTS, defect_rows(base, rows, marks, {row["cn_code"] for row in listed})),
    ):
        write(given.out / f"{name}.csv", columns, part)


# -- reading and writing


def load(folder: Path, name: str) -> Any:
    return json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))


def read(path: Path) -> list[Row]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def write(path: Path, columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def legal(act: str, annex: str, state: str, read_in: str) -> Row:
    return dict(zip(LEGAL, (act, annex, state, read_in), strict=True))


def digits(code: str) -> str:
    return re.sub(r"\D", "", code)


def number(text: str) -> str:
    """Three decimals, as the act prints them; empty for the kinds of dash."""
    return "" if text.strip() in NO_VALUE else f"{Decimal(text):.3f}"


def plain(text: str) -> str:
    return " ".join(text.split())


# -- goods


def goods_rows(goods: Iterable[Row], template: Mapping[str, str], marks: Iterable[Row]) -> Iterator[Row]:
    """The goods of Annex I; the gases are the category's, for the law and not the list decides.

    The codes that took the place of 3102 10 10 stand in the tables of values, not in the lists of goods: heading 3102 covers them.
    """
    if differing := template.keys() ^ {good["cn"] for good in goods}:
        raise SystemExit(f"in one list of goods only: {sorted(differing)}")
    categories = {row["category"]: row for row in read(HERE / "categories.csv")}
    for good in goods:
        category, label = CATEGORIES[good["category"]], template[good["cn"]]
        if TEMPLATE.get(label, label.lower().replace(" ", "_")) != category:
            raise SystemExit(f"{good['cn']}: {good['category']} in one list, {label} in the other")
        yield goods_row(good["cn"], good["description"], categories[category], "in force")
    texts = {digits(row["cn_code"]): row["description"] for row in marks}
    for row in read(HERE / "replaced_codes.csv"):
        yield goods_row(row["replaced_by"], texts[row["replaced_by"]], categories["urea"], "derived")


def goods_row(code: str, description: str, category: Row, state: str) -> Row:
    return {
        "cn_code": code, "description": plain(description), "sector": category["sector"], "category": category["category"],
        "also_category": ALSO.get(code, ""), "gases": category["gases"], "ex": EX.get(code, ""), "valid_from": "2026-01-01",
        "valid_to": "", **legal("2023/956", "I", state, "opencbam-0.1.0"),
    }  # fmt: skip


# -- default values


def default_rows(base: Iterable[Row], corrected: Iterable[Row]) -> Iterator[Row]:
    """Annex I before its correction, the Chinese rows in the corrected state in their place."""
    new = {digits(row["cn_or_heading"]): row for row in corrected}
    iso2 = {row["name_en"]: row["iso2"] for row in read(HERE / "countries.csv") if row["status"] == "listed"} | {
        OTHER: "other"
    }
    for row in base:
        country, code = iso2[row["country"]], digits(row["cn_code"])
        if country == "CN" and code in new:
            yield corrected_row(new.pop(code))
        else:
            yield before_correction(row, country, code)
    if new:
        raise SystemExit(f"no row before the correction: {sorted(new)}")


def before_correction(row: Row, country: str, code: str) -> Row:
    return {
        "country": country, "cn_code": code, "description": plain(row["description"]),
        **{name: number(row[name]) for name in ("direct", "indirect", "total")},
        "route": row["route"] or "", "sector": SECTORS[row["sector"]],
        **legal("2025/2621", "I", "pre-correction", "opencbam-0.1.0"),
    }  # fmt: skip


def corrected_row(row: Row) -> Row:
    return {
        "country": "CN", "cn_code": digits(row["cn_or_heading"]), "description": plain(row["description"]),
        **{name: number(row[f"{name}_tco2e_per_t"]) for name in ("direct", "indirect", "total")},
        "route": row["route_indicator"], "sector": SECTORS[row["sector"].replace("Steel", "steel")],
        **legal("2025/2621", "I", "corrected 2026/1740", "ddscully-2026"),
    }  # fmt: skip


def write_defaults(out: Path, rows: Sequence[Row]) -> None:
    """One file a sector; iron and steel in two, so that no file is above 1 MiB."""
    parts: dict[str, list[Row]] = {}
    for row in rows:
        name = row["sector"]
        if name == "iron_and_steel":
            name += "_73" if row["cn_code"].startswith("73") else "_26_72"
        parts.setdefault(name, []).append(row)
    for name, part in parts.items():
        write(out / "defaults" / f"{name}.csv", DEFAULTS, part)


def highest_rows(base: Iterable[Row]) -> Iterator[Row]:
    for row in base:
        yield {
            "cn_code": digits(row["cn_code"]), "description": plain(row["description"]), "total": number(row["highest"]),
            "route": row["route"] or "", "sector": SECTORS[row["sector"]],
            **legal("2025/2621", "IV", "pre-correction", "opencbam-0.1.0"),
        }  # fmt: skip


def defect_rows(base: Iterable[Row], rows: Sequence[Row], marks: Iterable[Row], listed: set[str]) -> Iterator[Row]:
    """Rows of the table of default values that cannot be used as they stand: kept there, named here.

    ``shifted``: no total, but numbers in the marked-up columns. ``same_key_twice``: country, code and route do not tell two rows
    apart. ``route_not_read``: no route, though every benchmark of column B below the code has one. ``not_in_annex_i``: no such good.
    """
    routed = {digits(mark["cn_code"]): all(value["route"] for value in mark["column_b"]) for mark in marks}
    count = Counter((row["country"], row["cn_code"], row["route"]) for row in rows)
    for printed, row in zip(base, rows, strict=True):
        below = [has_route for code, has_route in routed.items() if code.startswith(row["cn_code"])]
        kinds = {
            "shifted": not row["total"] and number(printed["markup_2026"]) != "",
            "same_key_twice": count[row["country"], row["cn_code"], row["route"]] > 1,
            "route_not_read": bool(row["total"]) and not row["route"] and bool(below) and all(below),
            "not_in_annex_i": not any(code.startswith(row["cn_code"]) for code in listed),
        }
        for kind in (name for name, found in kinds.items() if found):
            yield {name: row[name] for name in ("country", "cn_code", "description", *LEGAL)} | {"kind": kind}


# -- benchmarks, the proposal, standard factors


def benchmark_rows(marks: Iterable[Row]) -> Iterator[Row]:
    for mark in marks:
        for column in "AB":
            for group, values in groups(mark, column):
                for value in values:
                    yield {
                        "cn_code": digits(mark["cn_code"]), "column": column, "group": group, "value": number(value["value"]),
                        "route": value["route"] or "", "years": YEARS[value["year"]],
                        **legal("2025/2620", "5.3", "in force", "opencbam-0.1.0"),
                    }  # fmt: skip


def groups(mark: Row, column: str) -> Iterator[tuple[str, list[Row]]]:
    name = f"column_{column.lower()}"
    yield "", mark[name]
    for group in mark["extra_groups"]:
        yield plain(group["label"]), group[name]


def downstream_rows(proposal: Row) -> Iterator[Row]:
    for table in ("iron_steel_additions", "combined_metal_products", "annex_viii_precursors"):
        for row in proposal[table]:
            yield {
                "cn_code": row["cn"], "table": table, "ex": "yes" if row["ex"] else "no", "description": plain(row["description"]),
                "excludes": " ".join(row.get("excludes", [])), "proposed_from": proposal["meta"]["proposed_application"],
                **legal("COM(2025) 989", "VIII" if table == "annex_viii_precursors" else "I", "proposal", "opencbam-0.1.0"),
            }  # fmt: skip


KINDS = {
    "fuel": "fuel", "biomass fuel": "biomass_fuel", "carbonate, input based (method A)": "carbonate",
    "oxide, output based (method B)": "oxide", "process material (iron and steel)": "material", "global warming potential": "gwp",
    "PFC slope method: SEF_CF4": "sef_cf4", "PFC slope method: F_C2F6": "f_c2f6", "PFC slope method": "no_default",
    "PFC overvoltage method: OVC": "ovc", "PFC overvoltage method: F_C2F6": "f_c2f6",
}  # fmt: skip
TECHNOLOGIES = {
    "PFPB L": "旧式点式下料预焙槽", "PFPB M": "现代点式下料预焙槽", "CWPB": "中间下料预焙槽", "SWPB": "边部下料预焙槽",
    "VSS": "上插自焙槽", "HSS": "侧插自焙槽", "PFPB MW": "无全自动阳极效应干预的现代点式下料预焙槽",
}  # fmt: skip
PFC_NAMES = {"sef_cf4": "CF4 斜率系数", "f_c2f6": "C2F6 与 CF4 质量比", "ovc": "过电压系数", "no_default": "无默认值"}
UNITS = {
    "tCO2/TJ": "t CO2/TJ", "tCO2/t carbonate": "t CO2/t", "tCO2/t oxide": "t CO2/t", "tCO2/t": "t CO2/t", "tCO2e/t": "t CO2e/t",
    "tC2F6/tCF4": "t C2F6/t CF4",
}  # fmt: skip


def factor_rows(factors: Iterable[Row]) -> Iterator[Row]:
    names = {row["id"]: row["name_zh"] for row in read(HERE / "standard_factor_names.csv")}
    for row in factors:
        kind = KINDS[row["category"]]
        identifier, name_zh = pfc_name(row, kind) if row["table"].startswith("B.7") else plain_name(row, kind, names)
        yield {
            "id": identifier, "table": row["table"], "kind": kind, "name_zh": name_zh, "name_en": row["item"],
            "emission_factor": row["emission_factor"],
            "emission_factor_unit": UNITS.get(row["emission_factor_unit"], row["emission_factor_unit"]),
            "ncv": row["ncv_gj_per_t"], "ncv_unit": "GJ/t" if row["ncv_gj_per_t"] else "",
            "carbon_content": row["carbon_content_tc_per_t"], "note": row["note"],
            **legal("2025/2547", f"II {point(row['table'])}", "in force", "ir-2025-2547"),
        }  # fmt: skip


def point(table: str) -> str:
    return f"B.7 Table {table.split()[1]}" if table.startswith("B.7") else f"G Table {table}"


def plain_name(row: Row, kind: str, names: Mapping[str, str]) -> tuple[str, str]:
    """The item as an id; fuels keep the bare name, the same material of Table 5 is told apart."""
    item = re.sub(r"\s*\(.*?\)", "", row["item"])
    identifier = re.sub(r"[^a-z0-9]+", "_", item.lower()).strip("_")
    if kind == "gwp":
        identifier = f"gwp_{identifier}"
    elif kind == "material" and f"{identifier}_material" in names:
        identifier += "_material"
    return identifier, names[identifier]


def pfc_name(row: Row, kind: str) -> tuple[str, str]:
    technology = row["item"].rsplit("(", 1)[1].rstrip(")")
    method = "slope" if "slope" in row["category"] else "overvoltage"
    identifier = f"{kind}_{technology.lower().replace(' ', '_')}_{method}"
    return identifier, f"{TECHNOLOGIES[technology]}：{PFC_NAMES[kind]}"


if __name__ == "__main__":
    main()

"""From an installation document to an `Installation`: every problem named with its place, nothing guessed, nothing dropped."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from functools import cache
from typing import Any, TypeVar

from marshmallow import ValidationError

from lcaengine.bom.reading import json_document, pointer, schema_problems
from lcaengine.cbam.installation import checks
from lcaengine.cbam.installation.emissions import measured_tonnes, pfc_tonnes, stream_of
from lcaengine.cbam.installation.model import (
    EMPTY,
    Balance,
    Flow,
    Good,
    HeatUnit,
    Installation,
    Measured,
    Pfc,
    Precursor,
    Process,
    Span,
    Stream,
    Transfer,
    Verification,
)
from lcaengine.cbam.quantities import amount_in, factor_in, problem_at
from lcaengine.cbam.tables import reference_efficiency
from lcaengine.problems import Malformed, Problem, Refused
from lcaengine.units import same_dimension

Json = dict[str, Any]
T = TypeVar("T")


def read_installation(data: bytes) -> tuple[Json, Installation]:
    """The document behind JSON bytes, and the installation in it; raises `Refused` with every problem found."""
    document = json_document(data)
    return document, installation_of(document)


def installation_of(document: Any) -> Installation:
    """An installation from a parsed document; raises `Refused` with every problem found."""
    if not isinstance(document, dict):
        raise Malformed(Problem("not_an_object", ""))
    try:
        _schema().load(document)
    except ValidationError as error:
        raise Refused([_lawful(p) for p in schema_problems(error.messages, document)]) from None
    if problems := list(checks.document_problems(document)):
        raise Refused(problems)
    reader = _Reader(document)
    installation = reader.installation()
    if reader.problems:
        raise Refused(reader.problems)
    return installation


def _lawful(problem: Problem) -> Problem:
    """A negative amount is told with its article."""
    return Problem("cbam_negative", problem.where, problem.values) if problem.code == "negative" else problem


@cache
def _schema() -> Any:
    from lcaengine.cbam.installation.schema import DocumentSchema

    return DocumentSchema()


class _Reader:
    """Reads one document; what is wrong is collected, so that all of it can be said at once."""

    def __init__(self, document: Json) -> None:
        self.document = document
        self.problems: list[Problem] = []
        self.span = _span(document["period"])

    def installation(self) -> Installation:
        d = self.document
        rows = self._rows
        return Installation(
            about=d["installation"], period=self.span, reason=d["period"].get("reason", ""),
            verification=_verification(d.get("verification")),
            streams=tuple(self._stream(r, w) for w, r in rows("source_streams")),
            measured=tuple(self._measured(r, w) for w, r in rows("measured")),
            pfc=tuple(self._pfc(r, w) for w, r in rows("pfc")),
            transfers=tuple(self._transfer(r, w) for w, r in rows("co2_transfers")),
            heat=tuple(self._heat_unit(r, w) for w, r in rows("heat")),
            processes=tuple(self._process(r, w) for w, r in rows("processes")),
            precursors=tuple(self._precursor(r, w) for w, r in rows("precursors")),
            non_cbam=self._optional(d.get("non_cbam", {}).get("direct_emissions"), "t", "/non_cbam/direct_emissions"),
            balances={k: self._balance(k, v) for k, v in d.get("balances", {}).items()},
            sub_metering=d.get("sub_metering", False),
        )  # fmt: skip

    def _rows(self, key: str) -> Iterable[tuple[str, Json]]:
        return ((pointer(key, i), row) for i, row in enumerate(self.document.get(key, [])))

    # -- quantities

    def _amount(self, value: Mapping[str, Any], needed: str, where: str) -> float:
        """An amount; where tonnes are needed, pieces and the like are refused with the article."""
        try:
            return amount_in(value, needed)
        except Refused as refused:
            first = problem_at(refused, where)
            if needed == "t" and first.code == "wrong_dimension":
                first = Problem("cbam_tonnes_required", where + "/unit", {"unit": value["unit"]})
            self.problems.append(first)
            return 0.0

    def _optional(self, value: Mapping[str, Any] | None, needed: str, where: str) -> float | None:
        return None if value is None else self._amount(value, needed, where)

    def _some(self, row: Json, key: str, needed: str, where: str) -> float:
        """An amount that is zero unless it is given: what left a process by this way."""
        return self._optional(row.get(key), needed, f"{where}/{key}") or 0.0

    def _factor(self, row: Json, key: str, needed: str, where: str) -> float | None:
        if (value := row.get(key)) is None:
            return None
        try:
            return factor_in(value, needed)
        except Refused as refused:
            self.problems.append(problem_at(refused, f"{where}/{key}"))
            return None

    # -- emissions

    def _stream(self, row: Json, where: str) -> Stream:
        return self._guarded(lambda: stream_of(row, where), Stream(row["id"], "", row["method"], 1, 0.0, "t"))

    def _measured(self, row: Json, where: str) -> Measured:
        tonnes = self._guarded(lambda: measured_tonnes(row, where), 0.0)
        return Measured(
            row["id"], str(row.get("name", row["id"])), row["gas"], tonnes, row.get("biomass_fraction", 0.0),
            "zero_rating" in row, row.get("attribution", EMPTY), where,
        )  # fmt: skip

    def _pfc(self, row: Json, where: str) -> Pfc:
        cf4, c2f6 = self._guarded(lambda: pfc_tonnes(row, where), (0.0, 0.0))
        collected = row.get("collection_efficiency", 1.0)
        if not collected:
            self.problems.append(Problem("zero", where + "/collection_efficiency", {"field": "collection_efficiency"}))
        return Pfc(
            row["id"],
            str(row.get("name", row["id"])),
            cf4,
            c2f6,
            collected or 1.0,
            row.get("attribution", EMPTY),
            where,
        )

    def _guarded(self, make: Callable[[], T], otherwise: T) -> T:
        try:
            return make()
        except Refused as refused:
            self.problems.extend(refused.problems)
            return otherwise

    def _transfer(self, row: Json, where: str) -> Transfer:
        return Transfer(
            row["id"], row["direction"], self._amount(row, "t", where), row["purpose"], row["counterpart"], row["evidence"],
            row.get("source"), row.get("process"), row.get("fossil_fraction"), row.get("stored_fraction", 0.0),
            row.get("counted_at_origin", ""), where,
        )  # fmt: skip

    # -- energy

    def _heat_unit(self, row: Json, where: str) -> HeatUnit:
        return HeatUnit(
            id=row["id"], name=str(row.get("name", row["id"])), kind=row["kind"],
            produced=self._optional(row.get("produced"), "TJ", where + "/produced"),
            electricity=self._optional(row.get("electricity_produced"), "MWh", where + "/electricity_produced"),
            reference_heat=self._reference(row, "heat", where),
            reference_electricity=self._reference(row, "electricity", where),
            flue_gas_cleaning=self._some(row, "flue_gas_cleaning", "t", where),
            factor=self._factor(row, "emission_factor", "t/TJ", where),
            sold=self._some(row, "sold", "TJ", where), losses=self._some(row, "losses", "TJ", where),
            non_cbam=self._some(row, "non_cbam", "TJ", where),
            electricity_sold=self._some(row, "electricity_sold", "MWh", where),
            electricity_non_cbam=self._some(row, "electricity_non_cbam", "MWh", where), where=where,
        )  # fmt: skip

    def _reference(self, row: Json, product: str, where: str) -> float | None:
        """A CHP plant's reference efficiency: as entered, or of Annex III part C by fuel, year and medium."""
        if (given := row.get(f"reference_efficiency_{product}")) is not None or "reference_fuel" not in row:
            return given
        lacking = [key for key in ("built", *(["heat_medium"] if product == "heat" else [])) if key not in row]
        if lacking:
            self.problems.extend(Problem("required", f"{where}/{key}", {"field": key}) for key in lacking)
            return None
        medium = row["heat_medium"] if product == "heat" else product
        found = reference_efficiency(row["reference_fuel"], medium, row["built"])
        if found is None:
            values = {"fuel": row["reference_fuel"], "product": medium, "year": row["built"]}
            self.problems.append(Problem("cbam_no_reference", where + "/reference_fuel", values))
        return found

    def _flows(self, rows: list[Json], unit: str, other: str, where: str) -> tuple[Flow, ...]:
        found = []
        for i, row in enumerate(rows):
            place = f"{where}/{i}"
            found.append(
                Flow(
                    self._energy(row, unit, place), self._factor(row, "emission_factor", f"t/{unit}", place),
                    row.get(other), row.get("source"), row.get("evidence", ""), place,
                )
            )  # fmt: skip
        return tuple(found)

    def _energy(self, row: Json, unit: str, where: str) -> float:
        """TJ or MWh; a gas may be given by volume or mass with its net calorific value."""
        if "ncv" not in row:
            return self._amount(row, unit, where)
        basis = "t" if self._guarded(lambda: same_dimension(row["unit"], "t"), True) else "m3"
        return self._amount(row, basis, where) * (self._factor(row, "ncv", f"TJ/{basis}", where) or 0.0)

    def _balance(self, name: str, row: Json) -> Balance:
        unit = "MWh" if name == "electricity" else "TJ"
        where = pointer("balances", name)
        return Balance(**{key: self._amount(value, unit, f"{where}/{key}") for key, value in row.items()})

    # -- processes and precursors

    def _process(self, row: Json, where: str) -> Process:
        category = checks.category(row["category"])
        content = self._content(row, category.functional_unit, where)
        production: dict[str, float] = {}
        for i, part in enumerate(row["production"]):
            route = part.get("route", "")
            production[route] = production.get(route, 0.0) + self._amount(part, "t", f"{where}/production/{i}")
        heat, gas, power = (row.get(key, EMPTY) for key in ("heat", "waste_gas", "electricity"))
        goods = tuple(
            self._good(g, category.functional_unit, content, f"{where}/goods/{i}") for i, g in enumerate(row.get("goods", []))
        )  # fmt: skip
        self._goods_add_up(goods, sum(production.values()), where)
        return Process(
            id=row["id"], name=_local(row.get("name", row["id"])), category=row["category"],
            includes=tuple(row.get("includes", ())), production=production, content=content,
            goods=goods,
            direct=self._optional(row.get("direct_emissions"), "t", where + "/direct_emissions"),
            heat_in=self._flows(heat.get("imported", []), "TJ", "from", where + "/heat/imported"),
            heat_out=self._flows(heat.get("exported", []), "TJ", "to", where + "/heat/exported"),
            gas_in=self._flows(gas.get("imported", []), "TJ", "from", where + "/waste_gas/imported"),
            gas_out=self._flows(gas.get("exported", []), "TJ", "to", where + "/waste_gas/exported"),
            electricity=self._flows(power.get("consumed", []), "MWh", "from", where + "/electricity/consumed"),
            electricity_out=self._flows(power.get("exported", []), "MWh", "to", where + "/electricity/exported"),
            sources_evidence=power.get("sources_evidence", ""),
            **self._deliveries(row, production, where), molar_share=self._molar_share(row, production, where), where=where,
        )  # fmt: skip

    def _goods_add_up(self, goods: Sequence[Good], made: float, where: str) -> None:
        """Where every good has its amount, they are what the process made (Annex II F)."""
        amounts = [g.amount for g in goods if g.amount is not None]
        if goods and len(amounts) == len(goods) and abs(sum(amounts) - made) > 1e-3 * made:
            self.problems.append(Problem("cbam_mass_balance", where + "/goods", {"made": made, "gone": sum(amounts)}))

    def _deliveries(self, row: Json, production: Mapping[str, float], where: str) -> Json:
        """Where the production went; what is not said to have gone elsewhere went to market."""
        inside: dict[str, float] = {}
        for i, part in enumerate(row.get("to_processes", [])):
            amount = self._amount(part, "t", f"{where}/to_processes/{i}")
            inside[part["process"]] = inside.get(part["process"], 0.0) + amount
        other = self._some(row, "to_non_cbam", "t", where)
        made = sum(production.values())
        left = made - sum(inside.values()) - other
        market = self._optional(row.get("to_market"), "t", where + "/to_market")
        if abs(left - (left if market is None else market)) > 1e-6 * made or left < -1e-6 * made:
            values = {"made": made, "gone": made - left + (market or 0.0)}
            self.problems.append(Problem("cbam_mass_balance", where, values))
        return {"to_market": max(left, 0.0) if market is None else market, "to_processes": inside, "to_non_cbam": other}

    def _molar_share(self, row: Json, production: Mapping[str, float], where: str) -> float:
        """Equation (43): what of the emissions falls to the product, by amounts of substance."""
        if not row.get("co_products"):
            return 1.0
        if not row.get("molar_mass"):
            self.problems.append(Problem("required", where + "/molar_mass", {"field": "molar_mass"}))
            return 1.0
        own = sum(production.values()) / row["molar_mass"]
        others = 0.0
        for i, part in enumerate(row["co_products"]):
            if not part["molar_mass"]:
                self.problems.append(Problem("zero", f"{where}/co_products/{i}/molar_mass", {"field": "molar_mass"}))
                continue
            others += self._amount(part, "t", f"{where}/co_products/{i}") / part["molar_mass"]
        return own / (own + others) if own else 1.0

    def _content(self, row: Json, unit: str, where: str) -> float:
        """Functional units per tonne of goods (Art. 4): tonnes of clinker or kg of nitrogen contained."""
        key = {"t_clinker": "clinker_fraction", "kg_n": "nitrogen_fraction"}.get(unit)
        if key is None:
            return 1.0
        if row.get("category") == "cement_clinker" and key not in row:
            return 1.0
        if not row.get(key):
            self.problems.append(Problem("cbam_content_required", f"{where}/{key}", {"field": key}))
            return 1.0
        return float(row[key]) * (1000.0 if unit == "kg_n" else 1.0)

    def _good(self, row: Json, unit: str, content: float, where: str) -> Good:
        own = self._content(row, unit, where) if {"clinker_fraction", "nitrogen_fraction"} & set(row) else content
        amount = self._amount(row, "t", where) if "amount" in row else None
        return Good(
            row["cn_code"], str(row.get("name", row["cn_code"])), own, row.get("route"), amount,
            row.get("parameters", EMPTY), where,
        )  # fmt: skip

    def _precursor(self, row: Json, where: str) -> Precursor:
        category = row.get("category") or checks.category_of_code(row["cn_code"])
        per_tonne = row.get("see_per") == "tonne"
        unit = checks.category(category).functional_unit
        content = 1.0 if per_tonne else self._content({**row, "category": category}, unit, where)
        scale = content if unit != "kg_n" or per_tonne else content / 1000.0  # "t CO2e/t" per tonne of nitrogen
        consumed: dict[str, float] = {}
        for i, part in enumerate(row["consumed"]):
            amount = self._amount(part, "t", f"{where}/consumed/{i}")
            consumed[part["process"]] = consumed.get(part["process"], 0.0) + amount
        precursor = Precursor(
            id=row["id"], name=str(row.get("name", row["id"])), category=category, cn_code=row.get("cn_code"),
            country=row["country"], purchased=self._amount(row["purchased"], "t", where + "/purchased"), consumed=consumed,
            consumed_elsewhere=self._some(row, "consumed_elsewhere", "t", where), evidence=row["evidence"],
            direct=_times(self._factor(row, "see_direct", "t/t", where), scale),
            indirect=_times(self._indirect(row, where), scale),
            indirect_in_scope=_times(self._factor(row, "indirect_in_scope", "t/t", where), scale),
            default_share=row.get("default_share", 0.0), period=_span(row["period"]) if "period" in row else self.span,
            verification=_verification(row.get("verification")), route=row.get("route"), description=row.get("description"),
            subset_evidence=row.get("subset_evidence", ""), period_evidence=row.get("period_evidence", ""),
            free_allocation=_times(self._factor(row, "free_allocation", "t/t", where), scale),
            origin={k: row[k] for k in ("operator", "installation", "registry_id") if k in row}, where=where,
        )  # fmt: skip
        gone = sum(consumed.values()) + precursor.consumed_elsewhere
        if abs(gone - precursor.purchased) > 1e-6 * precursor.purchased:
            self.problems.append(Problem("cbam_mass_balance", where, {"made": precursor.purchased, "gone": gone}))
        return precursor

    def _indirect(self, row: Json, where: str) -> float | None:
        """Indirect SEE as given, or from electricity and its factor."""
        given = self._factor(row, "see_indirect", "t/t", where)
        if "electricity" not in row:
            return given
        if given is not None or "electricity_factor" not in row:
            code = "cbam_two_factors" if given is not None else "required"
            self.problems.append(Problem(code, where + "/electricity_factor", {"field": "electricity_factor"}))
            return given
        electricity = self._factor(row, "electricity", "MWh/t", where) or 0.0
        return electricity * (self._factor(row, "electricity_factor", "t/MWh", where) or 0.0)


def _times(value: float | None, factor: float) -> float | None:
    return None if value is None else value * factor


def _span(row: Mapping[str, str]) -> Span:
    return Span(date.fromisoformat(row["start"]), date.fromisoformat(row["end"]))


def _verification(row: Mapping[str, str] | None) -> Verification | None:
    if row is None:
        return None
    return Verification(row["verifier"], row["report"], _span(row), row.get("accreditation", ""))


def _local(name: Any) -> Mapping[str, str]:
    if isinstance(name, str):
        return {"zh": name, "en": name}
    first = next(iter(name.values()))
    return {"zh": name.get("zh", first), "en": name.get("en", first)}

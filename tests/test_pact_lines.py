"""A supplier's ProductFootprint as a line of a bill of materials: its figure, its units, and what is said of it."""

from __future__ import annotations

import copy
import uuid
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from boms import canned
from flask.testing import FlaskClient
from lcaengine.api import create_app

from lcaengine.background import Release
from lcaengine.pact.lines import line_warnings, resolved
from lcaengine.problems import Refused
from lcaengine.store import Page, Store, open_store
from lcaengine.store.pact_partners import Received, add_received, get_received, list_received

Json = dict[str, Any]
# Written by hand: 20 kg of malt in sacks, 18 kg CO2e, of which 40 % are the maltster's own data.
MALT: Json = {
    "id": "3893bb5d-da16-4dc1-9185-11d97476c254", "specVersion": "3.0.3", "created": "2026-02-01T10:00:00Z", "status": "Active",
    "companyName": "Maltster", "companyIds": ["urn:pact:maltster.example:company:1"], "productDescription": "Pale malt",
    "productIds": ["urn:gtin:4712345060507"], "productNameCompany": "Pale malt 20 kg",
    "pcf": {
        "declaredUnitOfMeasurement": "kilogram", "declaredUnitAmount": "20", "productMassPerDeclaredUnit": "20",
        "referencePeriodStart": "2025-01-01T00:00:00Z", "referencePeriodEnd": "2026-01-01T00:00:00Z", "geographyCountry": "AU",
        "pcfExcludingBiogenicUptake": "18", "pcfIncludingBiogenicUptake": "-11.333333333", "fossilGhgEmissions": "18", "fossilCarbonContent": "0",
        "biogenicCarbonContent": "8", "biogenicCO2Uptake": "-29.333333333", "ipccCharacterizationFactors": ["AR6"],
        "crossSectoralStandards": ["ISO14067"], "exemptedEmissionsPercent": "0", "primaryDataShare": "40",
        "dqi": {"technologicalDQR": "1.5", "geographicalDQR": "2", "temporalDQR": "1"},
        "verification": {"providerName": "Verifier Ltd", "coverage": "product level", "standardName": "ISO 14067"},
    },
}  # fmt: skip


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(f"sqlite:///{tmp_path / 'store.sqlite'}")
    yield opened
    opened.engine.dispose()


@pytest.fixture
def client(release: Release, store: Store) -> FlaskClient:
    return create_app(release, store).test_client()


def kept(store: Store, changes: Json | None = None, **pcf: Any) -> Received:
    """The malt with other figures (None: without), received as another footprint."""
    found = copy.deepcopy(MALT) | {"id": str(uuid.uuid4())} | (changes or {})
    found["pcf"] = {k: v for k, v in (found["pcf"] | pcf).items() if v is not None}
    return add_received(store, "local", "p", found)


def figure(store: Store, received: Received, **line: Any) -> Json:
    bill = canned({"/lines/0": {"id": "malt", "amount": 11, "unit": "kg", "role": "malt", **line, "supplier_footprint": {"pact": received.id}}})  # fmt: skip
    return dict(resolved(bill, store, "local")["lines"][0]["supplier_footprint"])


def test_every_figure_is_written_into_the_document(store: Store) -> None:
    received = kept(store)
    assert figure(store, received) == {
        "value": 0.9, "unit": "kg CO2e/kg", "boundary": "cradle_to_gate", "gwp": "AR6", "year": 2025, "pact": received.id,
        "biogenic_carbon": {"amount": 0.4, "unit": "kg/kg"}, "primary_data_share": 0.4,
        "dqi": {"technologicalDQR": 1.5, "geographicalDQR": 2, "temporalDQR": 1},
        "verification": "Verifier Ltd, product level, ISO 14067",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("pcf", "line", "value", "unit"),
    [
        ({}, {"unit": "t", "amount": 1}, 0.9, "kg CO2e/kg"),
        ({"declaredUnitOfMeasurement": "piece", "declaredUnitAmount": "1"}, {}, 0.9, "kg CO2e/kg"),  # a sack of 20 kg
        ({"declaredUnitOfMeasurement": "piece", "declaredUnitAmount": "1"}, {"unit": "piece", "amount": 1, "unit_mass": {"amount": 20, "unit": "kg"}}, 18, "kg CO2e/piece"),
        ({"declaredUnitOfMeasurement": "liter", "declaredUnitAmount": "25"}, {}, 0.9, "kg CO2e/kg"),
        ({"declaredUnitOfMeasurement": "liter", "declaredUnitAmount": "25"}, {"unit": "L"}, 0.72, "kg CO2e/L"),
        ({"declaredUnitOfMeasurement": "cubic meter", "declaredUnitAmount": "0.025"}, {"unit": "L"}, 720, "kg CO2e/m3"),
        ({}, {"unit": "piece", "unit_mass": {"amount": 20, "unit": "kg"}}, 0.9, "kg CO2e/kg"),
    ],
)  # fmt: skip
def test_units_meet_directly_or_by_mass(store: Store, pcf: Json, line: Json, value: float, unit: str) -> None:
    found = figure(store, kept(store, **pcf), **line)
    assert (found["value"], found["unit"]) == (pytest.approx(value, rel=1e-15), unit)


@pytest.mark.parametrize(
    ("pcf", "line", "code"),
    [
        ({"declaredUnitOfMeasurement": "piece", "declaredUnitAmount": "1", "productMassPerDeclaredUnit": "0"}, {}, "pact_line_unit"),
        ({}, {"unit": "L"}, "pact_line_unit"),
        ({}, {"unit": "spoon"}, "pact_line_unit"),
        ({"pcfExcludingBiogenicUptake": "-1"}, {}, "pact_negative"),
    ],
)  # fmt: skip
def test_what_does_not_meet_is_refused(store: Store, pcf: Json, line: Json, code: str) -> None:
    with pytest.raises(Refused) as refused:
        figure(store, kept(store, **pcf), **line)
    [problem] = refused.value.problems
    assert problem.code == code
    assert problem.where.startswith("/lines/0/supplier_footprint")


def test_what_is_not_stated_is_not_assumed(store: Store) -> None:
    found = figure(store, kept(store, primaryDataShare=None, dqi=None, biogenicCarbonContent=None, verification=None, ipccCharacterizationFactors=None))  # fmt: skip
    assert found["primary_data_share"] == 0
    assert found["gwp"] == "not stated"
    assert not {"dqi", "biogenic_carbon", "verification"} & set(found)


def codes(store: Store, received: Received, today: date = date(2026, 6, 1), **bill: Any) -> set[str]:
    line = {
        "id": "malt",
        "amount": 11,
        "unit": "kg",
        "role": "malt",
        **bill.pop("line", {}),
        "supplier_footprint": {"pact": received.id},
    }
    document = resolved(canned({"/lines/0": line, **bill}), store, "local")
    return {w["code"] for w in line_warnings(document, store, "local", today)}


def year(of: int) -> Json:
    return {"/period": {"start": f"{of}-01-01", "end": f"{of}-12-31"}}


def test_what_must_be_said_of_a_line(store: Store) -> None:
    good = kept(store)
    assert codes(store, good) == set()
    assert codes(store, good, **year(2028)) == set()
    assert codes(store, good, **year(2029)) == {"pact_expired"}  # valid for three years, to the end of 2028
    assert codes(store, good, date(2029, 6, 1)) == {"pact_expired"}  # a bill without a period is of today
    assert codes(store, kept(store, {"validityPeriodEnd": "2026-03-01T00:00:00Z"}), **year(2026)) == {"pact_expired"}
    assert codes(store, kept(store, {"status": "Deprecated"})) == {"pact_deprecated"}
    assert codes(store, kept(store, fossilGhgEmissions="15")) == {"pact_sum"}
    assert codes(store, good, line={"origin": "CN"}) == {"pact_other_place"}
    assert codes(store, good, line={"origin": "AU"}) == set()


def test_a_later_answer_of_the_partner_is_heard(store: Store) -> None:
    old = kept(store)
    assert codes(store, old) == set()
    add_received(store, "local", "p", {**old.document, "status": "Deprecated"})
    assert codes(store, old) == {"pact_deprecated"}
    assert get_received(store, "local", old.id).document["status"] == "Active"  # what came stays as it came


def test_the_same_content_is_the_same_record(store: Store) -> None:
    first = kept(store)
    assert add_received(store, "local", "p", first.document) == first
    assert add_received(store, "local", "q", first.document).id != first.id
    assert list_received(store, "local", Page(10)).number == 2


def test_a_bill_over_http_takes_the_figure_and_its_warnings(client: FlaskClient, store: Store) -> None:
    received = kept(store, ipccCharacterizationFactors=["AR5"], fossilGhgEmissions="15")
    line = {
        "id": "malt",
        "amount": 11,
        "unit": "kg",
        "role": "malt",
        "transport": [],
        "supplier_footprint": {"pact": received.id},
    }
    posted = client.post("/v1/footprints", json=canned({"/boundary": "cradle_to_gate", "/lines/0": line}))
    assert posted.status_code == 201, posted.get_data(as_text=True)
    answer = posted.get_json()
    [malt] = [e for e in answer["lines"] if e["line"] == "malt"]
    assert malt["value"] == pytest.approx(11 * 0.9, rel=1e-12)
    assert answer["data_quality"]["primary_data_share"] * answer["total"]["value"] == pytest.approx(0.4 * 11 * 0.9)
    assert {n: malt["quality"]["pact"][n] for n in MALT["pcf"]["dqi"]} == {
        "technologicalDQR": pytest.approx(1.5), "geographicalDQR": pytest.approx(2), "temporalDQR": pytest.approx(1),
    }  # fmt: skip
    said = {w["code"]: w for w in answer["warnings"]}
    assert {"supplier_gwp", "pact_sum"} <= set(said)
    assert set(said["pact_sum"]["message"]) == {"zh", "en"}
    # The stored document names every figure: it is posted again as it is, and refused where a figure was changed.
    document = {
        **canned({"/boundary": "cradle_to_gate"}),
        "lines": [{**line, "supplier_footprint": figure(store, received)}],
    }
    assert (
        client.post(
            "/v1/footprints", json={**document, "lines": [*document["lines"], canned()["lines"][1]]}
        ).status_code
        == 201
    )
    document["lines"][0]["supplier_footprint"]["value"] = 0.5
    changed = client.post("/v1/footprints", json=document)
    assert (changed.status_code, changed.get_json()["code"]) == (422, "pact_line_differs")
    assert changed.get_json()["errors"][0]["pointer"] == "/lines/0/supplier_footprint/value"


@pytest.mark.parametrize("identifier", ["nothing", "\0", "x" * 400])
def test_an_unknown_id_is_named_with_its_place(client: FlaskClient, identifier: str) -> None:
    bill = canned({"/lines/1/supplier_footprint": {"pact": identifier}})
    found = client.post("/v1/footprints", json=bill).get_json()
    assert (found["code"], found["errors"][0]["pointer"]) == ("pact_unknown_received", "/lines/1/supplier_footprint")


def test_of_another_organisation_nothing_is_used(store: Store) -> None:
    received = add_received(store, "other", "p", MALT)
    with pytest.raises(Refused) as refused:
        figure(store, received)
    assert [p.code for p in refused.value.problems] == ["pact_unknown_received"]


@pytest.mark.parametrize(
    "document", [None, [], {}, {"lines": 1}, {"lines": [1, {"supplier_footprint": 2}]}, {"shared": []}]
)
def test_what_is_no_bill_is_left_to_the_reader(store: Store, document: Any) -> None:
    assert resolved(document, store, "local") is document

"""Versions of a footprint, and that no record is changed or removed: not by the program, not in the database."""

from __future__ import annotations

import json
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from background_fixtures import PROJECT
from boms import canned, worked
from flask.testing import FlaskClient
from lcaengine.api import create_app
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from lcaengine.background import Release
from lcaengine.bom import bom_of
from lcaengine.footprint import body, calculate
from lcaengine.problems import NotFound, Refused
from lcaengine.rules import find_rule
from lcaengine.store import Record, Store
from lcaengine.store.audit import add_audit
from lcaengine.store.boms import add_bom
from lcaengine.store.evidence import Figure, add_evidence
from lcaengine.store.transaction import together
from lcaengine.store.versions import HasSuccessor, add_version, recalculated, successor_of, versions_of

Json = dict[str, Any]
PROTECTED = {
    "boms": "document", "footprints": "body", "cbam_records": "body", "statements": "document", "statement_events": "why", "evidence": "sha256",
    "evidence_contents": "data", "audit": "actor",
}  # fmt: skip


@pytest.fixture(scope="module")
def answer(release: Release) -> Json:
    return body(calculate(bom_of(canned()), find_rule("beer"), release))


@pytest.fixture
def client(store: Store, release: Release) -> FlaskClient:
    return create_app(release, store).test_client()


def codes(error: pytest.ExceptionInfo[Refused]) -> list[str]:
    return [p.code for p in error.value.problems]


# -- the next version


def test_a_recalculation_is_a_new_version_and_the_old_one_stays(store: Store, release: Release, answer: Json) -> None:
    older = {
        **answer,
        "background": {**answer["background"], "id": "0" * 64},
        "total": {**answer["total"], "value": 50.0},
    }
    first = store.add("a", canned(), older, impact_allowed=False)
    second = recalculated(store, "a", first.id, release)
    assert store.get("a", first.id) == first
    assert (second.version, second.previous, second.original) == (2, first.id, first.id)
    assert (second.document, second.impact_allowed) == (first.document, False)
    kept = json.loads(second.body)
    assert kept["total"] == answer["total"]
    changed, value = kept["changes"], answer["total"]["value"]
    assert (changed["rule"], changed["engine"], changed["document"]) == (None, None, [])
    assert changed["background"]["before"]["id"] == "0" * 64
    assert changed["background"]["after"] == {k: answer["background"][k] for k in ("name", "version", "id")}
    assert changed["total"] == {
        "before": 50.0, "after": value, "unit": answer["total"]["unit"], "comparable": True,
        "difference": pytest.approx(value - 50.0), "relative": pytest.approx(value / 50.0 - 1),
    }  # fmt: skip
    assert successor_of(store, "a", first) == second.id
    assert successor_of(store, "a", second) is None


def test_versions_are_in_order_from_any_of_them(store: Store, release: Release, answer: Json) -> None:
    made = [store.add("a", canned(), answer)]
    for _ in range(3):
        made.append(recalculated(store, "a", made[-1].id, release))
    store.add("a", canned(), answer)
    assert [r.version for r in made] == [1, 2, 3, 4]
    for record in made:
        assert versions_of(store, "a", record.id) == made
    with pytest.raises(NotFound):
        versions_of(store, "b", made[0].id)
    with pytest.raises(NotFound):
        recalculated(store, "b", made[-1].id, release)


def test_there_is_one_successor_which_the_refusal_names(store: Store, release: Release, answer: Json) -> None:
    first = store.add("a", canned(), answer)
    second = recalculated(store, "a", first.id, release)
    with pytest.raises(HasSuccessor) as error:
        recalculated(store, "a", first.id, release)
    assert (codes(error), error.value.problems[0].values["successor"]) == (["footprint_has_successor"], second.id)
    assert store.list("a").number == 2


@pytest.mark.parametrize("request_wide", [False, True])
def test_of_many_at_once_one_becomes_the_successor(store: Store, answer: Json, request_wide: bool) -> None:
    first = store.add("a", canned(), answer)

    def add(_: int) -> Record | None:
        try:
            if request_wide:
                with together(store.engine):
                    return add_version(store, "a", first, canned(), answer, True)
            return add_version(store, "a", first, canned(), answer, True)
        except HasSuccessor:
            return None
        except IntegrityError:  # a whole request is tried again
            assert request_wide
            return None

    with ThreadPoolExecutor(8) as pool:
        made = [record for record in pool.map(add, range(8)) if record]
    assert [r.id for r in made] == [r.id for r in versions_of(store, "a", first.id)[1:]]
    assert len(made) == 1


def test_what_changed_in_the_document_is_named(store: Store, release: Release, answer: Json) -> None:
    changed = canned()
    changed["lines"][0]["amount"] *= 2
    changed["lines"].append({**changed["lines"][1], "id": "another"})
    gone = changed["lines"].pop(1)["id"]
    changed["note"] = "corrected"
    result = body(calculate(bom_of(changed), find_rule("beer"), release))
    record = add_version(store, "a", store.add("a", canned(), answer), changed, result, True)
    assert json.loads(record.body)["changes"]["document"] == [
        {"section": "lines", "added": ["another"], "removed": [gone], "changed": [canned()["lines"][0]["id"]]},
        {"section": "note"},
    ]


@pytest.mark.parametrize(
    ("field", "value"), [("category", "tyres"), ("id", "other"), ("gtin", "06901234567892"), ("name", {"en": "Tea"})]
)
def test_another_product_is_not_a_version(store: Store, answer: Json, field: str, value: Any) -> None:
    product = {**answer["product"], "gtin": "06901234567891", "id": "mine"}
    if field == "name":  # which only counts where neither id nor GTIN does
        product = {k: v for k, v in product.items() if k not in {"gtin", "id"}}
    first = store.add("a", canned(), {**answer, "product": product})
    with pytest.raises(Refused) as error:
        add_version(store, "a", first, canned(), {**answer, "product": {**product, field: value}}, True)
    assert [(p.code, p.where) for p in error.value.problems] == [("version_of_another_product", f"/product/{field}")]
    assert successor_of(store, "a", first) is None


def test_totals_of_two_boundaries_have_no_difference(store: Store, answer: Json) -> None:
    first = store.add("a", canned(), answer)
    other = {**answer, "boundary": "cradle_to_gate" if "grave" in answer["boundary"] else "cradle_to_grave"}
    total = json.loads(add_version(store, "a", first, canned(), other, True).body)["changes"]["total"]
    assert (total["comparable"], total["difference"], total["relative"]) == (False, None, None)


def test_over_http(client: FlaskClient) -> None:
    first = client.post("/v1/footprints", data=worked("craft-one-way-glass.json"), content_type="application/json").json
    assert "successor" not in client.get(first["links"]["self"]).json["links"]
    again = client.post(first["links"]["self"] + "/recalculate")
    second = again.json
    assert (again.status_code, again.headers["Location"]) == (201, second["links"]["self"])
    assert (second["version"], second["previous"], second["total"]) == (2, first["id"], first["total"])
    assert second["changes"]["rule"] is second["changes"]["background"] is None
    linked = client.get(first["links"]["self"]).json
    assert linked.pop("links") == {**first["links"], "successor": second["links"]["self"]}
    assert linked == {k: v for k, v in first.items() if k != "links"}
    document = json.loads(worked("craft-one-way-glass.json"))
    document["lines"][0]["amount"] *= 1.1
    third = client.post(f"/v1/footprints?previous={second['id']}", json=document).json
    assert third["changes"]["document"] == [
        {"section": "lines", "added": [], "removed": [], "changed": [document["lines"][0]["id"]]}
    ]
    assert third["changes"]["total"]["difference"] == pytest.approx(third["total"]["value"] - first["total"]["value"])
    assert third["changes"]["total"]["difference"] > 0
    listed = client.get(second["links"]["versions"]).json
    assert [(i["id"], i["version"], i["previous"]) for i in listed["items"]] == [
        (first["id"], 1, None), (second["id"], 2, first["id"]), (third["id"], 3, second["id"]),
    ]  # fmt: skip
    assert [i["changes"] for i in listed["items"]] == [None, second["changes"], third["changes"]]
    refused = client.post(f"/v1/footprints?previous={first['id']}", json=document)
    assert (refused.status_code, refused.json["code"]) == (409, "footprint_has_successor")
    assert second["id"] in refused.json["detail"]


def test_what_is_not_there_makes_no_version(client: FlaskClient) -> None:
    first = client.post("/v1/footprints", json=canned()).json
    for path, status, code in (
        ("/v1/footprints/none/recalculate", 404, "unknown_footprint"),
        (f"/v1/footprints/{first['id']}/recalculate?rule=99.0.0", 404, "unknown_rule"),
        (f"/v1/footprints/{first['id']}/recalculate?rule=../1", 404, "unknown_rule"),
        (f"/v1/footprints/{first['id']}/recalculate?rule=%00", 404, "unknown_rule"),
        (f"/v1/footprints/{first['id']}/recalculate?background=" + "0" * 64, 404, "no_release"),
        (f"/v1/footprints/{first['id']}/recalculate?background=../..", 422, "bad_query"),
        ("/v1/footprints?previous=none", 404, "unknown_footprint"),
        ("/v1/footprints?previous=%00", 404, "unknown_footprint"),
        ("/v1/footprints?previous=" + "x" * 37, 422, "bad_query"),
    ):
        refused = client.post(path, json=canned())
        assert (path, refused.status_code, refused.json["code"]) == (path, status, code)
    assert client.get("/v1/footprints").json["count"] == 1


def test_a_rule_named_is_the_one_that_is_used(store: Store, release: Release, answer: Json) -> None:
    first = store.add("a", canned(), answer)
    second = recalculated(store, "a", first.id, release, rule_version="1.0.0")
    expected = body(calculate(bom_of(canned()), find_rule("beer", "1.0.0"), release))
    changed = json.loads(second.body)["changes"]
    assert (changed["rule"]["before"]["version"], changed["rule"]["after"]["version"]) == ("1.1.0", "1.0.0")
    assert changed["total"]["after"] == expected["total"]["value"] != answer["total"]["value"]


@pytest.mark.parametrize("state", ["draft", "review"])
def test_no_footprint_is_kept_under_a_draft(
    store: Store, release: Release, answer: Json, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, state: str
) -> None:
    text = (PROJECT / "product_rules/beer/1.1.0/rule.yaml").read_text(encoding="utf-8")
    rule = tmp_path / "beer" / "9.0.0" / "rule.yaml"
    rule.parent.mkdir(parents=True)
    rule.write_text(re.sub("(?m)^version: .*$", "version: 9.0.0", text), encoding="utf-8")
    entry = f'{{version: "9.0.0", state: {state}, date: "2026-11-28", who: w, why: y, sha256: "{"0" * 64}"}}'
    (tmp_path / "beer" / "history.yaml").write_text(f"- {entry}\n", encoding="utf-8")
    monkeypatch.setenv("LCAENGINE_RULES", str(tmp_path))
    first = store.add("a", canned(), answer)
    with pytest.raises(Refused) as error:
        recalculated(store, "a", first.id, release, rule_version="9.0.0")
    assert codes(error) == ["version_by_draft"]
    assert successor_of(store, "a", first) is None


# -- the database refuses too


@pytest.fixture
def full(store: Store, answer: Json) -> Store:
    """A row in every protected table, of two organisations."""
    for organisation in ("a", "b"):
        record = store.add(organisation, canned(), answer)
        add_bom(store, organisation, canned())
        store.add_cbam(organisation, "answers", {}, {})
        store.add_statement(organisation, f"statement-{organisation}", record.id, "{}")
        add_evidence(store, organisation, Figure("footprints", record.id), b"%PDF-1.4 invoice", "invoice.pdf", "Wang")
        add_audit(store, organisation, "wang", "postFootprint", f"/v1/footprints/{record.id}", 201)
    return store


def test_the_database_refuses_to_change_or_remove_records(full: Store) -> None:
    """By UPDATE, DELETE, TRUNCATE on PostgreSQL, INSERT OR REPLACE on SQLite."""
    replace = "INSERT OR REPLACE INTO {table} SELECT * FROM {table}"
    other = replace if full.engine.dialect.name == "sqlite" else "TRUNCATE {table}"
    for table, column in PROTECTED.items():
        with full.engine.begin() as connection:
            before = connection.exec_driver_sql(f"SELECT * FROM {table}").fetchall()
        for statement in ("UPDATE {table} SET {column} = {column}", "DELETE FROM {table}", other):
            with pytest.raises(IntegrityError, match=f"{table} is append-only"), full.engine.begin() as connection:
                connection.execute(text(statement.format(table=table, column=column)))
            with full.engine.begin() as connection:
                assert connection.exec_driver_sql(f"SELECT * FROM {table}").fetchall() == before
        assert len(before) == 2


def test_what_becomes_of_a_statement_is_still_recorded(full: Store) -> None:
    assert full.revoke_statement("a", "statement-a", "wrong").status == "revoked"

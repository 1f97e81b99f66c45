"""Bills of materials that are kept: as they were read, for their own organisation, and never changed."""

from __future__ import annotations

import csv
import io
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from boms import CANNED_CSV, canned, worked
from flask.testing import FlaskClient
from lcaengine.api import create_app
from people import Person
from sqlalchemy.exc import IntegrityError

from lcaengine.background import Release
from lcaengine.bom import read_document
from lcaengine.problems import NotFound
from lcaengine.sheets import CSV, XLSX
from lcaengine.store import Page, Store
from lcaengine.store.boms import add_bom, get_bom, list_boms, next_bom
from lcaengine.store.transaction import together
from lcaengine.store.versions import HasSuccessor

Json = dict[str, Any]


@pytest.fixture
def client(store: Store, release: Release) -> FlaskClient:
    return create_app(release, store).test_client()


def changed(**product: Any) -> Json:
    document = canned()
    document["product"] |= product
    return document


def test_it_is_kept_as_it_was_read(client: FlaskClient) -> None:
    answer = client.post("/v1/boms", json=canned())
    body = answer.json
    assert (answer.status_code, answer.headers["Location"]) == (201, body["links"]["self"])
    assert (body["document"], body["product"], body["category"]) == (canned(), canned()["product"], "beer")
    assert (body["version"], body["previous"]) == (1, None)
    again = client.get(body["links"]["self"])
    assert again.json == body
    assert client.get(body["links"]["self"], headers={"If-None-Match": again.headers["ETag"]}).status_code == 304
    assert client.get("/v1/footprints").json["count"] == 0  # nothing is calculated
    for method in ("PUT", "PATCH", "DELETE"):
        assert client.open(body["links"]["self"], method=method).status_code == 405


def test_a_table_is_kept_as_the_document_in_it(client: FlaskClient) -> None:
    kept = client.post("/v1/boms", data=CANNED_CSV.encode(), content_type=CSV).json
    assert kept["product"]["name"] == "罐装啤酒"
    assert kept["document"]["lines"] == canned()["lines"]


def test_its_workbook_can_be_changed_and_posted(client: FlaskClient) -> None:
    kept = client.post("/v1/boms", json=canned()).json
    book = client.get(kept["links"]["self"], headers={"Accept": XLSX})
    assert (book.status_code, book.mimetype) == (200, XLSX)
    posted = client.post(f"/v1/boms?previous={kept['id']}", data=book.data, content_type=XLSX)
    assert (posted.status_code, posted.json["version"], posted.json["document"]) == (201, 2, canned())
    assert client.get(kept["links"]["self"], headers={"Accept": CSV}).status_code == 406


def test_no_rule_is_needed_to_keep_one(client: FlaskClient) -> None:
    kept = client.post("/v1/boms", json=changed(category="umbrellas"))
    assert kept.status_code == 201
    own = kept.json["links"]["self"]
    for refused in (client.get(own, headers={"Accept": XLSX}), client.post(own + "/footprints")):
        assert (refused.status_code, refused.json["code"]) == (404, "unknown_rule")


def test_every_problem_is_named_and_nothing_kept(client: FlaskClient) -> None:
    wrong = canned()
    wrong["lines"][0]["unit"] = "kgg"
    wrong["lines"][1]["unit"] = "pieces of eight"
    refused = client.post("/v1/boms", json=wrong)
    assert refused.status_code == 422
    assert {error["pointer"] for error in refused.json["errors"]} == {"/lines/0/unit", "/lines/1/unit"}
    assert client.post("/v1/boms", data=b"{", content_type="application/json").status_code == 400
    assert client.post("/v1/boms", data=b"x", content_type="text/plain").status_code == 415
    assert client.get("/v1/boms").json["count"] == 0


def test_a_footprint_of_it_is_that_of_its_document(client: FlaskClient) -> None:
    direct = client.post("/v1/footprints", json=canned()).json
    kept = client.post("/v1/boms", json=canned()).json
    answer = client.post(kept["links"]["footprints"] + "?impact=no")
    assert (answer.status_code, answer.headers["Location"]) == (201, answer.json["links"]["self"])
    own = {"id", "created", "links"}
    assert {k: v for k, v in answer.json.items() if k not in own} == {k: v for k, v in direct.items() if k not in own}
    items = {item["id"]: item for item in client.get("/v1/footprints").json["items"]}
    assert [items[i]["impact_allowed"] for i in (direct["id"], answer.json["id"])] == [True, False]


def test_a_changed_one_is_the_next_version(client: FlaskClient) -> None:
    first = client.post("/v1/boms", json=canned()).json
    document = canned()
    document["lines"][0]["amount"] = 12
    second = client.post(f"/v1/boms?previous={first['id']}", json=document).json
    assert (second["version"], second["previous"], second["document"]) == (2, first["id"], document)
    linked = client.get(first["links"]["self"]).json
    assert linked.pop("links") == {**first["links"], "successor": second["links"]["self"]}
    assert linked == {k: v for k, v in first.items() if k != "links"}
    for previous, posted, status, code in (
        (first["id"], document, 409, "bom_has_successor"),
        (second["id"], changed(category="tyres"), 422, "version_of_another_product"),
        (second["id"], changed(id="another"), 422, "version_of_another_product"),
        ("none", document, 404, "unknown_bom"),
        ("%00", document, 422, "bad_query"),
    ):
        refused = client.post(f"/v1/boms?previous={previous}", json=posted)
        assert (refused.status_code, refused.json["code"]) == (status, code)
    assert client.get("/v1/boms").json["count"] == 2


@pytest.mark.parametrize("request_wide", [False, True])
def test_of_many_at_once_one_becomes_the_successor(store: Store, request_wide: bool) -> None:
    first = add_bom(store, "a", canned())

    def add(_: int) -> str | None:
        try:
            if request_wide:
                with together(store.engine):
                    return add_bom(store, "a", canned(), first).id
            return add_bom(store, "a", canned(), first).id
        except HasSuccessor:
            return None
        except IntegrityError:  # a whole request is tried again
            assert request_wide
            return None

    with ThreadPoolExecutor(8) as pool:
        made = [identifier for identifier in pool.map(add, range(8)) if identifier]
    assert made == [next_bom(store, "a", first)]
    assert list_boms(store, "a").number == 2


def test_the_list_goes_on_by_cursor_and_is_filtered(client: FlaskClient) -> None:
    for name, gtin in (("Tea 绿茶", "06901234567891"), ("Lager 拉格", None), ("Ale 艾尔", None)):
        document = changed(name=name, category="beer" if gtin is None else "tea", **({"gtin": gtin} if gtin else {}))
        assert client.post("/v1/boms", json=document).status_code == 201
    names, path = [], "/v1/boms?limit=2&sort=name"
    while path:
        page = client.get(path).json
        assert page["count"] == 3
        names += [item["product"]["name"] for item in page["items"]]
        path = page["next"]
    assert names == ["Ale 艾尔", "Lager 拉格", "Tea 绿茶"]
    for query, expected in (
        ("category=tea", 1), ("product=LAGER", 1), ("product=艾", 1), ("gtin=06901234567891", 1), ("gtin=1", 0),
        ("created_after=2020-01-01", 3), ("created_before=2020-01-01", 0),
    ):  # fmt: skip
        assert client.get(f"/v1/boms?{query}").json["count"] == expected, query
    table = client.get("/v1/boms?sort=name", headers={"Accept": CSV, "Accept-Language": "en"})
    rows = list(csv.DictReader(io.StringIO(table.data.decode("utf-8-sig"))))
    assert [(row["Product"], row["GTIN"]) for row in rows] == [
        (names[0], ""), (names[1], ""), (names[2], "06901234567891"),
    ]  # fmt: skip
    assert client.get("/v1/boms?hs_code=1").status_code == 422


def test_another_organisation_sees_none(store: Store) -> None:
    kept = add_bom(store, "a", canned())
    assert get_bom(store, "a", kept.id) == kept
    for organisation, identifier in (("b", kept.id), ("a", "none"), ("a", "\0")):
        with pytest.raises(NotFound):
            get_bom(store, organisation, identifier)
    assert next_bom(store, "b", kept) is None
    assert list_boms(store, "b", Page()).items == []


def test_a_worked_one_of_a_plant_is_kept_whole(client: FlaskClient) -> None:
    kept = client.post("/v1/boms", data=worked("craft-one-way-glass.json"), content_type="application/json")
    assert kept.json["document"] == read_document(worked("craft-one-way-glass.json"))[0]


def test_keeping_one_needs_the_scope_to_write(operator: Person) -> None:
    reader, writer = operator.key("footprints:read"), operator.key("footprints:read", "footprints:write")
    assert "footprints:write" in reader("POST", "/v1/boms", 403, json=canned())["detail"]
    kept = writer("POST", "/v1/boms", 201, json=canned())
    assert "footprints:write" in reader("POST", kept["links"]["footprints"], 403)["detail"]
    assert reader("GET", kept["links"]["self"], 200) == kept
    assert reader("POST", "/v1/boms/match", 200, json=canned())  # keeps nothing


def test_sent_again_with_its_key_it_is_kept_once(client: FlaskClient) -> None:
    answers = [
        client.post("/v1/boms", json=canned(), headers={"Idempotency-Key": "the-same-key"}).json["id"] for _ in range(2)
    ]
    assert answers[0] == answers[1]
    assert client.get("/v1/boms").json["count"] == 1

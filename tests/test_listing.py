"""Lists: their pages while records are added, their order and filters, and cursors that are refused."""

from __future__ import annotations

import base64
import json
from datetime import UTC, date, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import pytest
from lcaengine.api import create_app
from sqlalchemy import create_engine, text
from sqlalchemy.exc import IntegrityError

from lcaengine.background import Release
from lcaengine.problems import Refused
from lcaengine.store import Page, Store
from lcaengine.store.database import migrate

Json = dict[str, Any]


def body(total: float = 1.0, zh: str = "啤酒", en: str = "Beer", **product: str) -> Json:
    return {
        "product": {"category": "beer", "name": {"zh": zh, "en": en}, **product}, "total": {"value": total, "unit": "kg CO2e"},
        "rule": {"version": "1.1.0", "sha256": "x"}, "background": {"id": "y"}, "declared_unit": {}, "boundary": "",
    }  # fmt: skip


def kept(store: Store, *bodies: Json) -> list[str]:
    return [store.add("a", {}, each).id for each in bodies]


def walked(store: Store, page: Page) -> list[str]:
    found = store.list("a", page)
    ids = [r.id for r in found.items]
    return ids if found.after is None else ids + walked(store, Page(page.limit, page.sort, found.after, page.filters))


@pytest.mark.parametrize("sort", ["created", "-created", "total", "-total", "name", "-name"])
def test_pages_give_every_record_once_in_order(store: Store, sort: str) -> None:
    totals = [3.0, 1.0, 2.0, 2.0, 2.0, 5.0, 2.0]  # equal ones across the ends of pages
    made = kept(store, *(body(total, f"名{total}", f"Name {total}") for total in totals))
    store.add("b", {}, body())
    found = walked(store, Page(2, sort))
    assert sorted(found) == sorted(made)
    by_id = dict(zip(made, totals, strict=True))
    wanted = sorted(totals, reverse=sort.startswith("-"))
    if "created" in sort:
        assert found == (made if sort == "created" else made[::-1])
    else:
        assert [by_id[i] for i in found] == wanted


def test_a_record_that_is_added_meanwhile_repeats_and_hides_none(store: Store) -> None:
    made = kept(store, *(body(n) for n in range(5)))
    first = store.list("a", Page(2))
    new = kept(store, body(99))
    rest = walked(store, Page(2, after=first.after))
    assert [r.id for r in first.items] + rest == made[::-1]
    assert walked(store, Page(2))[0] == new[0]


def test_filters_of_footprints(store: Store) -> None:
    plain, special, cheap = kept(
        store, body(10.0), body(20.0, "冰箱_100%", "FRIDGE", gtin="6901234567892", hs_code="841821"), body(0.5, hs_code="220300")
    )  # fmt: skip

    def ids(**filters: Any) -> set[str]:
        return set(walked(store, Page(2, filters=filters)))

    assert ids(product="冰箱") == ids(product="fridge") == ids(product="_100%") == {special}
    assert ids(product="%") == {special}  # no wildcard
    assert ids(gtin="6901234567892") == ids(hs_code="8418") == {special}
    assert ids(hs_code="22", max_total=1.0) == {cheap}
    assert ids(min_total=10.0) == {plain, special}
    assert ids(category="beer", rule_version="1.1.0") == {plain, special, cheap}
    assert ids(category="tyre") == ids(product="' OR 1=1 --") == set()
    created = store.get("a", special).created
    assert ids(created_after=created) == {special, cheap}
    assert ids(created_before=created) == {plain}
    assert ids(created_after=date(2020, 1, 1), created_before=datetime.now(UTC).date() + timedelta(days=1)) == {
        plain, special, cheap,
    }  # fmt: skip
    assert store.list("a", Page(1, filters={"hs_code": "22"})).number == 1


def statement(customer: str, until: str) -> str:
    said = {"customer": {"name": customer}, "product": {"name": {"zh": "啤酒", "en": "Beer"}}, "valid_until": until}
    return json.dumps({"statement": said})


def test_filters_of_statements(store: Store) -> None:
    footprint = kept(store, body())[0]
    store.add_statement("a", "old", footprint, statement("Example GmbH", "2020-12-31"))
    store.add_statement("a", "new", footprint, statement("Import SARL", "2099-12-31"))
    store.add_statement("a", "gone", footprint, statement("Import SARL", "2099-12-31"))
    store.revoke_statement("a", "gone", "wrong")

    def ids(**filters: Any) -> set[str]:
        return {s.id for s in store.list_statements("a", Page(filters=filters)).items}

    today = datetime.now(UTC).date()
    assert ids(customer="import") == {"new", "gone"}
    assert ids(status="revoked") == {"gone"}
    assert ids(product="beer", footprint=footprint) == {"old", "new", "gone"}
    assert ids(valid_on=today) == {"new"}
    assert ids(valid_on=today - timedelta(days=1)) == set()  # not issued yet
    assert ids(valid_on=date(2099, 12, 31)) == {"new"}
    assert ids(valid_on=date(2100, 1, 1)) == set()
    dated = store.list_statements("a", Page(sort="valid_until"))
    assert dated.items[0].id == "old"


@pytest.mark.parametrize("mark", [("text", "x"), (1.5, "x"), (None, "x")])
def test_a_mark_of_another_order_is_refused(store: Store, mark: Any) -> None:
    kept(store, body())
    with pytest.raises(Refused, match="cursor"):
        store.list("a", Page(2, "-created", mark))


def test_columns_of_older_records_are_filled(url: str) -> None:
    url = url.replace("postgresql://", "postgresql+psycopg://").replace("deep/store", "store")
    engine = create_engine(url)
    migrate(engine, "0009")
    add = "INSERT INTO footprints (id, organisation_id, created, category, rule_version, rule_sha256, background_id, document, body)"
    with engine.begin() as connection:
        for number in range(250):  # more than are read at once
            values = {"id": f"{number:03}", "body": json.dumps(body(float(number), hs_code="220300"))}
            connection.execute(
                text(f"{add} VALUES (:id, 'a', '2025-01-01 00:00:00', 'beer', '1', 'x', 'y', '{{}}', :body)"), values
            )
    migrate(engine)
    store = Store(engine)
    found = store.list("a", Page(3, "-total", filters={"product": "beer", "hs_code": "2203", "max_total": 240.0}))
    assert (found.number, [r.id for r in found.items]) == (241, ["240", "239", "238"])
    with pytest.raises(IntegrityError), engine.begin() as connection:  # what is kept cannot be changed again
        connection.execute(text("UPDATE footprints SET total = 0"))
    engine.dispose()


# -- over HTTP


@pytest.fixture
def client(release: Release, store: Store) -> Any:
    return create_app(release, store).test_client()


def test_the_next_page_is_told_in_body_and_header(client: Any, store: Store) -> None:
    made = [store.add("local", {}, body(n, "啤酒 & 汽水", "Beer & soda")).id for n in (3.0, 1.0, 2.0)]
    first = client.get("/v1/footprints?limit=2&sort=total&product=%26&created_after=2020-01-01")
    following = first.get_json()["next"]
    assert first.headers["Link"] == f'<{following}>; rel="next"'
    assert {k: v for k, v in parse_qs(urlsplit(following).query).items() if k != "cursor"} == {
        "limit": ["2"], "sort": ["total"], "product": ["&"], "created_after": ["2020-01-01"],
    }  # fmt: skip
    last = client.get(following)
    assert (last.get_json()["next"], "Link" in last.headers) == (None, False)
    assert [i["id"] for i in (*first.get_json()["items"], *last.get_json()["items"])] == [made[1], made[2], made[0]]
    assert first.get_json()["count"] == last.get_json()["count"] == 3


def test_a_cursor_that_was_changed_is_refused(client: Any, store: Store) -> None:
    for number in range(3):
        store.add("local", {}, body(number))
    cursor = parse_qs(urlsplit(client.get("/v1/footprints?limit=1").get_json()["next"]).query)["cursor"][0]
    data = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
    broken = [
        cursor[:-3],
        cursor[4:],
        cursor + "AAAA",
        "",
        "é",
        "%",
        base64.urlsafe_b64encode(data[:-2] + b"9]").decode(),
    ]
    for given, more in [*((b, {}) for b in broken), (cursor, {"sort": "total"})]:
        answer = client.get("/v1/footprints?" + urlencode({"cursor": given, **more}))
        assert (answer.status_code, answer.get_json()["errors"][0]["pointer"]) == (422, "/query/cursor"), given
    assert client.get("/v1/cbam/answers?" + urlencode({"cursor": cursor})).status_code == 422  # of another list
    assert client.get("/v1/footprints?" + urlencode({"cursor": cursor})).status_code == 200


@pytest.mark.parametrize(
    ("path", "key"),
    [
        ("/v1/processes?limit=150", lambda i: i["code"]),
        ("/v1/processes?limit=100&sort=-score", lambda i: -i["score"]["value"]),
        ("/v1/processes?limit=3&q=铝", lambda i: -i["match"]),
        ("/v1/rules?limit=3", lambda i: i["id"]),
        ("/v1/cbam/goods?limit=150", lambda i: i["cn_code"]),
    ],
)
def test_what_is_no_record_is_listed_in_pages_too(http: httpx.Client, path: str, key: Any) -> None:
    seen: list[Json] = []
    following: str | None = path
    while following:
        answer = http.get(following).json()
        seen += answer["items"]
        following = answer["next"]
    assert len(seen) == answer["count"] > answer["limit"]
    assert len({json.dumps(item, sort_keys=True) for item in seen}) == len(seen)
    assert [key(i) for i in seen] == sorted(key(i) for i in seen)

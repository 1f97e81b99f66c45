"""The API as a client meets it: a server in a process of its own, over a real socket."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from boms import CANNED_CSV, CANNED_CSV_ZH, as_bytes, canned, worked
from jsonschema import Draft202012Validator
from lcaengine.api import create_app
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from lcaengine import __version__
from lcaengine.bom import read_plant
from lcaengine.demo import running_server
from lcaengine.sheets import XLSX
from lcaengine.store import open_store

Json = dict[str, Any]
JSON = {"Content-Type": "application/json"}
CSV = {"Content-Type": "text/csv; charset=utf-8"}
OWN = ("id", "created", "links")  # what the store adds to an answer
NOBODY = "00000000-0000-4000-8000-000000000000"


def post(http: httpx.Client, content: bytes, headers: dict[str, str] = JSON) -> Json:
    answer = http.post("/v1/footprints", content=content, headers=headers)
    assert answer.status_code == 201, answer.text
    body: Json = answer.json()
    return body


def get(http: httpx.Client, path: str, **query: Any) -> Json:
    answer = http.get(path, params=query or None)
    assert answer.status_code == 200, answer.text
    body: Json = answer.json()
    return body


def calculated(answer: Json) -> Json:
    return {key: value for key, value in answer.items() if key not in OWN}


def total(http: httpx.Client, changes: Json | None = None) -> float:
    return float(post(http, as_bytes(canned(changes)))["total"]["value"])


# -- posting and reading


def test_post_and_get(http: httpx.Client) -> None:
    answer = http.post("/v1/footprints", content=as_bytes(canned()), headers=JSON)
    assert answer.status_code == 201
    assert answer.headers["Content-Type"] == "application/json"
    body = answer.json()
    assert urlsplit(answer.headers["Location"]).path == f"/v1/footprints/{body['id']}" == body["links"]["self"]
    again = http.get(answer.headers["Location"])
    assert again.status_code == 200
    assert again.text == answer.text
    assert [w["code"] for w in body["warnings"]] == ["dqr_above"]  # the background of the can is mostly estimates
    assert body["declared_unit"] == {"amount": 1.0, "unit": "hl"}
    assert body["product"]["name"] == {"zh": "罐装啤酒", "en": "Canned lager"}


@pytest.mark.parametrize("name", ["craft-one-way-glass.json", "keg-brewery.json"])
def test_partitions_of_an_answer_add_up(http: httpx.Client, name: str) -> None:
    body = post(http, worked(name))
    whole = body["total"]["value"]
    assert whole > 0
    for part in ("stages", "lines", "gases"):
        assert sum(entry["value"] for entry in body[part]) == pytest.approx(whole, rel=1e-12), part
    assert sum(entry["share"] for entry in body["lines"]) == pytest.approx(1, rel=1e-12)
    assert body["electricity"]["location_based"] == whole
    headline = next(i for i in body["indicators"] if i["id"] == body["total"]["indicator"])
    assert headline["value"] == whole
    litre, pack = body["per"][0], body["per"][-1]
    assert (litre["amount"], litre["unit"]) == (1.0, "L")
    assert litre["value"] == pytest.approx(whole / 100)
    size = {"ml": 1e-5, "L": 1e-2}[pack["unit"]] * pack["amount"]
    assert pack["value"] == pytest.approx(whole * size)


# GWP100 of the IPCC's Sixth Assessment Report, WG I, table 7.SM.7; R410A is half R32, half R125 by mass.
AR6 = {"co2_fossil": 1.0, "ch4_fossil": 29.8, "n2o": 273.0}
R410A = 0.5 * 771 + 0.5 * 3740


@pytest.mark.parametrize(("flow", "factor"), AR6.items())
def test_a_direct_emission_counts_with_its_gwp(http: httpx.Client, flow: str, factor: float) -> None:
    gate = {"/boundary": "cradle_to_gate"}
    emitted = {"/activities/direct_emissions": [{"flow": flow, "amount": 500, "unit": "g"}]}
    assert total(http, gate | emitted) - total(http, gate) == pytest.approx(0.5 * factor, rel=1e-9)
    # 0.102 m3 are sold for 0.1 m3 consumed (revised beer PEFCR, 2025)
    assert total(http, emitted) - total(http) == pytest.approx(0.5 * factor * 1.02, rel=1e-9)


def test_a_refrigerant_counts_by_its_composition(http: httpx.Client) -> None:
    leak = {"/activities/refrigerants": [{"gas": "R410A", "amount": 1, "unit": "kg"}]}
    gate = {"/boundary": "cradle_to_gate"}
    assert total(http, gate | leak) - total(http, gate) == pytest.approx(R410A, rel=1e-9)


def test_units_of_the_same_amount_give_the_same_footprint(http: httpx.Client) -> None:
    # By definition: 1 kWh = 3.6 MJ; 1 hl = 100 L.
    other = {
        "/product/declared_unit": {"amount": 1, "unit": "hl"},
        "/lines/0/amount": 0.011, "/lines/0/unit": "t",
        "/activities/electricity/0": {"amount": 28.8, "unit": "MJ"},
        "/activities/water/0": {"amount": 430, "unit": "L"},
    }  # fmt: skip
    assert total(http, other) == pytest.approx(total(http), rel=1e-12)
    litres = {"/product/declared_unit": {"amount": 100, "unit": "L"}}
    assert total(http, litres) == pytest.approx(total(http), rel=1e-12)


def test_amounts_of_a_period_are_divided_by_its_output(http: httpx.Client) -> None:
    document = canned({
        "/basis": "period",
        "/period": {"start": "2025-01-01", "end": "2025-12-31"},
        "/output": {"amount": 40_000, "unit": "m3"},  # 400,000 hl
    })  # fmt: skip
    for row in [*document["lines"], *(row for rows in document["activities"].values() for row in rows)]:
        row["amount"] *= 400_000
    assert post(http, as_bytes(document))["total"]["value"] == pytest.approx(total(http), rel=1e-12)


def test_csv_and_json_give_the_same(http: httpx.Client) -> None:
    from_json, from_csv = (
        post(http, worked("craft-one-way-glass.json")),
        post(http, worked("craft-one-way-glass.csv"), CSV),
    )
    assert from_csv["product"].pop("name")["zh"].startswith(from_json["product"].pop("name")["zh"])  # one text in CSV
    for body, place in ((from_csv, r"row \d+"), (from_json, r"/lines/\d+")):
        for warning in body["warnings"]:  # each is shown where its reader sees it
            assert re.match(place, warning["pointer"]) or warning.pop("pointer") == ""
            warning.pop("pointer", None)
    assert calculated(from_csv) == calculated(from_json)


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        (text, encoding)
        for text in (CANNED_CSV, CANNED_CSV_ZH, CANNED_CSV.replace("\n", "\r\n"))
        for encoding in ("utf-8", "utf-8-sig", "gb18030")
    ],
)
def test_csv_in_every_encoding_and_language_gives_the_same(http: httpx.Client, text: str, encoding: str) -> None:
    body = post(http, text.encode(encoding), {"Content-Type": "text/csv"})
    assert body["product"]["name"] == {"zh": "罐装啤酒", "en": "罐装啤酒"}
    assert {line["line"]: line["name"] for line in body["lines"]}["malt"]["zh"] == "浅色麦芽"
    assert body["total"]["value"] == pytest.approx(total(http), rel=1e-12)


def test_json_with_a_byte_order_mark(http: httpx.Client) -> None:
    assert post(http, b"\xef\xbb\xbf" + as_bytes(canned()))["total"]["value"] == total(http)


# -- lists


def test_pages_walk_over_every_footprint_once(http: httpx.Client) -> None:
    made = [post(http, as_bytes(canned()))["id"] for _ in range(7)]
    seen: list[Json] = []
    path: str | None = "/v1/footprints?limit=3"
    while path:
        page = get(http, path)
        assert len(page["items"]) == min(3, page["count"] - len(seen))
        assert page["limit"] == 3
        seen += page["items"]
        path = page["next"]
    assert len(seen) == page["count"]
    assert len({item["id"] for item in seen}) == len(seen)
    assert [item["id"] for item in seen[:7]] == made[::-1]  # newest first
    assert seen[0] == {
        **seen[0],
        "category": "beer",
        "boundary": "cradle_to_grave",
        "declared_unit": {"amount": 1.0, "unit": "hl"},
    }
    assert seen[0]["total"]["value"] == get(http, seen[0]["links"]["self"])["total"]["value"]


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("/v1/footprints?limit=0", "limit"),
        ("/v1/footprints?limit=201", "limit"),
        ("/v1/footprints?limit=many", "limit"),
        ("/v1/footprints?offset=20", "offset"),  # a list goes on by its cursor
        ("/v1/footprints?sort=size", "sort"),
        ("/v1/footprints?product=%00", "product"),
        ("/v1/footprints?min_total=little", "min_total"),
        ("/v1/footprints?created_after=yesterday", "created_after"),
        ("/v1/statements?valid_on=2026-02-30", "valid_on"),
        ("/v1/footprints?cursor=x", "cursor"),
        ("/v1/rules?limit=0", "limit"),
        ("/v1/processes?q=" + "x" * 201, "q"),
        (f"/v1/footprints/{NOBODY}/hotspots?limit=0", "limit"),
        (f"/v1/footprints/{NOBODY}/tree?cutoff=1.5", "cutoff"),
        (f"/v1/footprints/{NOBODY}/tree?max_nodes=0", "max_nodes"),
    ],
)
def test_a_bad_query_is_answered_with_its_field(http: httpx.Client, path: str, field: str) -> None:
    answer = http.get(path)
    assert answer.status_code == 422
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert [(e["code"], e["pointer"]) for e in answer.json()["errors"]] == [
        ("bad_cursor" if field == "cursor" else "bad_query", f"/query/{field}")
    ]


@pytest.mark.parametrize(
    ("path", "code"),
    [
        (f"/v1/footprints/{NOBODY}", "unknown_footprint"),
        (f"/v1/footprints/{NOBODY}/hotspots", "unknown_footprint"),
        (f"/v1/footprints/{NOBODY}/tree", "unknown_footprint"),
        ("/v1/footprints/..%2f..%2fetc", "not_found"),
        ("/v1/rules/cheese", "unknown_rule"),
        ("/v1/processes/aluminium-cann", "unknown_process"),
        ("/v2/footprints", "not_found"),
    ],
)
def test_what_is_not_there(http: httpx.Client, path: str, code: str) -> None:
    answer = http.get(path, headers={"Accept-Language": "zh-CN,zh;q=0.9,en;q=0.1"})
    assert answer.status_code == 404
    body = answer.json()
    assert (body["code"], body["status"]) == (code, 404)
    assert re.search("[一-鿿]", body["title"])
    assert re.search("[一-鿿]", body["next_action"])


# -- hotspots and tree


@pytest.fixture(scope="module")
def craft(http: httpx.Client) -> Json:
    return post(http, worked("craft-one-way-glass.json"))


@pytest.mark.parametrize("limit", [1, 6, 1000])
def test_hotspots_are_partitions_ranked_by_size(http: httpx.Client, craft: Json, limit: int) -> None:
    found = get(http, craft["links"]["hotspots"], limit=limit)
    assert found["total"] == pytest.approx(craft["total"]["value"], rel=1e-12)
    for key in ("lines", "stages", "processes"):
        ranking = found[key]
        items, rest = ranking["items"], ranking["rest"]
        assert len(items) == min(limit, ranking["count"])
        assert len(items) + rest["count"] == ranking["count"]
        assert sum(i["value"] for i in items) + rest["value"] == pytest.approx(found["total"], rel=1e-9), key
        assert [i["rank"] for i in items] == list(range(1, len(items) + 1))
        sizes = [abs(i["value"]) for i in items]
        assert sizes == sorted(sizes, reverse=True)
        for item in items:
            assert item["share"] == pytest.approx(item["value"] / found["total"], rel=1e-9)
        if not rest["count"]:
            assert items[-1]["cumulative_share"] == pytest.approx(1, rel=1e-9)
            assert sum(i["gross_share"] for i in items) == pytest.approx(1, rel=1e-9)


def test_hotspots_agree_with_the_answer(http: httpx.Client, craft: Json) -> None:
    found = get(http, craft["links"]["hotspots"], limit=1000)
    stages = {s["stage"]: s["value"] for s in craft["stages"]}
    assert {i["id"]: i["value"] for i in found["stages"]["items"]} == pytest.approx(stages, rel=1e-12)
    lines: Counter[str] = Counter()
    for line in craft["lines"]:
        lines[line["line"]] += line["value"]
    assert {i["id"]: i["value"] for i in found["lines"]["items"]} == pytest.approx(dict(lines), rel=1e-9, abs=1e-12)


@pytest.mark.parametrize(
    "query", [{}, {"cutoff": 0.2}, {"cutoff": 0.0001, "max_nodes": 50}, {"max_depth": 2}, {"cutoff": 0.001}], ids=str
)
def test_what_a_tree_shows_and_cuts_adds_up(http: httpx.Client, craft: Json, query: Json) -> None:
    tree = get(http, craft["links"]["tree"], **query)
    nodes = tree["nodes"]
    assert tree["count"] == len(nodes) > 1
    assert tree["total"] == nodes[0]["value"] == pytest.approx(craft["total"]["value"], rel=1e-12)
    children: dict[int, list[Json]] = {node["id"]: [] for node in nodes}
    for node in nodes[1:]:
        children[node["parent"]].append(node)
        assert node["depth"] == nodes[node["parent"]]["depth"] + 1
    closed = {"max_nodes", "max_depth"}
    for node in nodes:
        if node["terminal"] in closed:
            assert children[node["id"]] == []
            continue
        parts = node["direct"] + sum(c["value"] for c in children[node["id"]]) + node["cut"]["value"]
        assert parts == pytest.approx(node["value"], rel=1e-9, abs=1e-9), node["code"]
    unopened = sum(n["value"] for n in nodes if n["terminal"] in closed)
    direct = sum(n["direct"] for n in nodes)
    assert direct + tree["cut"]["value"] + unopened == pytest.approx(tree["total"], rel=1e-9)
    assert tree["coverage"] == pytest.approx(direct / tree["total"], rel=1e-9)
    assert max(n["depth"] for n in nodes) <= query.get("max_depth", 100)


def test_a_finer_tree_explains_more(http: httpx.Client, craft: Json) -> None:
    coverage = [get(http, craft["links"]["tree"], cutoff=c, max_nodes=20_000)["coverage"] for c in (0.3, 0.03, 0.0003)]
    assert coverage == sorted(coverage)
    assert coverage[0] < coverage[2]
    assert 0.95 < coverage[2] <= 1


# -- rules and processes


def test_rules(http: httpx.Client) -> None:
    page = get(http, "/v1/rules")
    assert "beer" in [rule["id"] for rule in page["items"]]
    rule = get(http, "/v1/rules/beer")
    assert rule["status"] == "published"
    assert rule["notice"]["zh"]
    assert rule["notice"]["en"]
    assert len(rule["sha256"]) == 64
    assert {"malt", "can", "keg"} <= {role["id"] for role in rule["roles"]}
    assert all(p["source"]["title"] and p["rule_id"] for p in rule["parameters"])
    assert get(http, "/v1/rules/啤酒")["id"] == "beer"


def test_a_chinese_name_finds_the_aluminium_can(http: httpx.Client) -> None:
    found = get(http, "/v1/processes", q="铝罐")
    first = found["items"][0]
    assert "can" in first["name"]["en"]
    assert "铝" in first["name"]["zh"]
    assert first["unit"] == "kg"
    body = get(http, f"/v1/processes/{first['code']}")
    assert body["exchanges"]
    assert body["sources"]
    # Primary aluminium made in China emits 14 to 17 kg CO2e/kg, and a can is mostly that: the order of magnitude.
    assert 10 < body["scores"]["gwp100_excluding_biogenic_uptake"] < 25


def test_pages_walk_over_every_process_once(http: httpx.Client) -> None:
    codes: list[str] = []
    path: str | None = "/v1/processes?limit=40"
    while path:
        page = get(http, path)
        codes += [item["code"] for item in page["items"]]
        path = page["next"]
    assert len(codes) == len(set(codes)) == page["count"] > 100


def test_pages_of_a_search_keep_the_words(http: httpx.Client) -> None:
    page = get(http, "/v1/processes", q="电力", limit=2)
    assert page["next"]
    following = get(http, page["next"])
    whole = get(http, "/v1/processes", q="电力", limit=4)
    assert page["items"] + following["items"] == whole["items"]


def test_an_unknown_process_is_answered_with_the_nearest(http: httpx.Client) -> None:
    body = http.get("/v1/processes/aluminium-cann").json()
    (entry,) = body["errors"]
    assert entry["candidates"][0]["code"] == "aluminium-can-cn"
    assert "aluminium-can-cn" in body["title"]


# -- the server itself


def test_health(http: httpx.Client) -> None:
    body = get(http, "/healthz")
    assert body["status"] == "ok"
    assert body["version"] == __version__
    assert len(body["background"]["id"]) == 64


@pytest.mark.parametrize("path", ["/healthz", "/v1/rules", "/docs/", "/openapi.json", "/nowhere"])
def test_security_headers(http: httpx.Client, path: str) -> None:
    headers = http.get(path).headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["X-Frame-Options"] == "DENY"
    assert not re.search("werkzeug|python|flask", headers.get("Server", ""), re.IGNORECASE)


def test_documentation_works_without_a_network(http: httpx.Client, address: str) -> None:
    page = http.get("/docs", follow_redirects=True)
    assert page.status_code == 200
    assert "SwaggerUIBundle" in page.text
    addresses = set(re.findall(r"(?:https?:)?//[\w.:-]+", page.text.replace("// Build", "").replace("// User", "")))
    assert {a for a in addresses if not a.startswith(address)} == set()
    assert '"url": "/openapi.json"' in page.text
    assets = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert len(assets) >= 3
    for asset in assets:
        assert http.get(asset).status_code == 200, asset
    bundle = http.get(next(a for a in assets if a.endswith("bundle.js"))).text
    version = re.search(r'PACKAGE_VERSION:"(\d+)\.', bundle)
    assert version is not None
    assert int(version[1]) >= 5


def test_a_restart_keeps_the_records(tmp_path: Path) -> None:
    with running_server(tmp_path) as address, httpx.Client(base_url=address, timeout=60) as client:
        made = [client.post("/v1/footprints", json=canned()).text for _ in range(2)]
        paths = [item["links"]["self"] for item in get(client, "/v1/footprints")["items"]][::-1]
    with running_server(tmp_path) as address, httpx.Client(base_url=address, timeout=60) as client:
        assert [client.get(path).text for path in paths] == made
        assert get(client, "/v1/footprints")["count"] == 2
        assert get(client, paths[0] + "/hotspots")["total"] == get(client, paths[0])["total"]["value"]


def test_products_of_a_plant_are_posted_one_by_one(http: httpx.Client) -> None:
    bodies = [post(http, as_bytes(document)) for document in read_plant(worked("shandong-lager-plant.json"))]
    assert [b["product"]["pack"]["amount"] for b in bodies] == [330, 600]
    assert len({b["total"]["value"] for b in bodies}) == 2


# -- OpenAPI


@pytest.fixture(scope="module")
def openapi(http: httpx.Client) -> Json:
    return get(http, "/openapi.json")


def operations(openapi: Json) -> Iterator[tuple[str, str, Json]]:
    for path, item in openapi["paths"].items():
        for method, operation in item.items():
            if method != "parameters":
                yield path, method, operation


def references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for nested in value.values():
            yield from references(nested)
    elif isinstance(value, list):
        for nested in value:
            yield from references(nested)


def resolved(openapi: Json, value: Json) -> Json:
    while "$ref" in value:
        found: Any = openapi
        for key in value["$ref"].removeprefix("#/").split("/"):
            found = found[key]
        value = found
    return value


def test_openapi_is_well_formed(openapi: Json) -> None:
    assert openapi["openapi"].startswith("3.1.")
    assert {"title", "version"} <= set(openapi["info"])
    for name, schema in openapi["components"]["schemas"].items():
        Draft202012Validator.check_schema(schema)
        assert re.fullmatch(r"[\w.-]+", name)
    for reference in references(openapi):
        assert reference.startswith("#/components/")
        assert resolved(openapi, {"$ref": reference})
    ids = [operation["operationId"] for _, _, operation in operations(openapi)]
    assert len(ids) == len(set(ids)) >= 9
    for path, method, operation in operations(openapi):
        given = [*openapi["paths"][path].get("parameters", []), *operation.get("parameters", [])]
        in_path = {p["name"] for p in given if p["in"] == "path"}
        assert in_path == set(re.findall(r"{(\w+)}", path)), path
        assert all(p["required"] for p in given if p["in"] == "path")
        assert operation["summary"], (path, method)
        for status, response in operation["responses"].items():
            assert re.fullmatch(r"default|[1-5]\d\d", status)
            assert resolved(openapi, response)["description"], (path, method, status)


def test_openapi_describes_every_route(openapi: Json, tmp_path: Path) -> None:
    app = create_app(store=open_store(f"sqlite:///{tmp_path / 'routes.sqlite'}"))
    routes = {
        (re.sub(r"<\w+:(\w+)>", r"{\1}", rule.rule), method.lower())
        for rule in app.url_map.iter_rules()
        for method in rule.methods or ()
        if method not in {"HEAD", "OPTIONS"} and not rule.rule.startswith(("/docs", "/openapi.json", "/welcome/"))
    }
    assert {(path, method) for path, method, _ in operations(openapi)} == routes
    assert len(routes) >= 9


def test_openapi_describes_every_error(openapi: Json) -> None:
    """Where something is looked up by name, 404; where there is a query, 422; all as problem details."""
    for path, method, operation in operations(openapi):
        if path.startswith("/3/"):  # what PACT has a code for, and nothing else
            assert {"401", "403"} <= set(operation["responses"])
            continue
        wanted = {"404"} if "{" in path else set()
        wanted |= {"422"} if any(p["in"] == "query" for p in operation.get("parameters", ())) else set()
        posts = method == "post" and "requestBody" in operation and path not in ("/auth/token", "/v1/batches")
        wanted |= {"400", "413", "415", "422"} if posts else set()
        wanted |= {"404"} if path == "/v1/footprints" and method == "post" else set()
        assert wanted <= set(operation["responses"]), (path, method)
        for status, response in operation["responses"].items():
            if status == "default" or status >= "400":
                content = resolved(openapi, response)["content"]
                if path == "/auth/token" and status in ("400", "401"):  # RFC 6749 has a form of its own
                    assert list(content) == ["application/json"]
                    continue
                assert list(content) == ["application/problem+json"], (path, method, status)
                assert content["application/problem+json"]["schema"] == {"$ref": "#/components/schemas/ProblemDetails"}


@pytest.mark.parametrize(
    ("method", "path", "example", "status"),
    [
        ("post", "/v1/footprints", "/v1/footprints", 201),
        ("get", "/v1/footprints", "/v1/footprints", 200),
        ("get", "/v1/footprints/{identifier}", "{self}", 200),
        ("get", "/v1/footprints/{identifier}/hotspots", "{hotspots}?limit=3", 200),
        ("get", "/v1/footprints/{identifier}/contributions", "{contributions}?by=gas", 200),
        ("get", "/v1/footprints/{identifier}/tree", "{tree}", 200),
        ("get", "/v1/rules", "/v1/rules", 200),
        ("get", "/v1/processes", "/v1/processes?q=麦芽", 200),
        ("get", "/healthz", "/healthz", 200),
        ("get", "/v1/footprints/{identifier}", f"/v1/footprints/{NOBODY}", 404),
        ("get", "/v1/processes/{code}", "/v1/processes/aluminium-cann", 404),
    ],
)
def test_answers_are_as_openapi_says(
    http: httpx.Client, openapi: Json, craft: Json, method: str, path: str, example: str, status: int
) -> None:
    """Every field is described, and has the type described."""
    answer = http.request(method, example.format(**craft["links"]), json=canned() if method == "post" else None)
    assert answer.status_code == status
    content = resolved(openapi, openapi["paths"][path][method]["responses"][str(status)])["content"]
    schema = content[answer.headers["Content-Type"]]["schema"]
    registry = Registry().with_resource("urn:api", Resource(openapi, DRAFT202012))
    absolute = {"$ref": "urn:api" + schema["$ref"]}
    errors = list(Draft202012Validator(absolute, registry=registry).iter_errors(answer.json()))
    assert errors == []
    described = resolved(openapi, schema)["properties"]
    assert set(answer.json()) <= set(described)
    assert set(described) - {"version", "previous", "changes"} <= set(answer.json())  # from the second version on


def test_openapi_describes_the_bill_of_materials(openapi: Json) -> None:
    content = resolved(openapi, openapi["paths"]["/v1/footprints"]["post"]["requestBody"])["content"]
    assert set(content) == {"application/json", "text/csv", XLSX}
    schema = content["application/json"]["schema"]
    registry = Registry().with_resource("urn:api", Resource(openapi, DRAFT202012))
    validator = Draft202012Validator({"$ref": "urn:api" + schema["$ref"]}, registry=registry)
    assert list(validator.iter_errors(canned())) == []
    assert [e.json_path for e in validator.iter_errors(canned({"/lines/0/amount": "11"}))] == ["$.lines[0].amount"]
    assert {"product", "site", "basis", "lines"} <= set(resolved(openapi, schema)["required"])

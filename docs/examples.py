"""Writes the examples of the OpenAPI document (`api/examples.json`) from what a server really answers.

python docs/examples.py            starts a server of its own, asks it everything below, and rewrites the file
"""

import json
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx

from lcaengine.data import folder
from lcaengine.demo import running_server

FILE = Path(__file__).resolve().parent.parent / "api" / "examples.json"
Json = dict[str, Any]
Answers = dict[str, Any]
LONGEST = 160  # characters of a text, entries of a list: one


def bom() -> Json:
    """A small bill of materials: what the examples post."""
    return {
        "product": {"name": {"zh": "精酿啤酒 330 ml", "en": "Craft beer, 330 ml"}, "category": "beer", "hs_code": "220300",
                    "declared_unit": {"amount": 1, "unit": "hl"}, "pack": {"amount": 330, "unit": "ml"}},
        "site": {"country": "CN", "region": "CN-SD", "name": "Example Brewery"},
        "basis": "period", "period": {"start": "2025-01-01", "end": "2025-12-31"}, "output": {"amount": 2000, "unit": "hl"},
        "lines": [
            {"id": "malt", "name": "浅色麦芽 pale malt", "amount": 31, "unit": "t", "role": "malt"},
            {"id": "bottle", "name": "玻璃瓶 330 ml", "amount": 612000, "unit": "piece", "unit_mass": {"amount": 220, "unit": "g"},
             "role": "bottle_one_way", "recycled_content": 0.3},
        ],
        "activities": {"electricity": [{"amount": 50000, "unit": "kWh", "supply": "grid"}],
                       "fuels": [{"fuel": "natural_gas", "amount": 11000, "unit": "m3"}], "water": [{"amount": 1100, "unit": "m3"}]},
    }  # fmt: skip


def installation() -> Json:
    document: Json = json.loads((folder("inventories") / "cbam" / "cement-works.json").read_text(encoding="utf-8"))
    return document


def order(answers: Answers) -> Json:
    return {
        "footprint": answers["postFootprint"]["id"],
        "customer": "Example Imports GmbH",
        "cbam": {"on": "2026-06-30"},
    }


def compared(answers: Answers) -> str:
    ids = (answers[name]["id"] for name in ("postFootprint", "recalculateFootprint"))
    return "/v1/comparisons?" + "&".join(f"footprint={i}" for i in ids)


Step = tuple[str, str, str | Callable[[Answers], str], Any]


def steps() -> Iterator[Step]:
    """Operation, method, address (of what was answered before) and what is posted."""

    def of(name: str, end: str = "") -> Callable[[Answers], str]:
        return lambda answers: answers[name]["links"]["self"] + end

    yield "matchBom", "POST", "/v1/boms/match?limit=1", bom()
    yield "postFootprint", "POST", "/v1/footprints", bom()
    yield "listFootprints", "GET", "/v1/footprints?category=beer&sort=-total&limit=1", None
    for name, end in (("getFootprint", ""), ("getHotspots", "/hotspots?limit=1"), ("getContributions", "/contributions?by=category"), ("getExplanation", "/explanation"),
                      ("getTree", "/tree?max_nodes=2"), ("listFootprintVersions", "/versions"), ("listShares", "/shares")):  # fmt: skip
        yield name, "GET", of("postFootprint", end), None
    yield "recalculateFootprint", "POST", of("postFootprint", "/recalculate"), None
    yield "compareFootprints", "GET", compared, None
    yield "postCbamScreening", "POST", "/v1/cbam/screenings?on=2026-06-30", bom()
    yield "postCbamInstallation", "POST", "/v1/cbam/installations", installation()
    yield "postCbamAnswer", "POST", "/v1/cbam/answers?on=2026-06-30", bom()
    yield (
        "postCbamReport",
        "POST",
        "/v1/cbam/reports",
        lambda answers: {"kind": "summary", "installation": answers["postCbamInstallation"]["id"]},
    )
    for name in ("Screening", "Installation", "Answer", "Report"):
        yield f"listCbam{name}s", "GET", f"/v1/cbam/{name.lower()}s?limit=1", None
        yield f"getCbam{name}", "GET", of(f"postCbam{name}"), None
    yield "getCbamDefault", "GET", "/v1/cbam/defaults?cn_code=72083600&country=CN&last_year=2027", None
    yield "listCbamGoods", "GET", "/v1/cbam/goods?q=7318&limit=1", None
    yield "postStatement", "POST", "/v1/statements", order
    yield "listStatements", "GET", "/v1/statements?status=issued&limit=1", None
    yield "getStatement", "GET", of("postStatement"), None
    yield "verifyStatement", "POST", "/v1/statements/verify", lambda answers: answers["postStatement"]["document"]
    yield (
        "revokeStatement",
        "POST",
        of("postStatement", "/revoke"),
        {"reason": "电表读数有误 The meter reading was wrong"},
    )
    yield "getJwks", "GET", "/.well-known/jwks.json", None
    yield "listEvidence", "GET", "/v1/evidence?limit=1", None
    yield "listRules", "GET", "/v1/rules?limit=1", None
    yield "getRule", "GET", "/v1/rules/beer", None
    yield "listRuleVersions", "GET", "/v1/rules/beer/versions", None
    yield "getRuleVersion", "GET", "/v1/rules/beer/versions/1.1.0", None
    yield "lintRuleVersion", "GET", "/v1/rules/beer/versions/1.1.0/lint", None
    yield "diffRules", "GET", "/v1/rules/beer/diff?old=1.0.0&new=1.1.0", None
    yield "listProcesses", "GET", "/v1/processes?q=铝罐&limit=1", None
    yield "getProcess", "GET", "/v1/processes/electricity-cn", None
    yield "health", "GET", "/healthz", None


def asked(client: httpx.Client) -> dict[str, tuple[Any, httpx.Response]]:
    """What was posted and what was answered, by operation."""
    answers: Answers = {}
    found = {}
    for name, method, address, given in steps():
        path = address(answers) if callable(address) else address
        body = given(answers) if callable(given) else given
        seen = client.get(path.removesuffix("/revoke")).headers.get("ETag", "") if name == "revokeStatement" else ""
        answer = client.request(method, path, json=body, headers={"If-Match": seen} if seen else {})
        assert answer.status_code in (200, 201), (name, answer.text)
        answers[name] = answer.json()
        found[name] = (body, answer)
    return found


def shortened(value: Any) -> Any:
    """One entry of every list, and the beginning of long texts."""
    if isinstance(value, dict):
        return {key: shortened(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [shortened(inner) for inner in value[:1]]
    return value[:LONGEST] + "…" if isinstance(value, str) and len(value) > LONGEST else value


def examples(client: httpx.Client) -> Json:
    """Requests whole, so that they can be sent; answers shortened."""
    return {
        name: {**({"request": body} if body is not None else {}), "response": shortened(answer.json())}
        for name, (body, answer) in asked(client).items()
    }


if __name__ == "__main__":
    with (
        tempfile.TemporaryDirectory() as directory,
        running_server(Path(directory)) as address,
        httpx.Client(base_url=address, timeout=120) as client,
    ):
        FILE.write_text(
            json.dumps(examples(client), ensure_ascii=False, separators=(",", ":")) + "\n", encoding="utf-8"
        )

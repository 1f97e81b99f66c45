"""Statements: what stands in them and what is withheld, signatures and keys, tampering, revocation, solving again."""

from __future__ import annotations

import base64
import json
import os
import shutil
import stat
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from background_fixtures import PROJECT
from boms import INVENTORIES, canned
from click.testing import CliRunner, Result
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from tampering import unprotect

from lcaengine.background import Release
from lcaengine.bom import bom_of, read_plant
from lcaengine.cli import main
from lcaengine.footprint import body, calculate
from lcaengine.problems import NotFound, Refused
from lcaengine.rules import find_rule
from lcaengine.statements.checklist import ITEMS
from lcaengine.statements.content import DEPTHS
from lcaengine.statements.differences import differences
from lcaengine.statements.issuing import CbamRequest, Order, issue, last_day, recompute
from lcaengine.statements.signing import KeyStore, canonical, checks, signed
from lcaengine.statements.verifying import TYPE, Verdict, verify
from lcaengine.store import Page, Record, StatementRecord, Store, open_store
from lcaengine.store.statements import StatementChanged

Json = dict[str, Any]
WASHER = PROJECT / "inventories" / "washing-machine" / "drum-10kg-cn.json"
CRAFT = INVENTORIES / "craft-pet.json"
TODAY = date(2026, 6, 30)
NOT_APPLICABLE = {"reference_period": {"zh": "按声明单位给出，无时期。", "en": "Given per declared unit, without a period."},
                  "issuer": {"zh": "样例。", "en": "A sample."}}  # fmt: skip


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(f"sqlite:///{tmp_path / 'store.sqlite'}")
    yield opened
    opened.engine.dispose()


@pytest.fixture
def keys(tmp_path: Path) -> KeyStore:
    return KeyStore(tmp_path / "keys")


def kept(store: Store, document: Json, release: Release, organisation: str = "a") -> Record:
    bom = bom_of(document)
    return store.add(organisation, document, body(calculate(bom, find_rule(bom.category), release)))


def craft() -> Json:
    (document,) = read_plant(CRAFT.read_bytes())
    return document


def order(record: Record, **changes: Any) -> Order:
    return Order(**{"footprint": record.id, "customer": "Example Imports GmbH", "cbam": CbamRequest(TODAY), **changes})


def statement(record: StatementRecord) -> Json:
    found: Json = json.loads(record.document)["statement"]
    return found


@pytest.fixture
def issued(store: Store, keys: KeyStore, release: Release) -> StatementRecord:
    return issue(store, "a", order(kept(store, craft(), release), depth="lines"), keys, release)


def checked(
    record: StatementRecord | bytes, keys: KeyStore, store: Store | None = None, again: bool = False
) -> Verdict:
    data = record if isinstance(record, bytes) else record.document.encode()
    return verify(
        data, keys.jwks(), (lambda i: store.known_statement("a", i)) if store else None,
        (lambda s: recompute(store, "a", s)) if store and again else None,
    )  # fmt: skip


def codes(refused: pytest.ExceptionInfo[Refused]) -> list[tuple[str, str]]:
    return [(p.code, p.where) for p in refused.value.problems]


# -- canonical JSON, signatures, keys


def test_canonical_json_is_that_of_rfc_8785() -> None:
    given = r"""{"numbers":[333333333.33333329,1E30,4.50,2e-3,0.000000000000000000000000001],
    "string":"\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/","literals":[null,true,false]}"""
    wanted = r"""{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\u000f\nA'B\"\\\\\"/"}"""
    assert canonical(json.loads(given)).decode() == wanted  # RFC 8785, 3.2.2 and 3.2.3


def test_the_kid_of_the_key_of_rfc_8037(tmp_path: Path) -> None:
    kid = "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"  # RFC 8037, A.1 to A.3
    jwk = {"kty": "OKP", "crv": "Ed25519", "d": "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A",
           "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}  # fmt: skip
    path = tmp_path / f"{kid}.json"
    path.write_text(json.dumps({"created": "2026-11-01T00:00:00+00:00", "retired": None, "jwk": jwk}))
    path.chmod(0o600)
    (key,) = KeyStore(tmp_path).list()
    assert (key.kid, key.state) == (kid, "signs")
    assert key.public == {"kty": "OKP", "crv": "Ed25519", "x": jwk["x"], "kid": kid, "alg": "EdDSA", "use": "sig"}


def test_a_signature_is_ed25519_over_header_and_canonical_json(keys: KeyStore) -> None:
    document = signed({"b": 1.0, "a": "中"}, keys)
    (public,) = keys.jwks()["keys"]
    payload = base64.urlsafe_b64encode('{"a":"中","b":1}'.encode()).rstrip(b"=").decode()

    def raw(text: str) -> bytes:
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))

    key = Ed25519PublicKey.from_public_bytes(raw(public["x"]))
    signature, protected = document["signature"]["signature"], document["signature"]["protected"]
    key.verify(raw(signature), f"{protected}.{payload}".encode())
    with pytest.raises(InvalidSignature):
        key.verify(raw(signature), f"{protected}.{payload}x".encode())
    assert json.loads(raw(protected)) == {"alg": "EdDSA", "kid": public["kid"]}
    assert checks({"a": "中", "b": 1}, document["signature"], public)


def test_keys_are_files_that_nobody_else_reads(keys: KeyStore) -> None:
    signed({}, keys)
    files = list(keys.folder.glob("*.json"))
    assert [stat.S_IMODE(f.stat().st_mode) for f in files] == [0o600]
    assert stat.S_IMODE(keys.folder.stat().st_mode) == 0o700
    files[0].chmod(0o640)
    with pytest.raises(Refused) as refused:
        keys.jwks()
    assert codes(refused) == [("statement_key_open", "LCAENGINE_KEYS")]


@pytest.mark.parametrize(
    "content", ["", "{}", "[]", '{"created": "x"}', '{"created":"2026-01-01","retired":null,"jwk":{"kty":"OKP"}}']
)
def test_a_broken_key_file_is_named_and_its_content_is_not(keys: KeyStore, content: str) -> None:
    signed({}, keys)
    (path,) = keys.folder.glob("*.json")
    path.write_text(content)
    with pytest.raises(Refused) as refused:
        signed({}, keys)
    (problem,) = refused.value.problems
    assert problem.code == "statement_key_unusable"
    assert problem.values["path"] == str(path)


def test_rotation_keeps_the_old_public_key_until_it_is_retired(keys: KeyStore) -> None:
    old = signed({"type": TYPE, "n": 1}, keys)
    (first,) = keys.list()
    new = keys.rotate()
    assert [(k.kid, k.state) for k in keys.list()] == [(new.kid, "signs"), (first.kid, "verifies")]
    assert '"d"' not in (keys.folder / f"{first.kid}.json").read_text()  # what is not there cannot be stolen
    assert checked(json.dumps(old).encode(), keys).outcome == "valid"
    assert {k["kid"] for k in keys.jwks()["keys"]} == {new.kid, first.kid}
    with pytest.raises(Refused) as refused:
        keys.retire(new.kid)
    assert codes(refused) == [("statement_key_signs", "")]
    assert keys.retire(first.kid).state == "retired"
    assert checked(json.dumps(old).encode(), keys).outcome == "unknown_key"
    with pytest.raises(NotFound):
        keys.retire("nothing")


def test_threads_that_sign_first_at_once_make_one_key(keys: KeyStore) -> None:
    with ThreadPoolExecutor(8) as pool:
        made = set(pool.map(lambda n: signed({"n": n}, KeyStore(keys.folder))["signature"]["protected"], range(16)))
    assert len(made) == len(keys.list()) == 1


# -- content


@pytest.mark.parametrize("depth", DEPTHS)
def test_what_stands_in_a_statement(store: Store, keys: KeyStore, release: Release, depth: Any) -> None:
    record = kept(store, craft(), release)
    answer = json.loads(record.body)
    found = statement(issue(store, "a", order(record, depth=depth), keys, release))
    assert found["total"]["value"] == answer["total"]["value"]
    assert found["depth"] == depth
    assert found["issuer"] == {"organisation": "a", "name": "Example craft brewery, Jiangsu"}
    assert found["period"] == {"start": "2025-01-01", "end": "2025-12-31"}
    assert found["valid_until"] == "2028-12-31"  # three years after the period
    assert found["electricity"] == {**answer["electricity"], "claims": []}
    assert sum(gas["value"] for gas in found["gases"]) == pytest.approx(found["total"]["value"], rel=1e-12)
    assert {a["status"] for a in found["assumptions"]} == (
        {"default", "given"} if depth == "lines" else {"default"}
    ) or depth == "lines"
    assert all(0 <= a["share"] <= 1 for a in found["assumptions"])
    assert [e["standard"] for e in found["prepared_with_reference_to"]][:2] == ["ISO 14067:2018", "GB/T 24067-2024"]
    assert all(e["clauses_not_read"] for e in found["prepared_with_reference_to"][:2])
    assert found["provenance"]["footprint"] == record.id
    assert found["provenance"]["background"]["id"] == release.id
    assert [e["item"] for e in found["checklist"]] == [item.id for item in ITEMS]
    assert {e["item"] for e in found["checklist"] if e["status"] == "missing"} == {
        i.id for i in ITEMS if not i.required
    }
    assert all(e["reason"] for e in found["checklist"] if e["status"] != "present")


def test_partitions_at_the_depth_of_lines_add_up(issued: StatementRecord) -> None:
    found = statement(issued)
    for part in ("stages", "lines", "hotspots"):
        assert sum(e["value"] for e in found[part]) == pytest.approx(found["total"]["value"], rel=1e-9), part


@pytest.mark.parametrize("depth", ["total", "stages"])
def test_what_the_owner_withholds_is_nowhere_in_the_statement(
    store: Store, keys: KeyStore, release: Release, depth: Any
) -> None:
    for path in (CRAFT, WASHER):
        (document,) = read_plant(path.read_bytes())
        record = issue(store, "a", order(kept(store, document, release), depth=depth), keys, release)
        for line in document["lines"]:
            assert line["name"] not in record.document
        assert "guardrail" not in record.document  # its message tells the amount
        found = statement(record)
        assert found["lines"] is None
        assert found["cbam"]["lines"] == []
        assert bool(found["stages"]) is bool(found["hotspots"]) is (depth == "stages")


def test_the_cbam_answer_stands_beside_and_holds_nothing_of_the_footprint(
    store: Store, keys: KeyStore, release: Release
) -> None:
    (document,) = read_plant(WASHER.read_bytes())
    found = statement(issue(store, "a", order(kept(store, document, release), depth="lines"), keys, release))
    cbam = found["cbam"]
    assert cbam["obligation_today"] is False
    assert cbam["assumed"] == {"on": "2026-06-30", "quarter": None, "price": None, "installations": []}
    assert cbam["lines"]
    text = json.dumps(cbam)
    assert "kg CO2e" not in text
    assert not {"pcf", "ratio"} & set(cbam["lines"][0])
    assert all(repr(line["value"]) not in text for line in found["lines"] if abs(line["value"]) > 1e-9)


def test_a_figure_that_the_background_lacks_is_missing_and_never_invented(
    store: Store, keys: KeyStore, release: Release
) -> None:
    found = statement(issue(store, "a", order(kept(store, craft(), release)), keys, release))
    assert found["land_use_change"]["status"] == found["aircraft"]["status"] == "value"
    assert "64%" in found["aircraft"]["reason"]["en"]  # published totals without a split, as the answer says
    lacking = replace(release, indicators=tuple(i for i in release.indicators if i["id"] != "gwp100_aircraft"))
    record = kept(store, craft(), lacking)
    with pytest.raises(Refused) as refused:
        issue(store, "a", order(record), keys, lacking)
    assert codes(refused) == [("statement_content_missing", "/reasons/aircraft")]
    reasons = {"aircraft": {"zh": "无空运。", "en": "Nothing is flown."}}
    again = statement(issue(store, "a", order(record, reasons=reasons), keys, lacking))
    wanted = {"status": "not_applicable", "value": None, "unit": "kg CO2e", "reason": reasons["aircraft"]}
    assert again["aircraft"] == wanted


def test_a_long_bill_of_materials_takes_bounded_time(store: Store, keys: KeyStore, release: Release) -> None:
    (document,) = read_plant(WASHER.read_bytes())
    first = document["lines"][0]
    document["lines"] += [{**first, "id": f"part-{i}", "amount": first["amount"] / 1e4} for i in range(2000)]
    record = kept(store, document, release)
    start = time.monotonic()
    found = issue(store, "a", order(record, depth="lines"), keys, release)
    assert time.monotonic() - start < 30  # a minute with every range solved
    assert len(statement(found)["lines"]) > 2000
    assert {a["swing"] for a in statement(found)["assumptions"]} == {None}
    assert all(a["share"] is not None for a in statement(found)["assumptions"])


def test_what_is_missing_blocks_the_issue_and_is_named(store: Store, keys: KeyStore, release: Release) -> None:
    record = kept(store, canned(), release)  # no period, no name of the site
    with pytest.raises(Refused) as refused:
        issue(store, "a", order(record), keys, release)
    assert sorted(codes(refused)) == [
        ("statement_content_missing", "/reasons/issuer"),
        ("statement_content_missing", "/reasons/reference_period"),
    ]
    assert store.list_statements("a", Page(10)) == ([], 0, None)
    found = statement(issue(store, "a", order(record, reasons=NOT_APPLICABLE), keys, release))
    told = {e["item"]: e for e in found["checklist"]}
    assert told["reference_period"]["status"] == "not_applicable"
    assert told["reference_period"]["reason"] == NOT_APPLICABLE["reference_period"]
    assert told["boundary"]["asked_by"][0] == {"text": "ISO 14067:2018, 7", "field": None, "read": False}


@pytest.mark.parametrize(
    ("changes", "wanted"),
    [
        ({"valid_until": date(2020, 1, 1)}, [("statement_expired", "/valid_until")]),
        ({"valid_until": date(2029, 1, 1)}, [("statement_valid_too_long", "/valid_until")]),
        ({"customer": " "}, [("statement_bad_name", "/customer")]),
        ({"customer": "x" * 301}, [("statement_bad_name", "/customer")]),
        ({"customer": "a\nb"}, [("statement_bad_name", "/customer")]),
        ({"customer": "abc\u202efed"}, [("statement_bad_name", "/customer")]),
        ({"issuer": ""}, [("statement_bad_name", "/issuer")]),
        ({"depth": "all"}, [("statement_depth", "/depth")]),
        ({"reasons": {"cheese": {"zh": "无", "en": "none"}}}, [("statement_unknown_item", "/reasons/cheese")]),
        ({"reasons": {"total": {"zh": "无", "en": "none"}}}, [("statement_reason_unused", "/reasons/total")]),
        ({"reasons": {"packaging": {"zh": "无"}}}, [("statement_reason_text", "/reasons/packaging/en")]),
        ({"customer": "", "valid_until": date(2020, 1, 1)}, [("statement_expired", "/valid_until"), ("statement_bad_name", "/customer")]),
    ],
    ids=str,
)  # fmt: skip
def test_bad_orders(
    store: Store, keys: KeyStore, release: Release, changes: Json, wanted: list[tuple[str, str]]
) -> None:
    record = kept(store, craft(), release)
    with pytest.raises(Refused) as refused:
        issue(store, "a", order(record, **changes), keys, release)
    assert codes(refused) == wanted
    assert store.list_statements("a", Page(10)) == ([], 0, None)


def test_an_expired_footprint_is_refused(store: Store, keys: KeyStore, release: Release) -> None:
    old = {**craft(), "period": {"start": "2024-02-29", "end": "2024-02-29"}}
    assert last_day(old, TODAY) == date(2027, 2, 28)
    record = kept(store, craft(), release)
    aged = json.dumps({**craft(), "period": {"start": "2022-01-01", "end": "2022-12-31"}})
    unprotect(store.engine, "footprints")
    with store.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE footprints SET document = ?", (aged,))
    with pytest.raises(Refused) as refused:
        issue(store, "a", order(record), keys, release)
    assert codes(refused) == [("statement_footprint_expired", "/footprint")]


def test_a_footprint_of_another_organisation_is_not_found(store: Store, keys: KeyStore, release: Release) -> None:
    record = kept(store, craft(), release, "b")
    with pytest.raises(NotFound) as refused:
        issue(store, "a", order(record), keys, release)
    assert codes(refused) == [("unknown_footprint", "")]


def test_a_footprint_that_does_not_come_out_again_is_not_stated(store: Store, keys: KeyStore, release: Release) -> None:
    record = kept(store, craft(), release)
    answer = json.loads(record.body)
    answer["total"]["value"] = answer["total"]["value"] * (1 + 1e-15) + 1e-13
    unprotect(store.engine, "footprints")
    with store.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE footprints SET body = ?", (json.dumps(answer),))
    with pytest.raises(Refused) as refused:
        issue(store, "a", order(record), keys, release)
    assert codes(refused) == [("statement_not_reproduced", "/total/value")]


@pytest.mark.parametrize(
    "name",
    ["<b>&amp;</b> [bold]x[/] #pagebreak() =1+1", "🍺👩‍🔬", "بيرة المصنع", "шар" * 100, "啤酒\\u0000 \\\" 'x'"],
    ids=["markup", "emoji", "rtl", "300", "escapes"],
)  # fmt: skip
def test_odd_names_are_stated_letter_by_letter(store: Store, keys: KeyStore, release: Release, name: str) -> None:
    document = craft()
    document["product"]["name"] = {"zh": name, "en": name}
    record = issue(store, "a", order(kept(store, document, release), customer=name), keys, release)
    assert statement(record)["product"]["name"] == {"zh": name, "en": name}
    assert statement(record)["customer"]["name"] == name
    assert checked(record, keys, store, again=True).outcome == "valid"


# -- verifying


def test_a_good_statement_is_valid_offline_and_solved_again(
    store: Store, keys: KeyStore, issued: StatementRecord
) -> None:
    found = checked(issued, keys)
    assert (found.outcome, found.id, found.status_checked, found.recomputed) == ("valid", issued.id, False, None)
    found = checked(issued, keys, store, again=True)
    assert (found.outcome, found.findings, found.differences) == ("valid", (), ())
    assert (found.status_checked, found.recomputed) == (True, True)


def test_layout_and_order_of_keys_are_not_signed(keys: KeyStore, issued: StatementRecord) -> None:
    document = json.loads(issued.document)
    for text in (
        json.dumps(document, indent=2),
        json.dumps(document, ensure_ascii=False),
        json.dumps(dict(reversed(document.items()))),
    ):
        assert checked(text.encode(), keys).outcome == "valid"


def test_a_flipped_byte_anywhere_is_found(keys: KeyStore, issued: StatementRecord) -> None:
    data = issued.document.encode()
    head = data.index(b'"statement"')
    places = [*range(head), *range(head, len(data), 101)]
    for number, place in enumerate(places):
        flipped = bytearray(data)
        flipped[place] ^= 1 << number % 8
        try:
            outcome = checked(bytes(flipped), keys).outcome
        except Refused:
            continue
        assert outcome != "valid" or json.loads(flipped) == json.loads(data), place


def test_a_number_with_other_digits_for_the_same_double_is_found(keys: KeyStore, issued: StatementRecord) -> None:
    value = statement(issued)["total"]["value"]
    text = repr(value)
    near = (
        next(t for t in (text[:-1] + d for d in "0123456789") if t != text and float(t) == value)
        if len(text) > 17
        else text + "00000000000000000001"
    )
    found = checked(issued.document.replace(text, near).encode(), keys)
    assert (found.outcome, found.findings[0].code) == ("altered", "statement_altered_number")


def edited(record: StatementRecord, change: Callable[[Json], Any]) -> bytes:
    document = json.loads(record.document)
    change(document)
    return json.dumps(document).encode()


def protected(**header: str) -> str:
    return base64.urlsafe_b64encode(json.dumps(header).encode()).rstrip(b"=").decode()


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda d: d["signature"].update(protected=protected(alg="none", kid="x")), "statement_altered_header"),
        (lambda d: d["signature"].update(protected=protected(alg="HS256", kid="x")), "statement_altered_header"),
        (lambda d: d["signature"].update(protected=protected(alg="none", kid="x"), signature=""), "statement_altered_header"),
        (lambda d: d["signature"].update(protected=protected(alg="EdDSA")), "statement_altered_header"),
        (lambda d: d["signature"].update(protected="!"), "statement_altered_header"),
        (lambda d: d["signature"].update(signature=""), "statement_altered_signature"),
        (lambda d: d["signature"].update(signature=d["signature"]["signature"] + "="), "statement_altered_signature"),
        (lambda d: d["signature"].update(header={"alg": "none"}), "statement_altered_form"),
        (lambda d: d.update(note="unsigned"), "statement_altered_form"),
        (lambda d: d["statement"].update(note="new"), "statement_altered_signature"),
        (lambda d: d["statement"].pop("warnings"), "statement_altered_signature"),
        (lambda d: d["statement"]["total"].update(value=1), "statement_altered_signature"),
        (lambda d: d["statement"]["total"].update(value=2**60), "statement_altered_number"),
        (lambda d: d["statement"].update(id="\ud800"), "statement_altered_form"),
    ],
)  # fmt: skip
def test_what_was_altered_is_told(
    keys: KeyStore, issued: StatementRecord, change: Callable[[Json], Any], code: str
) -> None:
    found = checked(edited(issued, change), keys)
    assert (found.outcome, [p.code for p in found.findings]) == ("altered", [code])


def test_the_last_letter_of_a_signature_has_no_second_spelling(keys: KeyStore, issued: StatementRecord) -> None:
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    signature = json.loads(issued.document)["signature"]["signature"]
    for letter in set(letters) - {signature[-1]}:
        data = issued.document.replace(signature, signature[:-1] + letter).encode()
        assert checked(data, keys).outcome == "altered"


def test_a_key_twice_in_an_object_is_found(keys: KeyStore, issued: StatementRecord) -> None:
    data = issued.document.replace('"depth":', '"depth":"total","depth":').encode()
    assert [p.code for p in checked(data, keys).findings] == ["statement_altered_duplicate"]


def test_with_the_record_at_hand_every_altered_figure_is_named(
    store: Store, keys: KeyStore, issued: StatementRecord
) -> None:
    def change(document: Json) -> None:
        document["statement"]["total"]["value"] = 1.5
        document["statement"]["stages"][0]["value"] = 0.5
        del document["statement"]["warnings"]

    for again in (False, True):
        found = checked(edited(issued, change), keys, store, again)
        assert found.outcome == "altered"
        told = {d.pointer: d.as_dict() for d in found.differences}
        assert set(told) == {"/total/value", "/stages/0/value", "/warnings"}
        assert told["/total/value"] == {
            "pointer": "/total/value",
            "stated": 1.5,
            "found": statement(issued)["total"]["value"],
        }


def test_solving_again_names_the_figure_only_to_who_has_the_inputs(
    store: Store, keys: KeyStore, issued: StatementRecord
) -> None:
    data = edited(issued, lambda d: d["statement"]["indicators"][2].update(value=7))
    found = verify(data, keys.jwks(), None, lambda s: recompute(store, "a", s), open_inputs=True)
    assert (found.outcome, [d.pointer for d in found.differences]) == ("altered", ["/indicators/2/value"])
    found = verify(data, keys.jwks(), None, lambda s: recompute(store, "a", s))
    assert (found.outcome, found.differences) == ("altered", ())


@pytest.mark.parametrize("depth", ["total", "stages"])
def test_the_weight_of_an_assumption_does_not_tell_a_line(
    store: Store, keys: KeyStore, release: Release, depth: Any
) -> None:
    record = kept(store, craft(), release)
    found = statement(issue(store, "a", order(record, depth=depth), keys, release))["assumptions"]
    assert found
    assert all(a["share"] is None or a["share"] == round(a["share"], 2) for a in found)
    assert {a[k] for a in found for k in ("at_min", "at_max", "swing")} == {None}


def test_a_forged_depth_does_not_tell_what_was_withheld(store: Store, keys: KeyStore, issued: StatementRecord) -> None:
    data = edited(issued, lambda d: d["statement"].update(depth="lines", id="00000000-0000-4000-8000-000000000000"))
    found = verify(data, keys.jwks(), lambda i: store.known_statement("a", i), lambda s: recompute(store, "a", s))
    assert (found.outcome, found.differences) == ("altered", ())


@pytest.mark.parametrize("number", ["1e-99999999999999999999999", "1e99999999999999999999999"])
def test_a_number_beyond_all_numbers(keys: KeyStore, issued: StatementRecord, number: str) -> None:
    data = issued.document.replace('"schema":1', f'"schema":{number}', 1)
    assert data != issued.document
    assert checked(data.encode(), keys).outcome == "altered"


def test_a_header_deeper_than_python_reads(keys: KeyStore, issued: StatementRecord) -> None:
    deep = base64.urlsafe_b64encode(b"[" * 200_000).decode()
    data = edited(issued, lambda d: d["signature"].update(protected=deep))
    assert checked(data, keys).outcome == "altered"


def test_a_statement_is_issued_and_the_other_superseded_or_neither(
    store: Store, keys: KeyStore, release: Release, issued: StatementRecord
) -> None:
    count = store.list_statements("a", Page(1))[1]
    with pytest.raises(StatementChanged):
        store.add_statement("a", "same", issued.footprint_id, issued.document, "same")
    with pytest.raises(NotFound):
        store.add_statement("a", "new", issued.footprint_id, issued.document, "\0")
    assert store.list_statements("a", Page(1))[1] == count


def test_the_key_of_another_does_not_pass(tmp_path: Path, keys: KeyStore, issued: StatementRecord) -> None:
    stranger = KeyStore(tmp_path / "stranger")
    forged = signed({**statement(issued), "total": {"value": 1}}, stranger)
    data = json.dumps(forged).encode()
    assert checked(data, keys).outcome == "unknown_key"
    (own,) = keys.jwks()["keys"]
    (other,) = stranger.jwks()["keys"]
    assert verify(data, {"keys": [{**own, "kid": other["kid"]}]}).outcome == "altered"  # under a borrowed name
    assert verify(issued.document.encode(), None).outcome == "unknown_key"


@pytest.mark.parametrize("jwks", [{}, {"keys": [{}]}, {"keys": None}, {"keys": ["x"]}])
def test_a_bad_key_set(issued: StatementRecord, jwks: Json) -> None:
    with pytest.raises(Refused) as refused:
        verify(issued.document.encode(), jwks)
    assert codes(refused) == [("statement_bad_jwks", "--key")]


@pytest.mark.parametrize(
    "data",
    [b"", b"{", b"[]", b"{}", b'{"statement": 1, "signature": {}}', b"\xff\xfe", b"%PDF-1.7 nothing", b"[" * 100_000],
)
def test_what_is_no_statement(keys: KeyStore, data: bytes) -> None:
    with pytest.raises(Refused) as refused:
        checked(data, keys)
    assert codes(refused)[0][0] == "statement_unreadable"


def test_revoked_and_superseded(store: Store, keys: KeyStore, release: Release, issued: StatementRecord) -> None:
    new = issue(
        store, "a", order(store.get("a", issued.footprint_id), supersedes=issued.id, why="newer data"), keys, release
    )
    found = checked(issued, keys, store)
    assert (found.outcome, found.superseded_by) == ("superseded", new.id)
    assert checked(new, keys, store).outcome == "valid"
    store.revoke_statement("a", new.id, "wrong meter")
    found = checked(new, keys, store)
    assert (found.outcome, found.findings[0].values["why"]) == ("revoked", "wrong meter")
    assert checked(new, keys).outcome == "valid"  # offline nobody can know
    assert [(e.event, e.why) for e in store.statement_events("a", new.id)] == [
        ("issued", ""),
        ("revoked", "wrong meter"),
    ]
    assert store.get_statement("a", new.id).document == new.document
    for change in (
        lambda: store.revoke_statement("a", new.id, "again"),
        lambda: store.supersede_statement("a", new.id, issued.id, ""),
        lambda: store.supersede_statement("a", issued.id, new.id, ""),
    ):
        with pytest.raises(Refused) as refused:
            change()
        assert refused.value.status == 409


def test_another_organisation_finds_no_statement(store: Store, issued: StatementRecord) -> None:
    assert store.known_statement("b", issued.id) is None
    assert store.list_statements("b", Page(10)) == ([], 0, None)
    for change in (
        lambda: store.get_statement("b", issued.id),
        lambda: store.statement_events("b", issued.id),
        lambda: store.revoke_statement("b", issued.id, "x"),
        lambda: store.supersede_statement("b", issued.id, issued.id, "x"),
    ):
        with pytest.raises(NotFound):
            change()
    assert store.get_statement("a", issued.id).status == "issued"


def test_an_expired_statement_is_told(keys: KeyStore, issued: StatementRecord) -> None:
    document = signed({**statement(issued), "valid_until": "2020-01-01"}, keys)
    found = checked(json.dumps(document).encode(), keys)
    assert (found.outcome, found.findings[0].code) == ("expired", "statement_past")


def test_a_statement_that_was_signed_with_other_figures_is_not_reproduced(
    store: Store, keys: KeyStore, issued: StatementRecord
) -> None:
    body = statement(issued)
    body["stages"][1]["value"] *= 1 + 2e-15
    data = json.dumps(signed(body, keys)).encode()
    found = verify(data, keys.jwks(), None, lambda s: recompute(store, "a", s))
    assert (found.outcome, found.recomputed) == ("not_reproduced", False)
    assert [d.pointer for d in found.differences] == ["/stages/1/value"]
    assert checked(data, keys, store).outcome == "altered"  # the text on record is another


@pytest.mark.parametrize("part", ["provenance", "customer", "checklist", "cbam", "valid_until"])
def test_a_signed_text_of_another_form_cannot_be_solved_again(
    store: Store, keys: KeyStore, issued: StatementRecord, part: str
) -> None:
    data = json.dumps(signed({**statement(issued), part: 3}, keys)).encode()
    found = verify(data, keys.jwks(), None, lambda s: recompute(store, "a", s))
    assert (found.outcome, found.findings[0].code) == ("not_reproduced", "statement_not_of_this_form")


def test_a_changed_rule_file_is_found(
    store: Store, keys: KeyStore, release: Release, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "rules" / "house-beer" / "1.0.0"
    folder.mkdir(parents=True)
    text = (PROJECT / "product_rules" / "beer" / "1.1.0" / "rule.yaml").read_text(encoding="utf-8")
    lines = [
        "id: house-beer" if line.startswith("id:") else "version: 1.0.0" if line.startswith("version:")
        else "categories: [house-beer]" if line.startswith("categories:") else line
        for line in text.splitlines()
    ]  # fmt: skip
    rule = folder / "rule.yaml"
    rule.write_text("\n".join(lines) + "\n", encoding="utf-8")
    monkeypatch.setenv("LCAENGINE_RULES", str(tmp_path / "rules"))
    document = craft()
    document["product"]["category"] = "house-beer"
    record = issue(store, "a", order(kept(store, document, release)), keys, release)
    assert checked(record, keys, store, again=True).outcome == "valid"
    os.utime(rule, (time.time() + 5, time.time() + 5))
    rule.write_text(rule.read_text(encoding="utf-8") + "\n# changed\n", encoding="utf-8")
    found = checked(record, keys, store, again=True)
    assert (found.outcome, [p.code for p in found.findings]) == ("not_reproduced", ["rule_changed"])
    shutil.rmtree(tmp_path / "rules")
    found = checked(record, keys, store, again=True)
    assert (found.outcome, [p.code for p in found.findings]) == ("not_reproduced", ["unknown_rule"])


def test_a_changed_record_is_found(store: Store, keys: KeyStore, issued: StatementRecord) -> None:
    document = craft()
    document["lines"][0]["amount"] += 1
    unprotect(store.engine, "footprints")
    with store.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE footprints SET document = ?", (json.dumps(document),))
    found = checked(issued, keys, store, again=True)
    assert found.outcome == "not_reproduced"
    places = {d.pointer for d in found.differences}
    assert {"/total/value", "/stages/0/value", "/lines/0/value", "/provenance/document_sha256"} <= places


def test_the_json_attached_to_a_pdf_is_verified(keys: KeyStore, issued: StatementRecord, tmp_path: Path) -> None:
    pypdf = pytest.importorskip("pypdf")
    for attachments, outcome in (
        ([issued.document], "valid"),
        ([issued.document.replace("Imports", "Exports")], "altered"),
        ([], None),
    ):
        writer = pypdf.PdfWriter()
        writer.add_blank_page(100, 100)
        for text in attachments:
            writer.add_attachment("statement.json", text.encode())
        writer.write(tmp_path / "x.pdf")
        data = (tmp_path / "x.pdf").read_bytes()
        if outcome is None:
            with pytest.raises(Refused) as refused:
                checked(data, keys)
            assert codes(refused) == [("statement_no_attachment", "")]
            continue
        found = checked(data, keys)
        assert (found.outcome, found.covers) == (outcome, "attachment")


def test_differences_are_exact() -> None:
    assert list(differences({"a": [1, 2.0]}, {"a": [1.0, 2]})) == []
    found = [
        d.as_dict() for d in differences({"a/b": [1, True], "c": 0.1}, {"a/b": [1, 1, None], "c": 0.1 + 1e-18, "~": 0})
    ]
    assert found == [
        {"pointer": "/a~1b/1", "stated": True, "found": 1},
        {"pointer": "/a~1b/2", "stated": None, "found": None},
        {"pointer": "/~0", "stated": None, "found": 0},
    ]


# -- the command line


@pytest.fixture
def at_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LCAENGINE_DATABASE", f"sqlite:///{tmp_path / 'home.sqlite'}")
    monkeypatch.setenv("LCAENGINE_KEYS", str(tmp_path / "keys"))
    return tmp_path


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, list(arguments), env={"COLUMNS": "200"})


def done(*arguments: str) -> str:
    result = run(*arguments)
    assert result.exit_code == 0, result.output
    return result.stdout


def test_the_way_of_a_statement_on_the_command_line(at_home: Path) -> None:
    first, second, public = (str(at_home / name) for name in ("first.json", "second.json", "jwks.json"))
    assert "No keys yet" in done("keys", "list", "--lang", "en")
    done("statement", "issue", str(CRAFT), "--customer", "Üser [bold]& Söhne", "--depth", "lines", "--out", first)
    assert "完全一致" in done("statement", "verify", first, "--recompute", "--lang", "zh")
    Path(public).write_text(done("keys", "list", "--jwks"))
    assert "was not asked" in done("statement", "verify", first, "--key", public, "--lang", "en")
    body = json.loads(Path(first).read_text(encoding="utf-8"))["statement"]
    done("statement", "issue", body["provenance"]["footprint"], "--customer", "B", "--out", second)
    done("keys", "rotate")
    new = json.loads(Path(second).read_text(encoding="utf-8"))["statement"]["id"]
    listed = done("statement", "list", "--lang", "en")
    assert "Üser [bold]& Söhne" in listed
    assert body["id"] in listed
    done("statement", "supersede", body["id"], new, "--why", "newer")
    result = run("statement", "verify", first, "--json")
    assert (result.exit_code, json.loads(result.stdout)["superseded_by"]) == (1, new)
    done("statement", "revoke", new, "--why", "电表读数有误")
    result = run("statement", "verify", second, "--lang", "zh")
    assert result.exit_code == 1
    assert "电表读数有误" in result.stdout
    assert json.loads(done("statement", "list", "--json"))["count"] == 2


def test_nothing_private_is_printed(at_home: Path) -> None:
    out = str(at_home / "s.json")
    printed = done("statement", "issue", str(CRAFT), "--customer", "A", "--out", out, "--json")
    (path,) = (at_home / "keys").glob("*.json")
    secret = json.loads(path.read_text())["jwk"]["d"]
    for arguments in (
        ("keys", "list"),
        ("keys", "list", "--json"),
        ("keys", "list", "--jwks"),
        ("keys", "rotate", "--json"),
        ("statement", "verify", out),
    ):
        printed += done(*arguments)
    assert secret not in printed + Path(out).read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("issue", str(INVENTORIES / "shandong-lager-plant.json"), "--customer", "A"), "statement_several_products"),
        (("issue", "nothing", "--customer", "A"), "unknown_footprint"),
        (("issue", "nothing.json", "--customer", "A"), "no_file"),
        (("issue", str(CRAFT), "--customer", ""), "statement_bad_name"),
        (("issue", str(CRAFT), "--customer", "A", "--valid-until", "2020-01-01"), "statement_expired"),
        (("issue", str(CRAFT), "--customer", "A", "--supersedes", "nothing"), "statement_unknown"),
        (("verify", str(CRAFT)), "statement_unreadable"),
        (("verify", str(CRAFT), "--key", str(CRAFT)), "statement_bad_jwks"),
        (("verify", str(CRAFT), "--key", "http://127.0.0.1:1"), "statement_no_server"),
        (("revoke", "nothing", "--why", "x"), "statement_unknown"),
    ],
)
def test_bad_commands(at_home: Path, arguments: tuple[str, ...], code: str) -> None:
    result = run("statement", *arguments, "--lang", "en")
    assert result.exit_code == 2
    assert f"[{code}]" in result.stderr.replace("\n", "")


def test_the_documentation_lists_every_item_of_the_checklist() -> None:
    text = (PROJECT / "docs" / "statements.md").read_text(encoding="utf-8")
    for item in ITEMS:
        asked = "; ".join(f"{where} {name}".strip() for where, name in item.asked_by)
        row = (
            f"| `{item.id}` | {item.text['zh']} | {item.text['en']} | {asked} | {'yes' if item.required else 'named'} |"
        )
        assert row in text, row

"""The verifier's bundle: the same bytes every time, no file changed unseen, nothing harmful unpacked, every figure solved again."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import random
import stat
import struct
import zipfile
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from boms import canned
from cbam_installations import installation
from click.testing import CliRunner

from lcaengine.background import Release
from lcaengine.bom import bom_of
from lcaengine.cbam.installation import calculate_installation, installation_body
from lcaengine.cbam.installation.reading import installation_of
from lcaengine.cli import main
from lcaengine.footprint import body, calculate
from lcaengine.problems import Malformed, NotFound, Refused, TooLarge
from lcaengine.rules import find_rule
from lcaengine.statements import archive
from lcaengine.statements.archive import pack, unpack
from lcaengine.statements.bundle import bundle_of, check_bundle, make_bundle
from lcaengine.statements.bundle_content import pretty, table
from lcaengine.statements.issuing import CbamRequest, Order, issue
from lcaengine.statements.signing import KeyStore, signed
from lcaengine.statements.verifying import Verdict, verify
from lcaengine.store import Store, open_store
from lcaengine.store.evidence import Figure, add_evidence, remove_evidence

Json = dict[str, Any]
Files = dict[str, bytes]
PDF = b"%PDF-1.7\n%%EOF\n"
DOCUMENT = canned({"/site/name": "Example Brewery", "/period": {"start": "2025-01-01", "end": "2025-12-31"}})


class Case:
    """A signed statement of the canned lager with two evidence files, and its bundle."""

    def __init__(self, folder: Path, release: Release) -> None:
        self.release, self.keys = release, KeyStore(folder / "keys")
        self.store: Store = open_store(f"sqlite:///{folder / 'store.sqlite'}")
        answer = body(calculate(bom_of(DOCUMENT), find_rule("beer"), release))
        self.record = self.store.add("local", DOCUMENT, answer)
        order = Order(self.record.id, "Example Imports GmbH", "lines", cbam=CbamRequest(date(2026, 11, 1)))
        self.statement = issue(self.store, "local", order, self.keys, release)
        self.evidence = [
            add_evidence(self.store, "local", Figure("footprints", self.record.id, p), data, name, "王芳")
            for p, data, name in (("/lines/0/amount", PDF, "发票.pdf"), ("", b"meter 12", "meter.txt"))
        ]
        self.data = self.bundle()

    def bundle(self, organisation: str = "local", **options: Any) -> bytes:
        return bundle_of(self.store, organisation, self.statement.id, self.keys, release=self.release, **options)

    def check(self, data: bytes | Files, **options: Any) -> Verdict:
        packed = data if isinstance(data, bytes) else pack(data)
        return check_bundle(packed, self.keys.jwks(), **{"release": self.release, **options})

    @property
    def files(self) -> Files:
        return unpack(self.data)

    def resigned(self, files: Files) -> Files:
        """Files with a manifest that lists them as they are, signed with the issuer's own key."""
        manifest = json.loads(files["MANIFEST.json"])["statement"]
        manifest["files"] = [
            {"path": n, "sha256": hashlib.sha256(d).hexdigest(), "size": len(d)}
            for n, d in files.items()
            if n != "MANIFEST.json"
        ]
        return {**files, "MANIFEST.json": pretty(signed(manifest, self.keys))}


@pytest.fixture(scope="module")
def case(release: Release, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Case]:
    made = Case(tmp_path_factory.mktemp("bundle"), release)
    yield made
    made.store.engine.dispose()


def found(verdict: Verdict) -> set[tuple[str, str]]:
    return {(p.code, p.where) for p in verdict.findings}


def rows(data: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"))))


# -- what is inside


def test_a_bundle_is_valid_and_every_figure_comes_out_again(case: Case) -> None:
    verdict = case.check(case.data)
    assert verdict.as_dict() == {
        "outcome": "valid", "id": case.statement.id, "kid": case.keys.jwks()["keys"][0]["kid"], "superseded_by": None,
        "status_checked": False, "recomputed": True, "covers": "bundle", "findings": [], "differences": [],
    }  # fmt: skip


def test_the_bytes_are_the_same_every_time(case: Case) -> None:
    assert case.bundle() == case.data
    assert pack(dict(reversed(case.files.items()))) == case.data
    with zipfile.ZipFile(io.BytesIO(case.data)) as packed:
        assert packed.testzip() is None
        assert packed.namelist() == sorted(packed.namelist())


def test_everything_that_a_figure_rests_on_is_inside(case: Case) -> None:
    files, statement = case.files, json.loads(case.statement.document)["statement"]
    assert json.loads(files["statement.json"]) == json.loads(case.statement.document)
    assert files["inputs/bom.json"].decode() == case.record.document
    version = statement["provenance"]["rule"]["version"]
    rule = files[f"rules/beer/{version}/rule.yaml"]
    assert rule == (Path(find_rule_file("beer", version)).read_bytes())
    assert json.loads(files["release.json"])["id"] == statement["provenance"]["background"]["id"]
    evidence = json.loads(files["evidence/index.json"])
    assert {e["file_name"]: files[e["file"]] for e in evidence} == {"发票.pdf": PDF, "meter.txt": b"meter 12"}
    assert {e["entered_by"] for e in evidence} == {"王芳"}
    manifest = json.loads(files["MANIFEST.json"])["statement"]
    assert {f["path"]: f["sha256"] for f in manifest["files"]} == {
        n: hashlib.sha256(d).hexdigest() for n, d in files.items() if n != "MANIFEST.json"
    }


def find_rule_file(name: str, version: str) -> Path:
    from lcaengine.data import folder

    return folder("product_rules") / name / version / "rule.yaml"


def test_base_rules_are_inside(case: Case) -> None:
    """The rule of the washing machine extends that of household appliances."""
    document = json.loads(
        (find_rule_file("x", "y").parents[3] / "inventories/washing-machine/drum-10kg-cn.json").read_text()
    )
    answer = body(calculate(bom_of(document), find_rule(document["product"]["category"]), case.release))
    record = case.store.add("local", document, answer)
    order = Order(
        record.id, "Example Imports GmbH", "stages", issuer="Example Appliances", cbam=CbamRequest(date(2026, 11, 1))
    )
    kept = issue(case.store, "local", order, case.keys, case.release)
    data = bundle_of(case.store, "local", kept.id, case.keys, release=case.release)
    rules = [name for name in unpack(data) if name.startswith("rules/")]
    assert len(rules) >= 2
    verdict = case.check(data)
    assert (verdict.outcome, verdict.recomputed, verdict.findings) == ("valid", True, ())
    assert "evidence/index.json" not in unpack(data)


def test_installations_of_the_cbam_answer_are_inside(case: Case) -> None:
    """The answer is given again from the installations in the bundle; another installation is found."""
    given = installation()
    kept = case.store.add_cbam(
        "local", "installations", given, installation_body(calculate_installation(installation_of(given)))
    )
    add_evidence(case.store, "local", Figure("installations", kept.id), PDF, "report.pdf", "verifier")
    order = Order(
        case.record.id, "Example Imports GmbH", "lines", cbam=CbamRequest(date(2026, 11, 1), installations=(kept.id,))
    )
    statement = issue(case.store, "local", order, case.keys, case.release)
    data = bundle_of(case.store, "local", statement.id, case.keys, release=case.release)
    files, name = unpack(data), f"inputs/installations/{kept.id}.json"
    assert json.loads(files[name]) == given
    assert "report.pdf" in {e["file_name"] for e in json.loads(files["evidence/index.json"])}
    verdict = case.check(data)
    assert (verdict.outcome, verdict.recomputed, verdict.findings) == ("valid", True, ())
    without = {n: d for n, d in files.items() if n != name}
    assert ("statement_bundle_missing", name) in found(case.check(without))


def test_the_rows_multiply_and_add_up_to_the_total(case: Case) -> None:
    statement, calculated = json.loads(case.statement.document)["statement"], rows(case.files["calculation/rows.csv"])
    for row in calculated:
        assert float(row["amount"]) * float(row["score"]) == pytest.approx(float(row["value"]), rel=1e-12, abs=1e-15)
    assert sum(float(r["value"]) for r in calculated) == pytest.approx(statement["total"]["value"], rel=1e-12)
    by_line: dict[tuple[str, str], float] = {}
    for r in calculated:
        by_line[r["line"], r["stage"]] = by_line.get((r["line"], r["stage"]), 0.0) + float(r["value"])
    for line in statement["lines"]:
        assert by_line[line["line"], line["stage"]] == pytest.approx(line["value"], rel=1e-12, abs=1e-15)
    malt = next(
        r for r in calculated if r["line"] == "malt" and r["activity"] == "material"
    )  # 2 % of the beer are lost
    assert (float(malt["amount"]), malt["unit"], malt["rule_id"] != "") == (pytest.approx(11 * 1.02), "kg", True)


def test_processes_above_the_cut_off_with_exchanges_and_sources(case: Case) -> None:
    few, all_of_them = unpack(case.bundle(cut_off=0.2)), unpack(case.bundle(cut_off=0.0))
    for files in (few, case.files, all_of_them):
        index = json.loads(files["processes/index.json"])
        codes = [p["code"] for p in index["processes"]]
        assert {f"processes/{c}.json" for c in codes} == {n for n in files if n.startswith("processes/")} - {
            "processes/index.json"
        }
        left = index["left_out"]
        assert sum(p["gross_share"] for p in index["processes"]) + left["gross_share"] == pytest.approx(1, rel=1e-9)
        assert all(p["bought"] or p["gross_share"] >= index["cut_off"] for p in index["processes"])
        sources = {r["id"]: r["cited_by"].split() for r in rows(files["sources.csv"]) if "@" not in r["cited_by"]}
        for code in codes:
            for exchange in json.loads(files[f"processes/{code}.json"])["exchanges"]:
                assert code in sources[exchange["source"]]
    counts = [len(f) for f in (few, case.files, all_of_them)]
    assert counts == sorted(set(counts))
    assert json.loads(all_of_them["processes/index.json"])["left_out"]["count"] == 0
    assert case.check(pack(few)).outcome == "valid"


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_readme_follows_a_figure_that_is_there(case: Case, language: str) -> None:
    text = case.files[f"README.{language}.md"].decode()
    largest = max(rows(case.files["calculation/rows.csv"]), key=lambda r: abs(float(r["value"])))
    for shown in (
        f"{float(largest['amount']):.6g} {largest['unit']}", f"{float(largest['value']):.6g} kg CO2e", largest["rule_id"],
        largest[f"process_{language}"], f"processes/{largest['process']}.json", case.statement.id, "lcaengine statement verify",
    ):  # fmt: skip
        assert shown in text
    assert ("如何追溯" in text) is (language == "zh")
    assert "{" not in text


def test_no_text_is_a_formula_for_a_spreadsheet() -> None:
    data = table(("a", "b"), [{"a": "=HYPERLINK(1)", "b": -1.5}, {"a": "@x", "b": "+1"}, {"a": None, "b": "-2"}])
    assert data.decode("utf-8-sig").splitlines() == ["a,b", "'=HYPERLINK(1),-1.5", "'@x,'+1", ",'-2"]


def test_names_with_markup_do_not_reach_the_readme(case: Case) -> None:
    from lcaengine.statements.bundle_readme import _plain

    assert _plain("<script>\n# *a* [b](c) `d`") == "script a b(c) d"


# -- whose it is


def test_another_organisation_gets_no_bundle(case: Case) -> None:
    for stranger in ("b", "", "LOCAL"):
        with pytest.raises(NotFound):
            case.bundle(stranger)


def test_a_statement_of_another_footprint_is_refused(case: Case) -> None:
    other = case.store.add("local", DOCUMENT, json.loads(case.record.body))
    with pytest.raises(Refused) as error:
        make_bundle(json.loads(case.statement.document), other, case.keys, release=case.release)
    assert [p.code for p in error.value.problems] == ["statement_bundle_other_footprint"]


def test_removed_evidence_is_not_in_a_bundle(release: Release, tmp_path: Path) -> None:
    own = Case(tmp_path, release)
    remove_evidence(own.store, "local", own.evidence[0].id, "w", date(2099, 1, 1))
    assert [e["file_name"] for e in json.loads(unpack(own.bundle())["evidence/index.json"])] == ["meter.txt"]
    own.store.engine.dispose()


# -- tampering


def changed(data: bytes) -> bytes:
    """One digit or letter made another, so that the file may still be read."""
    for old, new in ((b"1", b"2"), (b"e", b"f")):
        if old in data:
            return data.replace(old, new, 1)
    return data + b" "


def test_a_change_in_any_file_is_found(case: Case) -> None:
    files = case.files
    for name in files:
        verdict = case.check({**files, name: changed(files[name])}, recompute=False)
        assert verdict.outcome == "altered", name
        if name not in ("MANIFEST.json", "statement.json"):
            assert ("statement_bundle_altered", name) in found(verdict)


def test_a_file_that_is_missing_or_added_is_found(case: Case) -> None:
    for name in case.files.keys() - {"MANIFEST.json", "statement.json"}:
        verdict = case.check({n: d for n, d in case.files.items() if n != name}, recompute=False)
        assert (verdict.outcome, found(verdict) >= {("statement_bundle_missing", name)}) == ("altered", True)
    verdict = case.check({**case.files, "evidence/more.pdf": PDF})
    assert (verdict.outcome, found(verdict)) == ("altered", {("statement_bundle_extra", "evidence/more.pdf")})


@pytest.mark.parametrize("name", ["MANIFEST.json", "statement.json"])
def test_without_manifest_or_statement_it_is_no_bundle(case: Case, name: str) -> None:
    with pytest.raises(Malformed) as error:
        case.check({n: d for n, d in case.files.items() if n != name})
    assert [p.code for p in error.value.problems] == ["statement_bundle_no_manifest"]


def test_a_flipped_bit_anywhere_is_found(case: Case) -> None:
    """At 600 places of the zip: in files, in headers, in the directory."""
    chosen = random.Random(6)
    places = [*chosen.sample(range(len(case.data)), 400), *range(len(case.data) - 200, len(case.data))]
    for place in places:
        flipped = bytearray(case.data)
        flipped[place] ^= 1 << chosen.randrange(8)
        try:
            outcome = case.check(bytes(flipped), recompute=False).outcome
        except Refused:
            continue
        assert outcome == "altered", place


def test_bytes_around_the_zip_are_found(case: Case) -> None:
    for data in (b"#!/bin/sh\n" + case.data, case.data + b"\0"):
        try:
            assert case.check(data).outcome == "altered"
        except Malformed:
            continue


def test_a_changed_figure_of_the_statement_is_named(case: Case) -> None:
    document = json.loads(case.files["statement.json"])
    value = document["statement"]["total"]["value"]
    document["statement"]["total"]["value"] = value / 2
    verdict = case.check({**case.files, "statement.json": pretty(document)})
    assert verdict.outcome == "altered"
    assert ("statement_altered_signature", "") in found(verdict)
    assert [(d.pointer, d.stated, d.found) for d in verdict.differences] == [("/total/value", value / 2, value)]


def test_what_the_issuer_signed_but_did_not_calculate_is_not_reproduced(case: Case) -> None:
    """A manifest that the issuer's own key signed, over a row and a process that nobody calculated."""
    files = case.files
    index = json.loads(files["processes/index.json"])
    index["processes"][0]["value"] *= 1.001
    files["processes/index.json"] = pretty(index)
    table_of = files["calculation/rows.csv"].decode()
    first = rows(files["calculation/rows.csv"])[0]["value"]
    files["calculation/rows.csv"] = table_of.replace(f",{first},", f",{float(first) * 1.5!r},", 1).encode()
    verdict = case.check(case.resigned(files))
    assert (verdict.outcome, verdict.recomputed) == ("not_reproduced", False)
    assert {d.pointer for d in verdict.differences} == {
        "processes/index.json#/processes/0/value",
        "calculation/rows.csv#/0/value",
    }


def test_other_inputs_do_not_belong_to_the_statement(case: Case) -> None:
    """The issuer's own key cannot put another bill of materials under a statement either."""
    other = json.dumps(
        canned({"/lines/0/amount": 9, "/site/name": "Example Brewery", "/period": DOCUMENT["period"]})
    ).encode()
    verdict = case.check(case.resigned({**case.files, "inputs/bom.json": other}))
    assert verdict.outcome == "altered"
    assert ("statement_bundle_not_bound", "inputs/bom.json") in found(verdict)
    assert "/total/value" in {d.pointer for d in verdict.differences}


def test_the_last_digits_of_another_processor_are_no_difference(case: Case) -> None:
    files = case.files
    index = json.loads(files["processes/index.json"])
    index["processes"][0]["value"] *= 1 + 1e-13
    files["processes/index.json"] = pretty(index)
    assert case.check(case.resigned(files)).outcome == "valid"


def test_a_bundle_repacked_is_not_the_original(case: Case) -> None:
    again = io.BytesIO()
    with zipfile.ZipFile(again, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, data in case.files.items():
            packed.writestr(name, data)
    verdict = case.check(again.getvalue())
    assert (verdict.outcome, found(verdict)) == ("altered", {("statement_bundle_packing", "")})
    assert verdict.recomputed is True


# -- keys, status, release


def test_other_keys_and_no_keys(case: Case, tmp_path: Path) -> None:
    stranger = KeyStore(tmp_path / "keys")
    stranger.rotate()
    for jwks in (stranger.jwks(), None):
        verdict = check_bundle(case.data, jwks, release=case.release)
        assert (verdict.outcome, verdict.recomputed) == ("unknown_key", None)
        assert check_bundle(pack({**case.files, "sources.csv": b""}), jwks).outcome == "altered"
    manifest = json.loads(case.files["MANIFEST.json"])["statement"]
    forged = {**case.files, "MANIFEST.json": pretty(signed(manifest, stranger))}
    assert case.check(forged).outcome == "unknown_key"


def test_a_statement_is_no_manifest_and_a_manifest_no_statement(case: Case) -> None:
    files = case.files
    assert case.check({**files, "MANIFEST.json": files["statement.json"]}).outcome == "altered"
    with pytest.raises(Malformed):
        verify(files["MANIFEST.json"], case.keys.jwks())
    assert case.check(case.resigned({**files, "statement.json": files["MANIFEST.json"]})).outcome == "altered"


@pytest.mark.parametrize("name", ["inputs/bom.json", "calculation/rows.csv", "processes/index.json"])
@pytest.mark.parametrize("content", [b"{", b"\xff", None])
def test_what_a_stranger_has_packed_is_not_read(case: Case, tmp_path: Path, name: str, content: bytes | None) -> None:
    files = {**case.files, name: content} if content is not None else {k: v for k, v in case.files.items() if k != name}
    manifest = json.loads(files.pop("MANIFEST.json"))["statement"]
    manifest["files"] = [
        {"path": k, "sha256": hashlib.sha256(v).hexdigest(), "size": len(v)} for k, v in sorted(files.items())
    ]
    packed = pack({**files, "MANIFEST.json": pretty(signed(manifest, KeyStore(tmp_path / "stranger")))})
    verdict = check_bundle(packed, case.keys.jwks())
    assert (verdict.outcome, verdict.recomputed) == ("unknown_key", None)


@pytest.mark.parametrize("limit", ["MAX_BYTES", "MAX_ENTRIES"])
def test_what_verify_would_refuse_is_not_packed(case: Case, monkeypatch: pytest.MonkeyPatch, limit: str) -> None:
    monkeypatch.setattr(archive, limit, 5)
    with pytest.raises(TooLarge) as error:
        case.bundle()
    assert [p.code for p in error.value.problems] == ["statement_bundle_too_large"]


def test_a_revoked_statement_is_told(case: Case, release: Release, tmp_path: Path) -> None:
    own = Case(tmp_path, release)
    own.store.revoke_statement("local", own.statement.id, "wrong meter")
    verdict = own.check(own.data, status=lambda identifier: own.store.known_statement("local", identifier))
    assert (verdict.outcome, verdict.status_checked, verdict.recomputed) == ("revoked", True, True)
    own.store.engine.dispose()


def test_without_its_release_it_is_checked_but_not_solved_again(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    import lcaengine.statements.bundle_again as again

    monkeypatch.setattr(again, "release_inside", lambda *_: None)
    monkeypatch.setattr("lcaengine.statements.bundle.release_inside", lambda *_: None)
    verdict = case.check(case.data)
    assert (verdict.outcome, verdict.recomputed) == ("valid", None)
    assert {code for code, _ in found(verdict)} == {"statement_bundle_no_release"}


@pytest.mark.parametrize("identifier", ["../../etc", "", None, "0" * 64, "x" * 64])
def test_a_release_of_another_id_is_not_taken(case: Case, identifier: str | None) -> None:
    from lcaengine.statements.bundle_again import release_inside

    for given in (None, case.release):
        assert release_inside({"background": {"id": identifier}}, given) is None
    assert release_inside({"background": {"id": case.release.id}}, None) is not None


# -- harmful zips


def zipped(
    *entries: tuple[str, bytes],
    compression: int = zipfile.ZIP_STORED,
    change: Callable[[zipfile.ZipInfo], None] | None = None,
) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", compression) as packed:
        for name, data in entries:
            info = zipfile.ZipInfo(name)
            info.compress_type = compression
            if change:
                change(info)
            packed.writestr(info, data)
    return out.getvalue()


def codes(error: pytest.ExceptionInfo[Refused]) -> set[str]:
    return {p.code for p in error.value.problems}


@pytest.mark.parametrize(
    "name", ["../x", "a/../../x", "/etc/passwd", "C:/x", "a\\b", "a//b", "a/", ".x", "a/.x", "x\u202e", "名", "a b", "x" * 200, "a/b/c/d/e/f/g/h", "con:"]
)  # fmt: skip
def test_names_that_lead_elsewhere_are_refused(name: str) -> None:
    with pytest.raises(Malformed) as error:
        unpack(zipped(("ok", b"1"), (name, b"2")))
    assert codes(error) == {"statement_bundle_name"}


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("second", ["statement.json", "Statement.JSON"])
def test_a_name_given_twice_is_refused(second: str) -> None:
    with pytest.raises(Malformed) as error:
        unpack(zipped(("statement.json", b"1"), (second, b"2")))
    assert codes(error) == {"statement_bundle_twice"}


def test_a_bomb_is_refused_before_it_is_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "MAX_UNPACKED", 1_000_000)
    monkeypatch.setattr(archive, "_unpacked", lambda *_: pytest.fail("it was unpacked"))
    bomb = zipped(*((f"f{i}", b"\0" * 300_000) for i in range(4)), compression=zipfile.ZIP_DEFLATED)
    assert len(bomb) < 5_000
    with pytest.raises(TooLarge) as error:
        unpack(bomb)
    assert codes(error) == {"statement_bundle_too_large"}


def test_too_many_entries_are_refused_before_anything_is_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "_unpacked", lambda *_: pytest.fail("it was unpacked"))
    with pytest.raises(TooLarge):
        unpack(zipped(*((f"f{i}", b"") for i in range(archive.MAX_ENTRIES + 1))))
    with pytest.raises(TooLarge):
        unpack(b"PK" + bytes(archive.MAX_BYTES))


def test_an_entry_that_is_larger_than_it_says_is_damaged() -> None:
    data = zipped(("a", b"0" * 5_000), compression=zipfile.ZIP_DEFLATED)
    at = data.index(b"PK\x01\x02") + 24
    lying = data[:at] + struct.pack("<I", 10) + data[at + 4 :]
    with pytest.raises(archive.Damaged):
        unpack(lying)


def test_entries_that_share_bytes_are_refused() -> None:
    data = zipped(("a", b"0" * 100), ("b", b"0" * 100))
    second = data.index(b"PK\x01\x02", data.index(b"PK\x01\x02") + 1) + 42
    with pytest.raises(Malformed) as error:
        unpack(data[:second] + struct.pack("<I", 0) + data[second + 4 :])
    assert codes(error) == {"statement_bundle_entry"}


def _link(info: zipfile.ZipInfo) -> None:
    info.external_attr = (stat.S_IFLNK | 0o777) << 16


def test_links_and_other_packing_are_refused() -> None:
    for data in (zipped(("a", b"/etc/passwd"), change=_link), zipped(("a", b"x"), compression=zipfile.ZIP_BZIP2)):
        with pytest.raises(Malformed) as error:
            unpack(data)
        assert codes(error) == {"statement_bundle_entry"}
    encrypted = bytearray(zipped(("a", b"x")))
    encrypted[encrypted.index(b"PK\x01\x02") + 8] |= 1
    with pytest.raises(Malformed):
        unpack(bytes(encrypted))


@pytest.mark.parametrize("data", [b"", b"PK", b"PK\x05\x06" + bytes(18), b"%PDF-1.7", b"PK\x03\x04" + bytes(500)])
def test_what_is_no_bundle_is_refused(case: Case, data: bytes) -> None:
    with pytest.raises(Malformed):
        case.check(data)


# -- the command line


def test_bundle_and_verify_on_the_command_line(case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LCAENGINE_KEYS", str(case.keys.folder))
    database, file = ("--database", str(case.store.engine.url)), tmp_path / "bundle.zip"
    run = CliRunner().invoke
    made = run(main, ["statement", "bundle", case.statement.id, "--out", str(file), *database, "--lang", "en"])
    assert made.exit_code == 0, made.output
    assert file.read_bytes() == case.data
    for language, word in (("zh", "重新求解"), ("en", "Solved again")):
        shown = run(main, ["statement", "verify", str(file), *database, "--lang", language])
        assert (shown.exit_code, word in shown.output) == (0, True), shown.output
    file.write_bytes(pack({**case.files, "sources.csv": b"id\n"}))
    shown = run(main, ["statement", "verify", str(file), *database, "--json", "--lang", "en"])
    assert (shown.exit_code, json.loads(shown.stdout)["outcome"]) == (1, "altered")
    file.write_bytes(zipped(("../x", b"")))
    shown = run(main, ["statement", "verify", str(file), *database, "--lang", "en"])
    assert (shown.exit_code, "statement_bundle_name" in shown.stderr) == (2, True)

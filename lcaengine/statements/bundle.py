"""The verifier's bundle: a zip with everything that a figure of a statement rests on, and its check.

``MANIFEST.json`` has SHA-256 and size of every file and is signed as statements are, so that nothing in a bundle can be changed
unseen. What the calculation gives is solved again from the inputs and the rule inside, where the release is at hand.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from lcaengine import __version__
from lcaengine.background import Release
from lcaengine.problems import Malformed, Problem, Refused
from lcaengine.rules.library import rule_path
from lcaengine.rules.reading import read_yaml
from lcaengine.statements import signing
from lcaengine.statements.archive import Damaged, check_size, pack, unpack
from lcaengine.statements.bundle_again import Inside, release_inside
from lcaengine.statements.bundle_content import calculation_rows, derived_files, pretty, processes_used
from lcaengine.statements.bundle_readme import readmes
from lcaengine.statements.content import document_sha256
from lcaengine.statements.verifying import TYPE, Again, Status, Verdict, verify
from lcaengine.store import CbamRecord, Page, Record, Store, solved_again
from lcaengine.store.evidence import Evidence, evidence_file, list_evidence
from lcaengine.store.media import EXTENSIONS

Json = dict[str, Any]
MANIFEST, STATEMENT, KIND = "MANIFEST.json", "statement.json", "verifier_bundle"
CUT_OFF = 0.001
ALL = 2**31 - 1
_RANK = ("altered", "unknown_key", "not_reproduced", "revoked", "superseded", "expired", "valid")


def bundle_of(
    store: Store, organisation_id: str, identifier: str, keys: signing.KeyStore | None = None, cut_off: float = CUT_OFF,
    release: Release | None = None,
) -> bytes:  # fmt: skip
    """The bundle of a stored statement of an organisation, with the evidence files of its footprint and installations.

    Raises `NotFound`, also for another organisation's; else as `make_bundle`.
    """
    signed: Json = json.loads(store.get_statement(organisation_id, identifier).document)
    record = store.get(organisation_id, signed["statement"]["provenance"]["footprint"])
    asked = ((signed["statement"]["cbam"] or {}).get("assumed") or {}).get("installations", [])
    installations = [store.get_cbam(organisation_id, "installations", i) for i in asked]
    own = [("footprints", record.id), *(("installations", i.id) for i in installations)]
    found = [
        e
        for kind, name in own
        for e in list_evidence(store, organisation_id, Page(ALL, filters={"kind": kind, "record": name})).items
        if not e.removed
    ]
    evidence = [(e, evidence_file(store, organisation_id, e.id)) for e in found]
    return make_bundle(
        signed, record, keys or signing.KeyStore(), evidence=evidence, installations=installations, cut_off=cut_off, release=release
    )  # fmt: skip


def make_bundle(
    signed: Json, record: Record, keys: signing.KeyStore, *, evidence: Sequence[tuple[Evidence, bytes]] = (),
    installations: Sequence[CbamRecord] = (), cut_off: float = CUT_OFF, release: Release | None = None,
) -> bytes:  # fmt: skip
    """The zip of a signed statement of a footprint; the same bytes for the same content and key.

    ``cut_off``: processes whose own emissions are below this share of all (absolute values) are left out, unless they are
    bought directly. Raises `Refused` where the statement is of another footprint, as `lcaengine.store.solved_again` where the
    footprint cannot be solved again.
    """
    statement = signed["statement"]
    made = statement["provenance"]
    if made["footprint"] != record.id or made["document_sha256"] != document_sha256(record):
        raise Refused(Problem("statement_bundle_other_footprint", "", {"id": statement["id"], "footprint": record.id}))
    footprint = solved_again(record, release)
    rules = _rule_files(f"{made['rule']['id']}@{made['rule']['version']}")
    used = processes_used(footprint, cut_off)
    files = {
        STATEMENT: pretty(signed), "inputs/bom.json": record.document.encode(), **rules, **derived_files(footprint, cut_off),
        **{f"inputs/installations/{i.id}.json": i.document.encode() for i in installations},
        **_evidence_files(evidence), **readmes(statement, calculation_rows(footprint), used, len(evidence)),
    }  # fmt: skip
    manifest = {
        "type": KIND, "schema": 1, "statement": statement["id"], "footprint": record.id, "cut_off": cut_off,
        "rule": {**made["rule"], "files": list(rules)}, "background": made["background"], "engine": {"version": __version__},
        "files": [{"path": name, **_fingerprint(files[name])} for name in sorted(files)],
    }  # fmt: skip
    packed = pack({**files, MANIFEST: pretty(signing.signed(manifest, keys))})
    check_size(len(packed), len(files) + 1)
    return packed


def check_bundle(
    data: bytes, jwks: Json | None, status: Status | None = None, release: Release | None = None, recompute: bool = True
) -> Verdict:
    """Whether a bundle is what was packed and its statement holds; ``covers`` of the verdict is ``bundle``.

    Checksums, missing and further files, the packing, both signatures; where nothing is wrong with inputs and rule and the
    release is at hand (``release``, or built on this machine), every figure is solved again. ``recomputed`` is None where it is
    not. Raises `Malformed` or `TooLarge` for what is no bundle or could do harm, before anything is unpacked.
    """
    try:
        files = unpack(data)
    except Damaged as damaged:
        return Verdict("altered", findings=damaged.problems, covers="bundle")
    if MANIFEST not in files or STATEMENT not in files:
        raise Malformed(Problem("statement_bundle_no_manifest", "", {"names": [MANIFEST, STATEMENT]}))
    listed = _verified(files[MANIFEST], jwks, kind=KIND)
    manifest: Json = {}
    if listed.outcome != "altered":
        manifest = json.loads(files[MANIFEST])["statement"]
    if manifest and not _is_manifest(manifest):
        raise Malformed(Problem("statement_bundle_no_manifest", MANIFEST, {"names": [MANIFEST, STATEMENT]}))
    findings = [*_listed_problems(listed), *_file_problems(manifest, files, data)]
    trusted = listed.outcome not in ("altered", "unknown_key")  # what nobody known has signed is not read any further
    inside = Inside(files, manifest) if manifest and trusted and not _touches_inputs(findings) else None
    return _judged(files, manifest, inside, findings, (listed, jwks, status), release, recompute)


def _judged(
    files: Mapping[str, bytes], manifest: Json, inside: Inside | None, findings: list[Problem],
    asked: tuple[Verdict, Json | None, Status | None], release: Release | None, recompute: bool,
) -> Verdict:  # fmt: skip
    """The verdict of the statement, lowered by what is wrong with the bundle around it."""
    listed, jwks, status = asked
    found = release_inside(manifest, release) if inside is not None and recompute else None
    again = None if inside is None or found is None else lambda statement: inside.again(statement, found)
    verdict = _verified(files[STATEMENT], jwks, status, again)
    if verdict.outcome not in ("altered", "unknown_key") and inside is not None:
        findings += inside.binding_problems(json.loads(files[STATEMENT])["statement"])
    notes = []
    if recompute and found is None and inside is not None:
        notes.append(Problem("statement_bundle_no_release", "", {"release": str(manifest["background"]["id"])[:16]}))
    outcomes = [verdict.outcome, listed.outcome if listed.outcome in ("altered", "unknown_key") else "valid"]
    outcome = min([*outcomes, *(["altered"] if findings else [])], key=_RANK.index)
    told = dict.fromkeys((p.code, p.where) for p in verdict.findings)
    new = [p for p in (*findings, *notes) if (p.code, p.where) not in told]
    return replace(verdict, outcome=outcome, findings=(*verdict.findings, *new), covers="bundle")  # type: ignore[arg-type]


def _verified(
    data: bytes, jwks: Json | None, status: Status | None = None, again: Again | None = None, kind: str = TYPE
) -> Verdict:
    """The verdict of a signed document inside; what cannot even be read there was altered."""
    try:
        return verify(data, jwks, status, again, kind, open_inputs=True)
    except Malformed as error:
        return Verdict("altered", findings=error.problems)


def _rule_files(reference: str) -> dict[str, bytes]:
    """The file of a rule, that of its base, that of the base's base …, by their names in the bundle."""
    found: dict[str, bytes] = {}
    while reference:
        path = rule_path(reference)
        identifier, _, version = reference.partition("@")
        found[f"rules/{identifier}/{version}/rule.yaml"] = path.read_bytes().replace(b"\r\n", b"\n")
        reference = str(read_yaml(path).get("extends") or "")
    return found


def _evidence_files(evidence: Sequence[tuple[Evidence, bytes]]) -> dict[str, bytes]:
    """Files by their hash, and what is recorded of each: the name that somebody gave is nobody's path."""
    if not evidence:
        return {}
    ordered = sorted(evidence, key=lambda pair: (pair[0].record, pair[0].pointer, pair[0].version))
    paths = {e.sha256: f"evidence/{e.sha256}.{EXTENSIONS[e.media_type][0]}" for e, _ in ordered}
    index = [{**e.as_dict(), "file": paths[e.sha256]} for e, _ in ordered]
    return {"evidence/index.json": pretty(index), **{paths[e.sha256]: data for e, data in ordered}}


def _fingerprint(data: bytes) -> Json:
    return {"sha256": hashlib.sha256(data).hexdigest(), "size": len(data)}


# -- checking


def _is_manifest(manifest: Json) -> bool:
    try:
        named = [(str(f["sha256"]), int(f["size"])) for f in manifest["files"] if isinstance(f["path"], str)]
        complete = 0 < len(named) == len(manifest["files"]) and all(
            isinstance(manifest[k], dict) for k in ("rule", "background")
        )
        return complete and manifest["type"] == KIND and isinstance(manifest["rule"]["files"], list)
    except (KeyError, TypeError, ValueError):
        return False


def _listed_problems(listed: Verdict) -> Iterator[Problem]:
    """What is wrong with the manifest itself; that it has no end of validity is not."""
    if listed.outcome == "altered":
        yield from (replace(p, where=f"{MANIFEST}{p.where}") for p in listed.findings)


def _file_problems(manifest: Json, files: Mapping[str, bytes], data: bytes) -> Iterator[Problem]:
    """Files that are altered, missing or not listed; and a zip that was not packed by `make_bundle`."""
    if manifest:
        listed = {f["path"]: {"sha256": f["sha256"], "size": f["size"]} for f in manifest["files"]}
        for name in sorted({*listed, *files} - {MANIFEST}):
            if name not in files:
                yield Problem("statement_bundle_missing", name, {"name": name})
            elif name not in listed:
                yield Problem("statement_bundle_extra", name, {"name": name})
            elif _fingerprint(files[name]) != listed[name]:
                yield Problem("statement_bundle_altered", name, {"name": name})
    if pack(files) != data:
        yield Problem("statement_bundle_packing")


def _touches_inputs(findings: Sequence[Problem]) -> bool:
    """Whether something is wrong with what would be solved again."""
    return any(p.where.startswith((MANIFEST, "inputs/", "rules/")) for p in findings)

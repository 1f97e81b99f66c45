"""Solving a bundle again from nothing but what is inside, and the release."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Any

from lcaengine.background import Release, default_release
from lcaengine.background.release import release_by_id
from lcaengine.bom import bom_of
from lcaengine.bom.reading import json_document
from lcaengine.cbam.answer import Assumptions, cbam_answer
from lcaengine.cbam.installation import calculate_installation
from lcaengine.cbam.installation.reading import installation_of
from lcaengine.footprint import Footprint, calculate
from lcaengine.problems import NotFound, Problem, Refused
from lcaengine.rules import Rule
from lcaengine.rules.inherit import merged
from lcaengine.rules.lint import lint
from lcaengine.rules.reading import BadRule, parse
from lcaengine.rules.schema import rule_of
from lcaengine.rules.template import Override
from lcaengine.statements.bundle_content import derived_files
from lcaengine.statements.content import Particulars, content, document_sha256
from lcaengine.statements.differences import Difference, differences
from lcaengine.store import Record

Json = dict[str, Any]
AGREEMENT = 1e-9  # relative: another processor may round the last digits of a solve differently
INPUT = "inputs/bom.json"


def release_inside(manifest: Json, release: Release | None) -> Release | None:
    """The release that a bundle was calculated with: the one given, one built on this machine, the embedded one; else None."""
    identifier = str(manifest["background"].get("id"))
    if not re.fullmatch("[0-9a-f]{64}", identifier):  # it becomes the name of a folder
        return None
    if release is not None:
        return release if release.id == identifier else None
    try:
        return release_by_id(identifier)
    except NotFound:
        embedded = default_release()
        return embedded if embedded.id == identifier else None


@dataclass(frozen=True)
class Inside:
    """The inputs of a bundle whose manifest holds."""

    files: Mapping[str, bytes]
    manifest: Json

    def again(self, statement: Json, release: Release) -> Sequence[Difference]:
        """Everything that does not come out the same: of the statement, then of the files that the calculation gives.

        Raises `Refused` where the inputs cannot be used.
        """
        try:
            footprint, record = self._footprint(release), self._record(statement)
            found = content(record, footprint, self._particulars(statement, release))
            derived = derived_files(footprint, float(self.manifest["cut_off"]))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise Refused(Problem("statement_not_of_this_form", "", {"why": type(error).__name__})) from error
        moved = [*differences(statement, found), *self._derived(derived)]
        return [d for d in moved if not _agree(d.stated, d.found)]

    def binding_problems(self, statement: Json) -> Iterator[Problem]:
        """Where the signed statement is not the one of these inputs, this rule, this release."""
        made = statement.get("provenance", {})
        bound = {
            "statement": (self.manifest.get("statement"), statement.get("id")),
            INPUT: (document_sha256(self._record(statement)), made.get("document_sha256")),
            "rules/": (self._rule_sha256(), made.get("rule", {}).get("sha256")),
            "release.json": (self.manifest["background"].get("id"), made.get("background", {}).get("id")),
        }
        for name, (own, stated) in bound.items():
            if own != stated or own is None:
                yield Problem("statement_bundle_not_bound", name, {"name": name})

    def _derived(self, derived: Mapping[str, bytes]) -> Iterator[Difference]:
        for name in sorted(derived):
            kept = self.files.get(name)
            if kept is not None and kept != derived[name]:
                moved = differences(_read(name, kept), _read(name, derived[name]))
                yield from (replace(d, pointer=f"{name}#{d.pointer}") for d in moved)

    def _rule_files(self) -> list[bytes]:
        """The rule's own file, that of its base …; raises `KeyError` where one is not inside."""
        return [self.files[name] for name in self.manifest["rule"]["files"]]

    def _rule_sha256(self) -> str | None:
        try:
            return hashlib.sha256(b"".join(reversed(self._rule_files()))).hexdigest()
        except (KeyError, TypeError):
            return None

    def _rule(self) -> Rule:
        """The rule inside, laid over its bases as `lcaengine.rules.library` does; raises `BadRule`."""
        document: Json = {}
        overrides: tuple[Override, ...] = ()
        for data in reversed(self._rule_files()):
            own = parse(data, "rule.yaml")
            document, overrides = merged(document, own) if document else (own, ())
        rule = rule_of(document, str(self._rule_sha256()), overrides)
        if problems := list(lint(rule)):
            raise BadRule(problems)
        return rule

    def _footprint(self, release: Release) -> Footprint:
        return calculate(bom_of(json_document(self.files[INPUT])), self._rule(), release)

    def _record(self, statement: Json) -> Record:
        """The record as far as a statement needs it."""
        made = statement.get("provenance", {})
        body = {"engine": made.get("engine"), "created": made.get("calculated")}
        rule = self.manifest["rule"]
        return Record(
            id=str(made.get("footprint")), created=datetime.now(UTC), category="", rule_version=str(rule.get("version")),
            rule_sha256=str(rule.get("sha256")), background_id=str(self.manifest["background"].get("id")),
            document=self.files[INPUT].decode("utf-8"), body=json.dumps(body),
        )  # fmt: skip

    def _particulars(self, statement: Json, release: Release) -> Particulars:
        reasons = {e["item"]: e["reason"] for e in statement["checklist"] if e["status"] == "not_applicable"}
        return Particulars(
            statement["depth"], statement["customer"]["name"], statement["issuer"], date.fromisoformat(statement["valid_until"]),
            self._cbam(statement, release), reasons, statement["id"], statement["issued"],
        )  # fmt: skip

    def _cbam(self, statement: Json, release: Release) -> Json | None:
        """The CBAM answer again, from the installations inside and the tables of this engine."""
        if statement["cbam"] is None:
            return None
        asked = statement["cbam"]["assumed"]
        inside = [json_document(self.files[f"inputs/installations/{i}.json"]) for i in asked["installations"]]
        results = [calculate_installation(installation_of(document)) for document in inside]
        assumed = Assumptions(date.fromisoformat(asked["on"]), asked["quarter"], asked["price"])
        return {**cbam_answer(bom_of(json_document(self.files[INPUT])), release, results, assumed), "assumed": asked}


def _read(name: str, data: bytes) -> Any:
    """A JSON file, or a table as a list of rows with its numbers."""
    if name.endswith(".json"):
        return json.loads(data)
    rows = csv.DictReader(io.StringIO(data.decode("utf-8-sig")))
    return [{k: _number(v) if k in ("amount", "score", "value") else v for k, v in row.items()} for row in rows]


def _number(text: str) -> float | str:
    try:
        return float(text)
    except ValueError:
        return text


def _agree(stated: Any, found: Any) -> bool:
    numbers = [isinstance(v, (int, float)) and not isinstance(v, bool) for v in (stated, found)]
    return all(numbers) and math.isclose(stated, found, rel_tol=AGREEMENT, abs_tol=1e-12)

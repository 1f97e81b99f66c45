"""Product category rules: reading them, and keeping versions, with optimistic locking by ETag and If-Match."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

from flask import Response, json, request, url_for
from flask.views import MethodView
from flask_smorest import Blueprint

from lcaengine.bom.reading import json_document
from lcaengine.bom.schema import BomSchema
from lcaengine.problems import NotFound, Problem, Refused
from lcaengine.rules import Rule, find_rule, list_rules, load_rule
from lcaengine.rules.history import Entry, file_sha256
from lcaengine.rules.library import rule_files, rule_history, rule_state, version_order
from lcaengine.rules.reading import BadRule
from lcaengine.rules.shown import rule_body, rule_entry
from lcaengine.upkeep import drafts, publishing
from lcaengine.upkeep.beside import INVENTORIES, TESTS, Kind, file_beside, files_beside, put_beside
from lcaengine.upkeep.difference import difference
from lcaengine.upkeep.impact import impact, inventory_cases, record_cases
from lcaengine.upkeep.linting import lint_file
from lcaengine.upkeep.testing import run_tests

from . import schemas
from .boms import UnsupportedMedia
from .context import language, organisation, services
from .etags import if_match, tagged
from .paging import listed, part_of
from .tables import RULES, wanted

blueprint = Blueprint("rules", __name__, url_prefix="/v1/rules", description="Product category rules 产品种类规则")

YAML = ("text/yaml", "application/yaml")
YAML_BODY = {"required": True, "content": {YAML[0]: {"schema": {"type": "string", "description": "docs/rules.md"}}}}
IF_MATCH = {
    "in": "header", "name": "If-Match", "schema": {"type": "string"},
    "description": "ETag of the version as the writer has seen it",
}  # fmt: skip
NEEDED_IF_MATCH = {**IF_MATCH, "required": True}
ETAG = {"ETag": {"schema": {"type": "string"}}}


def _json_body(schema: Any) -> dict[str, Any]:
    return {"required": True, "content": {"application/json": {"schema": schema}}}


@blueprint.route("")
class Rules(MethodView):
    @blueprint.doc(operationId="listRules")
    @blueprint.arguments(schemas.RulesQuery, location="query")
    @blueprint.response(200, schemas.ItemPage)
    @schemas.problem(blueprint, 422, "a query parameter is not valid")
    def get(self, query: dict[str, Any]) -> Response:
        """The rules and their versions."""
        rules = sorted(list_rules(), key=_place, reverse=query["sort"].startswith("-"))
        return listed(lambda page: part_of(rules, page, _reference), query, rule_entry, RULES)


@blueprint.route("/<string:identifier>")
class OneRule(MethodView):
    @blueprint.doc(operationId="getRule")
    @blueprint.response(200, schemas.Rule)
    @schemas.problem(blueprint, 404, "no such rule")
    @schemas.problem(blueprint, 422, "the rule cannot run")
    def get(self, identifier: str) -> Response:
        """The version of a rule in force: requirements, parameters with evidence, roles, activities, guardrails."""
        return _answer(rule_body(find_rule(identifier)))


@blueprint.route("/<string:identifier>/versions")
class RuleVersions(MethodView):
    @blueprint.doc(operationId="listRuleVersions")
    @blueprint.response(200, schemas.RuleVersions)
    @schemas.problem(blueprint, 404, "no such rule")
    @schemas.problem(blueprint, 422, "the history cannot be read")
    def get(self, identifier: str) -> Response:
        """The versions of a rule with state, hash, history, and the problems of one that does not load."""
        items = [_version_entry(path) for path in _files(identifier)]
        return _answer({"id": identifier, "items": items, "count": len(items)})


@blueprint.route("/<string:identifier>/versions/<string:version>")
class RuleVersion(MethodView):
    @blueprint.doc(operationId="getRuleVersion")
    @blueprint.response(200, schemas.RuleVersion, headers=ETAG)
    @schemas.problem(blueprint, 404, "no such version")
    @schemas.problem(blueprint, 422, "the version cannot run")
    def get(self, identifier: str, version: str) -> Response:
        """One version, with what stands beside it; its ETag is the SHA-256 of its file.

        With `Accept: text/yaml` the file itself; only that is answered 304.
        """
        path = _file(identifier, version)
        if wanted("application/json", *YAML) in YAML:
            response = _file_answer(path, YAML[0])
        else:  # state, tests and inventories change without the file: never 304
            beside = {kind.folder: _beside(path, kind) for kind in (TESTS, INVENTORIES)}
            response = _answer({**rule_body(load_rule(path)), **beside})
            response.set_etag(file_sha256(path))
        response.headers["Vary"] = "Accept"
        return response

    @blueprint.doc(operationId="putRuleVersion", requestBody=YAML_BODY, parameters=[IF_MATCH])
    @blueprint.response(200, schemas.RuleVersionEntry, description="changed")
    @blueprint.alt_response(201, schema=schemas.RuleVersionEntry, description="created")
    @schemas.problem(blueprint, 404, "no such rule")
    @schemas.problem(blueprint, 409, "published, or no folder to write to")
    @schemas.problem(blueprint, 412, "changed meanwhile")
    @schemas.problem(blueprint, 413, "too large")
    @schemas.problem(blueprint, 415, "wrong type")
    @schemas.problem(blueprint, 422, "cannot be used")
    @schemas.problem(blueprint, 428, "If-Match is missing")
    def put(self, identifier: str, version: str) -> Response:
        """Create a draft, or change one (then with If-Match). A rule that would not load is refused."""
        _check_media(*YAML)
        path, created = drafts.put_draft(identifier, version, request.get_data(), if_match(), organisation())
        response = _answer(_version_entry(path), 201 if created else 200)
        response.set_etag(file_sha256(path))
        if created:
            response.headers["Location"] = url_for("rules.RuleVersion", identifier=identifier, version=version)
        return response


@blueprint.route("/<string:identifier>/versions/<string:version>/tests/<string:name>")
class RuleVersionTest(MethodView):
    @blueprint.doc(operationId="getRuleTest")
    @blueprint.response(200, {"type": "string"}, content_type="text/yaml", headers=ETAG)
    @schemas.problem(blueprint, 404, "no such file")
    def get(self, identifier: str, version: str, name: str) -> Response:
        """A file of tests beside a version."""
        return _file_answer(file_beside(_file(identifier, version), TESTS, name), "text/yaml")

    @blueprint.doc(operationId="putRuleTest", requestBody=YAML_BODY, parameters=[IF_MATCH])
    @blueprint.response(200, schemas.FileEntry, description="changed", headers=ETAG)
    @blueprint.alt_response(201, schema=schemas.FileEntry, description="created")
    @schemas.problem(blueprint, 404, "no such version")
    @schemas.problem(blueprint, 409, "published, or not in the folder that is written to")
    @schemas.problem(blueprint, 412, "changed meanwhile")
    @schemas.problem(blueprint, 413, "too large")
    @schemas.problem(blueprint, 415, "wrong type")
    @schemas.problem(blueprint, 422, "cannot be used")
    @schemas.problem(blueprint, 428, "If-Match is missing")
    def put(self, identifier: str, version: str, name: str) -> Response:
        """Create a file of tests beside a draft, or change one (then with If-Match)."""
        return _put_beside(identifier, version, TESTS, name, *YAML)


@blueprint.route("/<string:identifier>/versions/<string:version>/inventories/<string:name>")
class RuleVersionInventory(MethodView):
    @blueprint.doc(operationId="getRuleInventory")
    @blueprint.response(200, BomSchema, content_type="application/json", headers=ETAG)
    @schemas.problem(blueprint, 404, "no such file")
    def get(self, identifier: str, version: str, name: str) -> Response:
        """A worked inventory beside a version."""
        return _file_answer(file_beside(_file(identifier, version), INVENTORIES, name), "application/json")

    @blueprint.doc(operationId="putRuleInventory", requestBody=_json_body(BomSchema), parameters=[IF_MATCH])
    @blueprint.response(200, schemas.FileEntry, description="changed", headers=ETAG)
    @blueprint.alt_response(201, schema=schemas.FileEntry, description="created")
    @schemas.problem(blueprint, 400, "cannot be read")
    @schemas.problem(blueprint, 404, "no such version")
    @schemas.problem(blueprint, 409, "published, or not in the folder that is written to")
    @schemas.problem(blueprint, 412, "changed meanwhile")
    @schemas.problem(blueprint, 413, "too large")
    @schemas.problem(blueprint, 415, "wrong type")
    @schemas.problem(blueprint, 422, "cannot be used")
    @schemas.problem(blueprint, 428, "If-Match is missing")
    def put(self, identifier: str, version: str, name: str) -> Response:
        """Create a worked inventory beside a draft, or change one (then with If-Match): a bill of materials."""
        return _put_beside(identifier, version, INVENTORIES, name, "application/json")


@blueprint.route("/<string:identifier>/versions/<string:version>/tests")
class RuleVersionTests(MethodView):
    @blueprint.doc(operationId="runRuleTests")
    @blueprint.response(200, schemas.RuleTests)
    @schemas.problem(blueprint, 404, "no such version")
    @schemas.problem(blueprint, 422, "the version or a file of tests cannot be used")
    def post(self, identifier: str, version: str) -> Response:
        """Run the tests beside a version. Nothing is stored."""
        path = _file(identifier, version)
        found = run_tests(load_rule(path), path, services().release)
        return _answer({
            "id": identifier, "version": version, "count": len(found), "passed": bool(found) and all(r.passed for r in found),
            "tests": [r.as_dict(language()) for r in found],
        })  # fmt: skip


@blueprint.route("/<string:identifier>/versions/<string:version>/lint")
class RuleVersionLint(MethodView):
    @blueprint.doc(operationId="lintRuleVersion")
    @blueprint.response(200, schemas.RuleFindings)
    @schemas.problem(blueprint, 404, "no such version")
    @schemas.problem(blueprint, 422, "the history cannot be read")
    def get(self, identifier: str, version: str) -> Response:
        """What is wrong with a version, with line and next action; also of one that does not load."""
        findings = [f.as_dict(language()) for f in lint_file(_file(identifier, version), services().release)]
        return _answer({"id": identifier, "version": version, "count": len(findings), "findings": findings})


def _moves(operation: str, conflict: str, unusable: str) -> Callable[[Any], Any]:
    """What the endpoints that change the state of a version have in common, for OpenAPI."""
    answers = {400: "cannot be read", 404: "no such version", 409: conflict, 412: "changed meanwhile", 413: "too large",
               415: "wrong type", 422: unusable, 428: "If-Match is missing"}  # fmt: skip

    def described(view: Any) -> Any:
        for status in reversed(answers):
            view = schemas.problem(blueprint, status, answers[status])(view)
        view = blueprint.response(200, schemas.RuleVersionEntry)(view)
        body = _json_body(schemas.WordsBody)
        return blueprint.doc(operationId=operation, requestBody=body, parameters=[NEEDED_IF_MATCH])(view)

    return described


@blueprint.route("/<string:identifier>/versions/<string:version>/review")
class ReviewRuleVersion(MethodView):
    @_moves("reviewRuleVersion", "published already, or not in the folder that is written to", "the version cannot run")
    def post(self, identifier: str, version: str) -> Response:
        """Put a draft up for review."""
        return _move(identifier, version, publishing.review)


@blueprint.route("/<string:identifier>/versions/<string:version>/publish")
class PublishRuleVersion(MethodView):
    @_moves(
        "publishRuleVersion",
        "published already, or not in the folder that is written to",
        "something that publishing asks for is missing",
    )
    def post(self, identifier: str, version: str) -> Response:
        """Publish a version; its predecessor becomes superseded. Refused with everything that is missing."""
        return _move(identifier, version, _publish)


@blueprint.route("/<string:identifier>/versions/<string:version>/withdraw")
class WithdrawRuleVersion(MethodView):
    @_moves("withdrawRuleVersion", "not published, or not in the folder that is written to", "the version cannot run")
    def post(self, identifier: str, version: str) -> Response:
        """Take a published version out of force; what was calculated with it stays readable."""
        return _move(identifier, version, publishing.withdraw)


@blueprint.route("/<string:identifier>/diff")
class RuleDiff(MethodView):
    @blueprint.doc(operationId="diffRules")
    @blueprint.arguments(schemas.DiffQuery, location="query")
    @blueprint.response(200, schemas.RuleDifference)
    @schemas.problem(blueprint, 404, "no such version")
    def get(self, query: dict[str, Any], identifier: str) -> Response:
        """What differs between two versions, by section, in both languages."""
        return _answer(difference(_rule(identifier, query["old"]), _rule(identifier, query["new"])).as_dict())


@blueprint.route("/<string:identifier>/impact")
class RuleImpact(MethodView):
    @blueprint.doc(operationId="impactOfRule", requestBody=_json_body(schemas.DiffQuery))
    @blueprint.response(200, schemas.RuleImpact)
    @schemas.problem(blueprint, 400, "cannot be read")
    @schemas.problem(blueprint, 404, "no such version")
    @schemas.problem(blueprint, 413, "too large")
    @schemas.problem(blueprint, 415, "wrong type")
    @schemas.problem(blueprint, 422, "cannot be used")
    def post(self, identifier: str) -> Response:
        """The worked inventories and the organisation's stored bills of materials under both versions."""
        given = _posted("old", "new")
        path = _file(identifier, given["new"])
        old, new = _rule(identifier, given["old"]), load_rule(path)
        cases = [*inventory_cases(new, path), *record_cases(services().store, organisation(), old, new)]
        return _answer(impact(old, new, cases, services().release).as_dict(language()))


def _place(rule: Rule) -> tuple[str, tuple[int, ...]]:
    return rule.id, version_order(rule.version)


def _reference(rule: Rule) -> str:
    return f"{rule.id}@{rule.version}"


def _files(identifier: str) -> list[Path]:
    """The files of all versions of a rule, oldest first; raises `NotFound`."""
    found = [path for path in rule_files() if path.parent.parent.name == identifier]
    if not found:
        known = sorted({path.parent.parent.name for path in rule_files()})
        raise NotFound(Problem("unknown_rule", "", {"rule": identifier, "known": known}))
    return sorted(found, key=_order)


def _order(path: Path) -> tuple[int, ...]:
    try:
        return version_order(path.parent.name)
    except ValueError:
        return ()


def _file(identifier: str, version: str) -> Path:
    found = next((path for path in _files(identifier) if path.parent.name == version), None)
    if found is None:
        known = [f"{identifier}@{path.parent.name}" for path in _files(identifier)]
        raise NotFound(Problem("unknown_reference", "", {"reference": f"{identifier}@{version}", "known": known}))
    return found


def _rule(identifier: str, version: str) -> Rule:
    return load_rule(_file(identifier, version))


def _version_entry(path: Path) -> dict[str, Any]:
    """A version as a line of a list."""
    identifier, version = path.parent.parent.name, path.parent.name
    try:
        load_rule(path)
        problems: list[dict[str, Any]] = []
    except BadRule as bad:
        problems = [p.as_dict(language()) for p in bad.problems]
    return {
        "id": identifier, "version": version, "state": rule_state(path), "sha256": file_sha256(path),
        "history": [dataclasses.asdict(e) for e in rule_history(path) if e.version == version], "problems": problems,
        "links": {"self": f"/v1/rules/{identifier}/versions/{version}"},
    }  # fmt: skip


def _beside(path: Path, kind: Kind) -> list[dict[str, Any]]:
    return [_file_entry(path, kind, file) for file in files_beside(path, kind).values()]


def _file_entry(path: Path, kind: Kind, file: Path) -> dict[str, Any]:
    """A file beside a rule as a line of a list."""
    owner = f"/v1/rules/{path.parent.parent.name}/versions/{path.parent.name}"
    return {"name": file.stem, "sha256": file_sha256(file), "links": {"self": f"{owner}/{kind.folder}/{file.stem}"}}


def _file_answer(path: Path, media_type: str) -> Response:
    """A file as it is, with its hash as ETag."""
    response = Response(path.read_bytes(), mimetype=media_type)
    return tagged(response, file_sha256(path))


def _put_beside(identifier: str, version: str, kind: Kind, name: str, *media: str) -> Response:
    _check_media(*media)
    path = _file(identifier, version)
    data = request.get_data()
    file, created = put_beside(path, kind, name, data, if_match(), organisation())
    entry = _file_entry(path, kind, file)
    response = _answer(entry, 201 if created else 200)
    response.set_etag(entry["sha256"])
    if created:
        response.headers["Location"] = entry["links"]["self"]
    return response


def _move(identifier: str, version: str, change: Callable[..., Entry]) -> Response:
    """Change the state of a version that stands in the folder that is written to."""
    given, expected, path = _posted("who", "why"), if_match(), _file(identifier, version)
    drafts.check_writable(path)
    change(path, given["who"], given["why"], check=lambda file: drafts.check_expected(file, expected))
    return _answer(_version_entry(path))


def _publish(path: Path, who: str, why: str, check: Callable[[Path], None]) -> Entry:
    return publishing.publish(path, who, why, services().release, check)


def _check_media(*known: str) -> None:
    if request.mimetype not in known:
        raise UnsupportedMedia(Problem("content_type", "", {"value": request.mimetype or "–", "known": list(known)}))


def _posted(*names: str) -> dict[str, str]:
    """Texts of the posted JSON object; raises `Refused` with every one that is missing or no text."""
    _check_media("application/json")
    given = json_document(request.get_data())
    problems = [Problem("unknown_field", f"/{name}", {"field": name}) for name in given if name not in names]
    problems += [Problem("required", f"/{name}", {"field": name}) for name in names if name not in given]
    for name in names:
        if name in given and not isinstance(given[name], str):
            problems.append(Problem("not_a_text", f"/{name}", {"field": name}))
    if problems:
        raise Refused(problems)
    return {name: given[name] for name in names}


def _answer(body: Any, status: int = 200) -> Response:
    return Response(json.dumps(body, ensure_ascii=False), status, mimetype="application/json")

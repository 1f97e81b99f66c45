"""Shapes of answers and queries, for OpenAPI. Bills of materials: `lcaengine.bom.schema`."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import Any

from flask_smorest import Blueprint
from marshmallow import RAISE, Schema, ValidationError, fields, validate

_PARSER = Blueprint.ARGUMENTS_PARSER
_PARSER.DEFAULT_UNKNOWN_BY_LOCATION = {
    **_PARSER.DEFAULT_UNKNOWN_BY_LOCATION,
    "query": RAISE,
}  # what nobody reads is refused

RELEASE_ID = r"[0-9a-f]{64}\Z"


class LocalText(Schema):
    zh = fields.String()
    en = fields.String()


class Amount(Schema):
    amount = fields.Float()
    unit = fields.String()


class ErrorEntry(Schema):
    code = fields.String(metadata={"example": "unknown_unit"})
    pointer = fields.String(
        metadata={"description": "JSON pointer, or row and column of a CSV", "example": "/lines/3/unit"}
    )
    message = fields.String()
    next_action = fields.String()
    candidates = fields.List(fields.Dict(), metadata={"description": "processes that a name could mean"})


class ProblemDetails(Schema):
    """RFC 9457."""

    type = fields.String()
    title = fields.String()
    status = fields.Integer()
    code = fields.String()
    detail = fields.String()
    next_action = fields.String()
    instance = fields.String()
    request_id = fields.String(metadata={"description": "also in X-Request-ID and in the server's log"})
    errors = fields.List(fields.Nested(ErrorEntry))


def problem(blueprint: Blueprint, status: int, description: str = "") -> Callable[[Any], Any]:
    """An error answer of an endpoint, for OpenAPI."""
    decorator: Callable[[Any], Any] = blueprint.alt_response(
        status, schema=ProblemDetails, content_type="application/problem+json", description=description
    )
    return decorator


class Contribution(Schema):
    id = fields.String()
    name = fields.Nested(LocalText)
    value = fields.Float(metadata={"description": "kg CO2e per declared unit"})
    rank = fields.Integer()
    share = fields.Float(allow_none=True, metadata={"description": "signed share of the total; null if the total is 0"})
    gross_share = fields.Float(allow_none=True)
    cumulative_share = fields.Float(allow_none=True, metadata={"description": "gross shares added up"})
    stages = fields.List(fields.String())
    runs = fields.Float()
    unit = fields.String()


class Rest(Schema):
    count = fields.Integer()
    value = fields.Float()


class Ranking(Schema):
    items = fields.List(fields.Nested(Contribution))
    count = fields.Integer()
    rest = fields.Nested(Rest)


class Hotspots(Schema):
    total = fields.Float()
    unit = fields.String()
    lines = fields.Nested(Ranking)
    stages = fields.Nested(Ranking)
    processes = fields.Nested(Ranking)


class Member(Schema):
    id = fields.String()
    name = fields.Nested(LocalText)
    value = fields.Float(metadata={"description": "kg CO2e per declared unit"})
    share = fields.Float(allow_none=True, metadata={"description": "signed share of the total; null if the total is 0"})


class Contributions(Schema):
    """All members of one partition, largest first."""

    by = fields.String()
    total = fields.Float()
    unit = fields.String()
    indicator = fields.String()
    sum = fields.Float(metadata={"description": "of the values: the total to 1e-9"})
    count = fields.Integer()
    items = fields.List(fields.Nested(Member))


class TreeNode(Schema):
    id = fields.Integer()
    parent = fields.Integer(allow_none=True)
    depth = fields.Integer()
    kind = fields.String(metadata={"description": "foreground, process or emission"})
    code = fields.String()
    name = fields.Nested(LocalText)
    line = fields.String(allow_none=True)
    amount = fields.Float()
    unit = fields.String()
    value = fields.Float(metadata={"description": "cumulative score of the branch"})
    share = fields.Float(allow_none=True)
    direct = fields.Float(metadata={"description": "emissions of the node itself"})
    cut = fields.Nested(Rest)
    loop = fields.Boolean()
    terminal = fields.String(allow_none=True, metadata={"description": "leaf, cutoff, max_nodes, max_depth or null"})


class Tree(Schema):
    total = fields.Float()
    unit = fields.String()
    cutoff = fields.Float()
    coverage = fields.Float(
        allow_none=True, metadata={"description": "share of the total explained by the nodes shown"}
    )
    count = fields.Integer()
    cut = fields.Nested(Rest)
    terminal = fields.Dict(keys=fields.String(), values=fields.Integer())
    nodes = fields.List(fields.Nested(TreeNode))


class Explanation(Schema):
    """Why a footprint is what it is."""

    total = fields.Dict()
    rule = fields.Dict()
    choices = fields.Dict()
    lines = fields.List(fields.Dict(), metadata={"description": "each with the decisions behind it, by rule id"})
    rule_ids = fields.Dict(metadata={"description": "texts of the rule ids used"})
    given = fields.List(fields.Dict())
    assumed = fields.List(fields.Dict(), metadata={"description": "by the share of the result that depends on them"})
    weighs_most = fields.Dict(allow_none=True)


class Total(Schema):
    value = fields.Float()
    unit = fields.String()
    indicator = fields.String()


class Compared(Schema):
    id = fields.String()
    product = fields.Dict()
    declared_unit = fields.Nested(Amount)
    boundary = fields.String()
    rule = fields.Dict()
    background = fields.Dict()
    total = fields.Nested(Total)
    value = fields.Float(
        allow_none=True,
        metadata={"description": "the total per declared unit of the first; null: its unit is of another kind"},
    )
    difference = fields.Float(
        allow_none=True,
        metadata={"description": "to the first; null: unit, boundary, indicator or GWP set differ"},
    )
    relative = fields.Float(allow_none=True, metadata={"description": "difference as a share of the first"})
    comparable = fields.Boolean(metadata={"description": "to the first"})
    notices = fields.List(fields.Dict(), metadata={"description": "why not comparable, and what was converted"})
    depth = fields.String(allow_none=True, metadata={"description": "of a shared one: total, stages or lines"})
    owner = fields.String(allow_none=True, metadata={"description": "of a shared one"})


class ComparedStage(Schema):
    stage = fields.String()
    name = fields.Nested(LocalText)
    values = fields.List(
        fields.Float(allow_none=True),
        metadata={"description": "in the order of items; null: it has no such stage, or it is not shown"},
    )


class Comparison(Schema):
    """Footprints beside the first of them; no comparative claim."""

    declared_unit = fields.Nested(Amount)
    unit = fields.String()
    comparable = fields.Boolean()
    items = fields.List(fields.Nested(Compared))
    stages = fields.List(fields.Nested(ComparedStage))
    notice = fields.Nested(LocalText)


class TotalChange(Schema):
    before = fields.Float()
    after = fields.Float()
    unit = fields.String()
    comparable = fields.Boolean(metadata={"description": "false: boundary, declared unit or indicator differ"})
    difference = fields.Float(allow_none=True)
    relative = fields.Float(allow_none=True)


class Changes(Schema):
    """What differs between two versions; null: the same."""

    rule = fields.Dict(allow_none=True, metadata={"description": "before and after: id, version, sha256"})
    background = fields.Dict(allow_none=True, metadata={"description": "before and after: name, version, id"})
    engine = fields.Dict(allow_none=True, metadata={"description": "before and after: version"})
    document = fields.List(
        fields.Dict(),
        metadata={"description": "sections that differ; of lists with ids, the entries added, removed, changed"},
    )
    total = fields.Nested(TotalChange)


class Footprint(Schema):
    id = fields.UUID()
    created = fields.DateTime()
    product = fields.Dict()
    declared_unit = fields.Nested(Amount)
    boundary = fields.String()
    rule = fields.Dict()
    background = fields.Dict()
    engine = fields.Dict()
    total = fields.Nested(Total)
    per = fields.List(fields.Dict(), metadata={"description": "the total per litre and per pack"})
    indicators = fields.List(fields.Dict())
    biogenic_carbon = fields.Dict()
    electricity = fields.Dict()
    stages = fields.List(fields.Dict())
    lines = fields.List(
        fields.Dict(), metadata={"description": "one entry per line and stage; they add up to the total"}
    )
    gases = fields.List(fields.Dict())
    assumptions = fields.List(fields.Dict())
    data_quality = fields.Dict()
    choices = fields.Dict(keys=fields.String(), values=fields.String())
    cut_off = fields.Dict(metadata={"description": "what the rule leaves out, summed against its limit"})
    benchmarks = fields.List(fields.Dict(), metadata={"description": "published results that the rule names"})
    modules = fields.List(fields.Dict(), metadata={"description": "parts reported apart, never in the total"})
    warnings = fields.List(fields.Dict())
    notice = fields.Nested(LocalText)
    links = fields.Dict()
    version = fields.Integer(metadata={"description": "from 2 on: which version this is"})
    previous = fields.UUID(metadata={"description": "the version before"})
    changes = fields.Nested(Changes, metadata={"description": "what differs from the version before"})


class FootprintEntry(Schema):
    id = fields.UUID()
    created = fields.DateTime()
    category = fields.String()
    total = fields.Nested(Total)
    declared_unit = fields.Nested(Amount)
    boundary = fields.String()
    product = fields.Dict()
    impact_allowed = fields.Boolean(
        metadata={"description": "whether the effects of new rule versions may be computed from it"}
    )
    links = fields.Dict()


class Page(Schema):
    count = fields.Integer()
    limit = fields.Integer()
    next = fields.String(allow_none=True, metadata={"description": "address of the next page; also in the header Link"})


class FootprintVersion(Schema):
    version = fields.Integer()
    previous = fields.UUID(allow_none=True)
    changes = fields.Nested(Changes, allow_none=True, metadata={"description": "null for the first"})
    id = fields.UUID()
    created = fields.DateTime()
    rule = fields.Dict()
    background = fields.Dict()
    total = fields.Nested(Total)
    links = fields.Dict()


class FootprintVersions(Schema):
    items = fields.List(fields.Nested(FootprintVersion))
    count = fields.Integer()


class FootprintPage(Page):
    items = fields.List(fields.Nested(FootprintEntry))


class ItemPage(Page):
    items = fields.List(fields.Dict())


class Words(fields.String):
    """A text of a query: bounded, and without NUL, which PostgreSQL does not take."""

    def __init__(self, description: str, longest: int = 200, **options: Any) -> None:
        rules = [validate.Length(max=longest), validate.ContainsNoneOf("\0")]
        super().__init__(validate=rules, metadata={"description": description}, **options)


class Moment(fields.Field[Any]):
    """A day, or a moment of ISO 8601 (UTC where it names no zone)."""

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> date:
        try:
            return date.fromisoformat(value) if len(value) == 10 else datetime.fromisoformat(value)
        except (TypeError, ValueError):
            raise ValidationError("Use a day such as 2026-01-31, or a moment such as 2026-01-31T08:00:00Z.") from None


def order(*names: str, default: str | None = None) -> fields.String:
    """The orders of a list; ``-`` in front: falling."""
    known = [sign + name for name in names for sign in ("", "-")]
    about = f"order: {', '.join(known)}; - in front: falling"
    return fields.String(
        load_default=default or known[1], validate=validate.OneOf(known), metadata={"description": about}
    )


class PageQuery(Schema):
    limit = fields.Integer(
        load_default=20, validate=validate.Range(1, 200), metadata={"description": "most items of a page"}
    )
    cursor = Words("where the page begins, from the address in `next`", 2000)
    sort = order("created")


class CreatedQuery(PageQuery):
    created_after = Moment(
        metadata={"description": "from this day or moment on", "type": "string", "example": "2026-01-01"}
    )
    created_before = Moment(
        metadata={"description": "before this day or moment", "type": "string", "example": "2027-01-01"}
    )


class FootprintsQuery(CreatedQuery):
    sort = order("created", "total", "name")
    category = Words("product category, as in the bill of materials")
    product = Words("part of the product's name, in Chinese or English")
    gtin = Words("GTIN of the product")
    hs_code = Words("customs code of the product, or its first digits")
    rule_version = Words("version of the rule")
    background = Words("id of the background release")
    min_total = fields.Float(metadata={"description": "least total, kg CO2e per declared unit"})
    max_total = fields.Float(metadata={"description": "greatest total, kg CO2e per declared unit"})


class FootprintQuery(Schema):
    impact = fields.String(
        load_default="yes",
        validate=validate.OneOf(["yes", "no"]),
        metadata={"description": "no: the effects of new rule versions are never computed from it"},
    )
    previous = fields.String(
        load_default=None,
        validate=validate.Length(max=36),
        metadata={"description": "id of the footprint of the same product that this is the next version of"},
    )


class BomQuery(Schema):
    previous = Words(
        "id of the bill of materials of the same product that this is the next version of", 36, load_default=None
    )


class BomsQuery(CreatedQuery):
    sort = order("created", "name")
    category = Words("product category, as in the bill of materials")
    product = Words("part of the product's name, in Chinese or English")
    gtin = Words("GTIN of the product")


class BomFootprintQuery(Schema):
    impact = FootprintQuery._declared_fields["impact"]


class BomEntry(Schema):
    id = fields.UUID()
    created = fields.DateTime()
    category = fields.String()
    product = fields.Dict(metadata={"description": "as in the document"})
    version = fields.Integer()
    previous = fields.UUID(allow_none=True, metadata={"description": "the version before"})
    links = fields.Dict(metadata={"description": "self, footprints; successor: the next version, once there is one"})


class KeptBom(BomEntry):
    """A bill of materials on record."""

    document = fields.Dict(metadata={"description": "the bill of materials as it was read"})


class BomPage(Page):
    items = fields.List(fields.Nested(BomEntry))


class BackgroundsQuery(PageQuery):
    sort = order("version", default="-version")


class BackgroundDiffQuery(Schema):
    old = fields.String(
        required=True,
        validate=validate.Regexp(RELEASE_ID),
        metadata={"description": "id of the background release that it is compared with"},
    )
    threshold = fields.Float(
        load_default=0.001, validate=validate.Range(0), metadata={"description": "least relative change of a score"}
    )


class BackgroundEntry(Schema):
    id = fields.String(metadata={"description": "SHA-256 of the tables, the GWP set and the builder's version"})
    name = fields.String()
    version = fields.String()
    year = fields.Integer()
    gwp = fields.String()
    builder = fields.String(allow_none=True, metadata={"description": "version of the builder; null: not recorded"})
    processes = fields.Integer()
    flows = fields.Integer(metadata={"description": "elementary flows"})
    default = fields.Boolean(metadata={"description": "what this server calculates with"})
    links = fields.Dict()


class BackgroundPage(Page):
    items = fields.List(fields.Nested(BackgroundEntry))


class SectorCounts(Schema):
    sector = fields.String()
    processes = fields.Integer()
    exchanges = fields.Integer()
    status = fields.Dict(keys=fields.String(), values=fields.Integer(), metadata={"description": "exchanges by status"})


class Background(BackgroundEntry):
    """A background release on this server."""

    indicators = fields.List(fields.Dict())
    sectors = fields.List(fields.Nested(SectorCounts))
    status = fields.Dict(keys=fields.String(), values=fields.Integer(), metadata={"description": "exchanges by status"})
    sources = fields.Integer()


class MovedScore(Schema):
    code = fields.String()
    before = fields.Float(metadata={"description": "kg CO2e per unit of the product"})
    after = fields.Float()
    change = fields.Float()
    relative = fields.Float(allow_none=True, metadata={"description": "null: it was 0"})
    causes = fields.List(
        fields.Dict(), metadata={"description": "inputs and emissions: own for their amount, carried for their score"}
    )


class BackgroundDifference(Schema):
    old = fields.Dict()
    new = fields.Dict()
    added = fields.List(fields.String())
    removed = fields.List(fields.String())
    unit_changed = fields.List(fields.String())
    moved = fields.List(fields.Nested(MovedScore), metadata={"description": "by relative change, greatest first"})


class RecalculationQuery(Schema):
    rule = fields.String(
        load_default=None,
        validate=validate.Length(max=40),
        metadata={"description": "version of the rule [default: the one in force]", "example": "1.0.0"},
    )
    background = fields.String(
        load_default=None,
        validate=validate.Regexp(RELEASE_ID),
        metadata={"description": "id of a background release on this machine [default: the server's]"},
    )


class RulesQuery(PageQuery):
    sort = order("id", default="id")


class ProcessQuery(PageQuery):
    sort = fields.String(
        load_default="match", validate=validate.OneOf(["match", "code", "-code", "score", "-score"]),
        metadata={"description": "order: match (the best match of q first; without q as code), code, score; - in front: falling"},
    )  # fmt: skip
    q = fields.String(
        load_default="",
        validate=validate.Length(max=200),
        metadata={"description": "name in Chinese or English", "example": "铝罐"},
    )


class MatchQuery(Schema):
    limit = fields.Integer(
        load_default=5, validate=validate.Range(1, 20), metadata={"description": "candidates a line"}
    )


class TemplateQuery(Schema):
    category = fields.String(
        required=True, validate=[validate.Length(1, 200), validate.ContainsNoneOf("\0")],
        metadata={"description": "product category = id of a rule", "example": "beer"},
    )  # fmt: skip
    lang = fields.String(
        load_default="both",
        validate=validate.OneOf(["zh", "en", "both"]),
        metadata={"description": "language of the workbook"},
    )
    example = fields.Boolean(load_default=False, metadata={"description": "filled in with a worked inventory"})


class Candidate(Schema):
    """A process that a line could mean; ``reasons`` are the parts of the score (docs/api.md)."""

    code = fields.String()
    name = fields.Nested(LocalText)
    unit = fields.String()
    location = fields.String()
    score = fields.Float()
    by = fields.String(metadata={"description": "the name, synonym or number that fits"})
    matched = fields.Dict(metadata={"description": "by: name, synonym, cas, hs or code; text: that name or number"})
    reasons = fields.Dict(keys=fields.String(), values=fields.Float())
    roles = fields.List(fields.String(), metadata={"description": "roles of the rule that accept it"})


class MatchedLine(Schema):
    line = fields.String()
    name = fields.String()
    where = fields.String()
    given = fields.Dict(allow_none=True, metadata={"description": "what the line says itself, or its role"})
    taken = fields.Nested(Candidate, allow_none=True)
    matched_by = fields.String(allow_none=True)
    candidates = fields.List(fields.Nested(Candidate))


class Matches(Schema):
    rule = fields.Dict(allow_none=True)
    background = fields.Dict()
    lines = fields.List(fields.Nested(MatchedLine))


class HotspotQuery(Schema):
    limit = fields.Integer(load_default=20, validate=validate.Range(1, 1000))


class ContributionsQuery(Schema):
    by = fields.String(load_default="stage", validate=validate.OneOf(["stage", "line", "process", "gas", "category"]))


class ComparisonQuery(Schema):
    footprint = fields.List(
        fields.String(), required=True, validate=validate.Length(2, 10),
        metadata={"description": "ids of 2 to 10 footprints (footprint=…&footprint=…), each compared to the first 足迹编号"},
    )  # fmt: skip


class ExplanationQuery(Schema):
    table = fields.String(
        load_default="decisions",
        validate=validate.OneOf(["decisions", "parameters"]),
        metadata={"description": "which table CSV gives; a workbook has both"},
    )


class TreeQuery(Schema):
    cutoff = fields.Float(
        load_default=0.01, validate=validate.Range(0, 1), metadata={"description": "share of the total"}
    )
    max_nodes = fields.Integer(load_default=1000, validate=validate.Range(1, 20_000))
    max_depth = fields.Integer(load_default=100, validate=validate.Range(1, 20_000))


class Rule(Schema):
    """A rule; `lcaengine rules show` prints the same."""

    id = fields.String()
    version = fields.String()
    sha256 = fields.String()
    status = fields.String()
    state = fields.String(allow_none=True, metadata={"description": "draft, review, published, superseded, withdrawn"})
    title = fields.Nested(LocalText)
    notice = fields.Nested(LocalText)
    declared_unit = fields.Nested(Amount)
    categories = fields.List(fields.String())
    hs_codes = fields.List(fields.String())
    boundaries = fields.List(fields.String())
    extends = fields.String(allow_none=True, metadata={"description": "id@version of the rule that it is laid over"})
    abstract = fields.Boolean()
    effective = fields.String(allow_none=True)
    changes = fields.Nested(LocalText)
    overrides = fields.List(fields.Dict(), metadata={"description": "where it differs from its base"})
    parameters = fields.List(fields.Dict(), metadata={"description": "default, range, status and source of each"})
    choices = fields.List(fields.Dict())
    stages = fields.List(fields.Dict())
    requirements = fields.List(fields.Dict())
    roles = fields.List(fields.Dict())
    activities = fields.List(fields.Dict())
    exchanges = fields.List(fields.Dict())
    co_products = fields.List(fields.Dict())
    guardrails = fields.List(fields.Dict())
    end_of_life = fields.List(fields.Dict())
    circularity = fields.List(fields.Dict(), metadata={"description": "materials under the circular footprint formula"})
    per = fields.List(fields.Dict())
    modules = fields.List(fields.Dict())
    cut_offs = fields.List(fields.Dict())
    cut_off_limit = fields.Float(allow_none=True)
    benchmarks = fields.List(fields.Dict())
    disclosures = fields.List(fields.Dict())
    sources = fields.List(fields.Dict())
    to_check = fields.List(fields.Dict(), metadata={"description": "estimates and second-hand sources"})


class FileEntry(Schema):
    """A file beside a rule."""

    name = fields.String()
    sha256 = fields.String(metadata={"description": "its ETag"})
    links = fields.Dict()


class RuleVersion(Rule):
    """A version, with what stands beside it."""

    tests = fields.List(fields.Nested(FileEntry))
    inventories = fields.List(fields.Nested(FileEntry))


class RuleFindings(Schema):
    id = fields.String()
    version = fields.String()
    count = fields.Integer()
    findings = fields.List(fields.Dict(), metadata={"description": "code, message, next action, file, line, rule id"})


class RuleTests(Schema):
    id = fields.String()
    version = fields.String()
    count = fields.Integer()
    passed = fields.Boolean(metadata={"description": "there are tests, and all of them pass"})
    tests = fields.List(fields.Dict(), metadata={"description": "each with its checks: expected, found, passed"})


class RuleVersionEntry(Schema):
    id = fields.String()
    version = fields.String()
    state = fields.String(allow_none=True)
    sha256 = fields.String(metadata={"description": "of the file; the ETag of the version"})
    history = fields.List(fields.Dict(), metadata={"description": "state, date, who, why and hash of each change"})
    problems = fields.List(fields.Nested(ErrorEntry))
    links = fields.Dict()


class RuleVersions(Schema):
    id = fields.String()
    items = fields.List(fields.Nested(RuleVersionEntry))
    count = fields.Integer()


class DiffQuery(Schema):
    old = fields.String(required=True, metadata={"description": "version", "example": "1.0.0"})
    new = fields.String(required=True, metadata={"description": "version", "example": "1.1.0"})


class WordsBody(Schema):
    who = fields.String(required=True)
    why = fields.String(required=True)


class RuleDifference(Schema):
    old = fields.Dict()
    new = fields.Dict()
    why = fields.Nested(LocalText)
    level = fields.String(metadata={"description": "least step of version: major, minor or patch"})
    counts = fields.Dict(keys=fields.String(), values=fields.Integer())
    changes = fields.List(fields.Dict())


class RuleImpact(Schema):
    old = fields.Dict()
    new = fields.Dict()
    count = fields.Integer()
    not_allowed = fields.Integer(metadata={"description": "stored bills of materials whose owner said no"})
    distribution = fields.Dict(allow_none=True, metadata={"description": "relative changes: quartiles and histogram"})
    most_affected = fields.List(fields.Dict())
    effects = fields.List(fields.Dict(), metadata={"description": "old, new and change of every bill of materials"})
    failures = fields.List(fields.Dict())


class Process(Schema):
    """A background process."""

    code = fields.String()
    name = fields.Nested(LocalText)
    unit = fields.String()
    location = fields.String()
    years = fields.List(fields.Integer())
    status = fields.String()
    tags = fields.List(fields.String())
    score = fields.Dict()
    production_amount = fields.Float(metadata={"description": "-1 for a treatment"})
    note = fields.String()
    scores = fields.Dict(keys=fields.String(), values=fields.Float())
    sector = fields.String()
    codes = fields.Dict(metadata={"description": "cas, hs and cpc codes"})
    synonyms = fields.Dict(metadata={"description": "other names, by language"})
    quality = fields.Dict(allow_none=True, metadata={"description": "ratings of PEF and PACT (docs/method.md)"})
    status_shares = fields.Dict(allow_none=True)
    carbon = fields.Dict()
    contributions = fields.List(
        fields.Dict(), metadata={"description": "share of each input and emission in the score"}
    )
    comparisons = fields.List(fields.Dict(), metadata={"description": "published factors of others beside ours"})
    used_by = fields.List(fields.Dict(), metadata={"description": "processes that buy it"})
    exchanges = fields.List(fields.Dict(), metadata={"description": "inputs and emissions, each with its source"})
    sources = fields.List(fields.Dict())


class Ready(Schema):
    status = fields.String()
    checks = fields.Dict(keys=fields.String(), values=fields.String())


class Health(Schema):
    status = fields.String()
    version = fields.String()
    background = fields.Dict()

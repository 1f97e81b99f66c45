"""CBAM: is a product in it, what are its embedded emissions, what would it cost. Never mixed with footprints."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from functools import partial
from typing import Any

from flask import Response, request, url_for
from flask.views import MethodView
from flask_smorest import Blueprint

from lcaengine.bom.reading import json_document
from lcaengine.cbam.answer import Assumptions, cbam_answer
from lcaengine.cbam.certificates import default_path
from lcaengine.cbam.certificates.price import paid_price
from lcaengine.cbam.files import MEDIA_TYPES, XLSX, read_file
from lcaengine.cbam.installation import calculate_installation, installation_body
from lcaengine.cbam.installation.reading import installation_of
from lcaengine.cbam.installation.schema import DocumentSchema
from lcaengine.cbam.reports import report_of
from lcaengine.cbam.reports.operator import read_request
from lcaengine.cbam.reports.schema import ReportRequestSchema
from lcaengine.cbam.screening import screen
from lcaengine.cbam.tables import Good, goods_found
from lcaengine.cbam.tables import tables as law
from lcaengine.problems import Problem
from lcaengine.store import CbamRecord
from lcaengine.units import Quantity

from . import cbam_schemas, schemas, tables
from .boms import BOM_BODY, UnsupportedMedia, posted_bom
from .context import organisation, services
from .etags import tagged
from .paging import listed, part_of

blueprint = Blueprint("cbam", __name__, url_prefix="/v1/cbam", description="EU CBAM 欧盟碳边境调节机制")

INSTALLATION_BODY = {
    "required": True,
    "content": {
        "application/json": {"schema": DocumentSchema},
        XLSX: {
            "schema": {
                "type": "string",
                "format": "binary",
                "description": "our workbook, or a filled communication template of the Commission",
            }
        },
    },
}


REPORT_BODY = {"required": True, "content": {"application/json": {"schema": ReportRequestSchema}}}


@blueprint.route("/screenings")
class Screenings(MethodView):
    @blueprint.doc(requestBody=BOM_BODY, operationId="postCbamScreening")
    @blueprint.arguments(cbam_schemas.ScreeningQuery, location="query")
    @blueprint.response(201, cbam_schemas.CbamScreening)
    @schemas.problem(blueprint, 400, "cannot be read")
    @schemas.problem(blueprint, 413, "too large")
    @schemas.problem(blueprint, 415, "wrong type")
    @schemas.problem(blueprint, 422, "cannot be used")
    def post(self, query: dict[str, Any]) -> Response:
        """Is a product in CBAM today, in the proposed extension; which lines would be; what to collect next."""
        document, bom = posted_bom()
        mass = Quantity(query["annual_mass"], "t") if "annual_mass" in query else None
        return _kept("screenings", document, screen(bom, query.get("on") or today(), mass))

    @blueprint.doc(operationId="listCbamScreenings")
    @blueprint.arguments(cbam_schemas.CbamQuery, location="query")
    @blueprint.response(200, schemas.ItemPage)
    @schemas.problem(blueprint, 422, "a query parameter is not valid")
    def get(self, query: dict[str, Any]) -> Response:
        """The screenings kept, newest first."""
        return _listed("screenings", query, ("id", "created", "on", "product", "obligation_today", "answer", "links"))


@blueprint.route("/screenings/<string:identifier>")
class OneScreening(MethodView):
    @blueprint.doc(operationId="getCbamScreening")
    @blueprint.response(200, cbam_schemas.CbamScreening)
    @schemas.problem(blueprint, 404, "no such screening")
    def get(self, identifier: str) -> Response:
        """One screening, as it was answered."""
        return tagged(_json(services().store.get_cbam(organisation(), "screenings", identifier).body))


@blueprint.route("/installations")
class Installations(MethodView):
    @blueprint.doc(requestBody=INSTALLATION_BODY, operationId="postCbamInstallation")
    @blueprint.response(201, cbam_schemas.CbamInstallation)
    @schemas.problem(blueprint, 400, "cannot be read")
    @schemas.problem(blueprint, 413, "too large")
    @schemas.problem(blueprint, 415, "wrong type")
    @schemas.problem(blueprint, 422, "cannot be used")
    def post(self) -> Response:
        """Specific embedded emissions of an installation under IR (EU) 2025/2547.

        JSON, our workbook, or a filled communication template. Every problem is answered with its place (in a workbook its
        cell) and the article; nothing is stored then.
        """
        if request.mimetype not in MEDIA_TYPES:
            raise UnsupportedMedia(Problem("media_type", "", {"value": request.mimetype or "–"}))
        given = read_file(request.get_data(), request.mimetype)
        body = installation_body(calculate_installation(given.installation))
        return _kept("installations", given.document, {**body, "template": given.template})

    @blueprint.doc(operationId="listCbamInstallations")
    @blueprint.arguments(cbam_schemas.CbamQuery, location="query")
    @blueprint.response(200, schemas.ItemPage)
    @schemas.problem(blueprint, 422, "a query parameter is not valid")
    def get(self, query: dict[str, Any]) -> Response:
        """The installations kept, newest first."""
        return _listed("installations", query, ("id", "created", "installation", "period", "goods", "links"))


@blueprint.route("/installations/<string:identifier>")
class OneInstallation(MethodView):
    @blueprint.doc(operationId="getCbamInstallation")
    @blueprint.response(200, cbam_schemas.CbamInstallation)
    @schemas.problem(blueprint, 404, "no such installation")
    def get(self, identifier: str) -> Response:
        """One installation, as it was answered."""
        return tagged(_json(services().store.get_cbam(organisation(), "installations", identifier).body))


@blueprint.route("/workbook")
class Workbook(MethodView):
    @blueprint.doc(operationId="getCbamWorkbook")
    @blueprint.arguments(cbam_schemas.WorkbookQuery, location="query")
    @blueprint.response(200, {"type": "string", "format": "binary"}, content_type=XLSX)
    def get(self, query: dict[str, Any]) -> Response:
        """The empty workbook of an installation, with units and choices as drop-downs and a guide."""
        from lcaengine.cbam.workbook import write_workbook

        response = Response(write_workbook(None, query["lang"]), mimetype=XLSX)
        response.headers["Content-Disposition"] = 'attachment; filename="cbam-installation.xlsx"'
        return response


@blueprint.route("/answers")
class Answers(MethodView):
    @blueprint.doc(requestBody=BOM_BODY, operationId="postCbamAnswer")
    @blueprint.arguments(cbam_schemas.AnswerQuery, location="query")
    @blueprint.response(201, cbam_schemas.CbamAnswer)
    @schemas.problem(blueprint, 400, "cannot be read")
    @schemas.problem(blueprint, 404, "no such installation")
    @schemas.problem(blueprint, 413, "too large")
    @schemas.problem(blueprint, 415, "wrong type")
    @schemas.problem(blueprint, 422, "cannot be used")
    def post(self, query: dict[str, Any]) -> Response:
        """From a bill of materials to the CBAM answer: the lines that would be goods of Annex I, beside their PCF."""
        document, bom = posted_bom()
        store = services().store
        own = [store.get_cbam(organisation(), "installations", i) for i in query["installation"]]
        results = [calculate_installation(installation_of(json.loads(record.document))) for record in own]
        assumed = Assumptions(query.get("on") or today(), query.get("quarter"), query.get("price"))
        return _kept("answers", document, cbam_answer(bom, services().release, results, assumed))

    @blueprint.doc(operationId="listCbamAnswers")
    @blueprint.arguments(cbam_schemas.CbamQuery, location="query")
    @blueprint.response(200, schemas.ItemPage)
    @schemas.problem(blueprint, 422, "a query parameter is not valid")
    def get(self, query: dict[str, Any]) -> Response:
        """The answers kept, newest first."""
        return _listed("answers", query, ("id", "created", "product", "screening", "links"))


@blueprint.route("/answers/<string:identifier>")
class OneAnswer(MethodView):
    @blueprint.doc(operationId="getCbamAnswer")
    @blueprint.response(200, cbam_schemas.CbamAnswer)
    @schemas.problem(blueprint, 404, "no such answer")
    def get(self, identifier: str) -> Response:
        """One answer, as it was given."""
        return tagged(_json(services().store.get_cbam(organisation(), "answers", identifier).body))


@blueprint.route("/reports")
class Reports(MethodView):
    @blueprint.doc(requestBody=REPORT_BODY, operationId="postCbamReport")
    @blueprint.response(201, cbam_schemas.CbamReport)
    @schemas.problem(blueprint, 400, "cannot be read")
    @schemas.problem(blueprint, 404, "no such installation")
    @schemas.problem(blueprint, 413, "too large")
    @schemas.problem(blueprint, 415, "wrong type")
    @schemas.problem(blueprint, 422, "cannot be used")
    def post(self) -> Response:
        """The operator's emissions report of a stored installation, or its summary (IR (EU) 2025/2547 Annex IV).

        The summary is for the importer: built from a list of what may be disclosed, it holds nothing else of the operator's data.
        """
        if request.mimetype != "application/json":
            raise UnsupportedMedia(Problem("media_type", "", {"value": request.mimetype or "–"}))
        document = json_document(request.get_data())
        asked = read_request(document)
        record = services().store.get_cbam(organisation(), "installations", asked.installation)
        result = calculate_installation(installation_of(json.loads(record.document)))
        return _kept("reports", document, report_of(asked.kind, result, asked.operator))

    @blueprint.doc(operationId="listCbamReports")
    @blueprint.arguments(cbam_schemas.CbamQuery, location="query")
    @blueprint.response(200, schemas.ItemPage)
    @schemas.problem(blueprint, 422, "a query parameter is not valid")
    def get(self, query: dict[str, Any]) -> Response:
        """The reports kept, newest first."""
        return _listed("reports", query, ("id", "created", "kind", "installation", "period", "counts", "links"))


@blueprint.route("/reports/<string:identifier>")
class OneReport(MethodView):
    @blueprint.doc(operationId="getCbamReport")
    @blueprint.response(200, cbam_schemas.CbamReport)
    @schemas.problem(blueprint, 404, "no such report")
    def get(self, identifier: str) -> Response:
        """One report, as it was answered."""
        return tagged(_json(services().store.get_cbam(organisation(), "reports", identifier).body))


@blueprint.route("/defaults")
class Defaults(MethodView):
    @blueprint.doc(operationId="getCbamDefault")
    @blueprint.arguments(cbam_schemas.DefaultQuery, location="query")
    @blueprint.response(200, cbam_schemas.CbamDefault)
    @schemas.problem(blueprint, 422, "cannot be used")
    def get(self, query: dict[str, Any]) -> Response:
        """Default value, mark-up, free-allocation adjustment and cost by year, under the law and apart under proposals."""
        mass = Quantity(query["mass"], "t") if "mass" in query else None
        each = Quantity(query["unit_mass"], "kg") if "unit_mass" in query else None
        body = default_path(
            query["cn_code"], query["country"], range(query["first_year"], query["last_year"] + 1), route=query.get("route"),
            description=query.get("description"), mass=mass, pieces=query.get("pieces"), unit_mass=each, quarter=query.get("quarter"),
            price=query.get("price"), proposals=query["proposals"],
            carbon_price_paid=paid_price(*(query.get(key) for key in ("paid", "paid_year", "paid_evidence", "paid_not_applicable"))),
        )  # fmt: skip
        return tables.answered(
            json.dumps(body, ensure_ascii=False, allow_nan=False), lambda: body, tables.default_tables
        )


@blueprint.route("/goods")
class Goods(MethodView):
    @blueprint.doc(operationId="listCbamGoods")
    @blueprint.arguments(cbam_schemas.GoodsQuery, location="query")
    @blueprint.response(200, schemas.ItemPage)
    @schemas.problem(blueprint, 422, "a query parameter is not valid")
    def get(self, query: dict[str, Any]) -> Response:
        """Goods of Annex I, all or by code or words of their description."""
        falling = query["sort"].startswith("-")
        found = sorted(goods_found(query.pop("q")), key=_good_id, reverse=falling)
        return listed(lambda page: part_of(found, page, _good_id), query, _good, tables.GOODS)


def _good_id(good: Good) -> str:
    return "|".join((good.cn_code, good.description, good.ex or "", good.valid_from.isoformat()))


def _good(good: Good) -> dict[str, Any]:
    """A good with its category, heading and dates, in both languages."""
    category, heading = law().categories[good.category], law().headings.get(good.cn_code[:4])
    return {
        "cn_code": good.cn_code, "description": good.description, "condition": good.ex or None,
        "heading": {"zh": heading.name_zh, "en": heading.name_en} if heading else None,
        "category": {"id": good.category, "name": {"zh": category.name_zh, "en": category.name_en}},
        "scope": "direct" if category.annex_ii else "direct_and_indirect", "gases": list(good.gases),
        "valid_from": good.valid_from.isoformat(), "valid_to": good.valid_to.isoformat() if good.valid_to else None,
        "act": good.act, "annex": good.annex,
    }  # fmt: skip


def today() -> date:
    return datetime.now(UTC).date()


def _kept(kind: str, document: dict[str, Any], body: dict[str, Any]) -> Response:
    record = services().store.add_cbam(organisation(), kind, document, body)
    response = _json(record.body, 201)
    one = {
        "screenings": "OneScreening",
        "installations": "OneInstallation",
        "answers": "OneAnswer",
        "reports": "OneReport",
    }[kind]
    response.headers["Location"] = url_for(f"cbam.{one}", identifier=record.id)
    return response


def _listed(kind: str, query: dict[str, Any], keys: tuple[str, ...]) -> Response:
    fetch = partial(services().store.list_cbam, organisation(), kind)
    return listed(fetch, query, lambda record: _entry(record, keys), tables.CBAM[kind])


def _entry(record: CbamRecord, keys: tuple[str, ...]) -> dict[str, Any]:
    answer = json.loads(record.body)
    return {key: answer[key] for key in keys}


def _json(text: str, status: int = 200) -> Response:
    return Response(text, status, mimetype="application/json")

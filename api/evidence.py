"""Evidence: files attached to figures of footprints and CBAM installations."""

from __future__ import annotations

import io
import json
from functools import partial
from typing import Any

from flask import Response, request, send_file, url_for
from flask.views import MethodView
from flask_smorest import Blueprint
from marshmallow import Schema, fields, validate

from lcaengine.store.evidence import KINDS, Evidence, Figure, add_evidence, evidence_file, get_evidence, list_evidence
from lcaengine.store.media import EXTENSIONS

from . import schemas
from .context import organisation, services
from .etags import tagged
from .paging import listed
from .tables import EVIDENCE

blueprint = Blueprint("evidence", __name__, url_prefix="/v1/evidence", description="Evidence of figures 数值的证据")

BINARY = {"type": "string", "format": "binary"}
FILE_BODY = {"required": True, "content": {"application/octet-stream": {"schema": BINARY}}}


class EvidenceQuery(Schema):
    kind = fields.String(required=True, validate=validate.OneOf(KINDS))
    record = fields.String(required=True, metadata={"description": "id of the footprint or installation"})
    pointer = fields.String(
        load_default="",
        metadata={"description": "JSON pointer into its document; empty: all of it", "example": "/lines/0/amount"},
    )
    file_name = fields.String(
        required=True,
        metadata={"description": "with an extension: " + ", ".join(e for each in EXTENSIONS.values() for e in each)},
    )
    entered_by = fields.String(required=True, metadata={"description": "who enters it"})


class EvidenceListQuery(schemas.CreatedQuery):
    sort = schemas.order("created", "retain_until", "file_name")
    kind = fields.String(validate=validate.OneOf(KINDS), metadata={"description": "what the figure belongs to"})
    record = schemas.Words("id of the footprint or installation")
    pointer = schemas.Words("JSON pointer into its document", 300)
    sha256 = schemas.Words("SHA-256 of the file")
    file_name = schemas.Words("part of the file's name")


class EvidenceEntry(Schema):
    id = fields.UUID()
    created = fields.DateTime()
    kind = fields.String()
    record = fields.String()
    pointer = fields.String()
    version = fields.Integer(metadata={"description": "of the files for this figure, from 1"})
    previous = fields.UUID(allow_none=True, metadata={"description": "the file for this figure before"})
    sha256 = fields.String()
    size = fields.Integer(metadata={"description": "bytes"})
    media_type = fields.String(metadata={"description": "by the content"})
    file_name = fields.String()
    entered_by = fields.String()
    retain_until = fields.Date(metadata={"description": "nothing is removed before the end of this day"})
    removed = fields.DateTime(allow_none=True)
    removed_by = fields.String(allow_none=True)
    links = fields.Dict()


class EvidencePage(schemas.Page):
    items = fields.List(fields.Nested(EvidenceEntry))


@blueprint.route("")
class EvidenceFiles(MethodView):
    @blueprint.doc(requestBody=FILE_BODY, operationId="postEvidence")
    @blueprint.arguments(EvidenceQuery, location="query")
    @blueprint.response(201, EvidenceEntry)
    @schemas.problem(blueprint, 400, "cannot be read")
    @schemas.problem(blueprint, 404, "no such record, or no such place in it")
    @schemas.problem(blueprint, 413, "too large")
    @schemas.problem(blueprint, 415, "of no kind that is kept, or not what its name says")
    @schemas.problem(blueprint, 422, "cannot be used")
    def post(self, query: dict[str, Any]) -> Response:
        """Attach a file to a figure, as its newest version. The body is the file itself.

        Its type is read from its content; the content type of the request is not believed.
        """
        figure = Figure(query["kind"], query["record"], query["pointer"])
        data = request.get_data()
        kept = add_evidence(services().store, organisation(), figure, data, query["file_name"], query["entered_by"])
        response = _json(_entry(kept), 201)
        response.headers["Location"] = url_for("evidence.OneEvidence", identifier=kept.id)
        return response

    @blueprint.doc(operationId="listEvidence")
    @blueprint.arguments(EvidenceListQuery, location="query")
    @blueprint.response(200, EvidencePage)
    @schemas.problem(blueprint, 422, "a query parameter is not valid")
    def get(self, query: dict[str, Any]) -> Response:
        """What is recorded of the files, newest first; all, or of one kind, record or place."""
        return listed(partial(list_evidence, services().store, organisation()), query, _entry, EVIDENCE)


@blueprint.route("/<string:identifier>")
class OneEvidence(MethodView):
    @blueprint.doc(operationId="getEvidence")
    @blueprint.response(200, EvidenceEntry)
    @schemas.problem(blueprint, 404, "no such evidence")
    def get(self, identifier: str) -> Response:
        """What is recorded of one file: its figure, hash, version, who entered it and when."""
        return tagged(_json(_entry(get_evidence(services().store, organisation(), identifier))))


@blueprint.route("/<string:identifier>/file")
class EvidenceFile(MethodView):
    @blueprint.doc(operationId="getEvidenceFile")
    @blueprint.doc(responses={200: {"content": {media_type: {"schema": BINARY} for media_type in EXTENSIONS}}})
    @blueprint.response(200)
    @schemas.problem(blueprint, 404, "no such evidence, or its file was removed after its retention")
    @schemas.problem(blueprint, 422, "the file is no longer what was entered")
    def get(self, identifier: str) -> Response:
        """The file as it was entered."""
        found = get_evidence(services().store, organisation(), identifier)
        data = evidence_file(services().store, organisation(), identifier)
        response = send_file(io.BytesIO(data), found.media_type, as_attachment=True, download_name=found.file_name)
        response.headers["Content-Security-Policy"] = "sandbox"
        return tagged(response, found.sha256)


def _entry(found: Evidence) -> dict[str, Any]:
    base = f"/v1/evidence/{found.id}"
    return {**found.as_dict(), "links": {"self": base, "file": base + "/file"}}


def _json(body: dict[str, Any], status: int = 200) -> Response:
    return Response(json.dumps(body, ensure_ascii=False), status, mimetype="application/json")

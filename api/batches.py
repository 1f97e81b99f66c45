"""Batches: many bills of materials in one file; their progress, results and errors."""

from __future__ import annotations

import io
import json
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO, cast

from flask import Response, g, request, send_file, url_for
from flask.views import MethodView
from flask_smorest import Blueprint
from marshmallow import Schema, fields, validate

from lcaengine.batch import FORMATS, MEDIA_TYPES, TABLES, converted
from lcaengine.batch.runner import folder_of, most_bytes, upload
from lcaengine.batch.source import arrow
from lcaengine.problems import Problem
from lcaengine.sheets import MAX_BYTES
from lcaengine.store.batches import (
    DONE,
    STATES,
    StoredBatch,
    WrongState,
    add_batch,
    cancel_batch,
    get_batch,
    list_batches,
    new_batch_id,
    resume_batch,
)

from . import schemas, tables
from .boms import UnsupportedMedia
from .context import organisation, services
from .paging import listed

blueprint = Blueprint("batches", __name__, description="Batches of bills of materials 批量计算")

PATH = "/v1/batches"
BINARY = {"type": "string", "format": "binary"}
FILE_BODY = {
    "required": True,
    "description": "one line of a bill of materials per row, with a column `bom` (docs/batch.md)",
    "content": {media_type: {"schema": BINARY} for media_type in MEDIA_TYPES},
}
BY_FORMAT = {form: media_type for media_type, form in reversed(MEDIA_TYPES.items())}


class BatchesQuery(schemas.CreatedQuery):
    state = fields.String(validate=validate.OneOf(STATES), metadata={"description": "only those in this state"})


class BatchQuery(Schema):
    lines = fields.Boolean(load_default=False, metadata={"description": "also a table of every line of every bill"})


class TableQuery(Schema):
    format = fields.String(
        validate=validate.OneOf(FORMATS), metadata={"description": "default: that of the file that was posted"}
    )


class ResultsQuery(TableQuery):
    table = fields.String(
        load_default="results",
        validate=validate.OneOf([name for name in TABLES if name != "errors"]),
        metadata={"description": "results: one row per bill; warnings; lines, where they were asked for"},
    )


class BatchProgress(Schema):
    bills = fields.Integer(allow_none=True, metadata={"description": "null until the file was looked through"})
    done = fields.Integer(metadata={"description": "bills that are computed, those with errors included"})
    errors = fields.Integer(metadata={"description": "bills that have an error instead of a footprint"})
    rate = fields.Float(metadata={"description": "bills per second"})


class BatchProblem(Schema):
    code = fields.String()
    pointer = fields.String()
    message = fields.Nested(schemas.LocalText)
    next_action = fields.Nested(schemas.LocalText)


class Batch(Schema):
    id = fields.UUID()
    created = fields.DateTime()
    state = fields.String(validate=validate.OneOf(STATES))
    stopping = fields.Boolean(metadata={"description": "it was asked to stop, and will soon"})
    format = fields.String(validate=validate.OneOf(FORMATS))
    size = fields.Integer(metadata={"description": "bytes of the file"})
    lines = fields.Boolean()
    background = fields.String(metadata={"description": "id of the background release"})
    progress = fields.Nested(BatchProgress)
    started = fields.DateTime(allow_none=True)
    finished = fields.DateTime(allow_none=True)
    problems = fields.List(fields.Nested(BatchProblem), metadata={"description": "why a failed one failed as a whole"})
    links = fields.Dict(keys=fields.String(), values=fields.String())


class BatchPage(schemas.Page):
    items = fields.List(fields.Nested(Batch))


@blueprint.route(PATH)
class Batches(MethodView):
    @blueprint.doc(requestBody=FILE_BODY, operationId="postBatch")
    @blueprint.arguments(BatchQuery, location="query")
    @blueprint.response(202, Batch, headers={"Location": {"schema": {"type": "string"}, "description": "the batch"}})
    @schemas.problem(blueprint, 413, "larger than LCAENGINE_BATCH_BYTES")
    @schemas.problem(blueprint, 415, "neither Parquet nor NDJSON, CSV or XLSX")
    @schemas.problem(blueprint, 422, "cannot be used, or this server is not set up for batches")
    def post(self, query: dict[str, Any]) -> Response:
        """Take a file of bills of materials, to be computed in the background; its content type says what it is.

        The answer comes as soon as the file is kept. Errors of single bills are in the table of errors; a file that cannot be
        read at all makes the batch `failed`, with the reason.
        """
        arrow()
        form = MEDIA_TYPES.get(request.mimetype)
        if form is None:
            raise UnsupportedMedia(Problem("media_type", "", {"value": request.mimetype or "–"}))
        identifier, size = _kept(form)
        batch = add_batch(
            services().store, organisation(), identifier, form, size, query["lines"], services().release.id
        )
        response = _json(_entry(batch), 202)
        response.headers["Location"] = url_for("batches.OneBatch", identifier=batch.id)
        return response

    @blueprint.doc(operationId="listBatches")
    @blueprint.arguments(BatchesQuery, location="query")
    @blueprint.response(200, BatchPage)
    @schemas.problem(blueprint, 422, "a query parameter is not valid")
    def get(self, query: dict[str, Any]) -> Response:
        """The batches of the organisation, newest first."""
        return listed(partial(list_batches, services().store, organisation()), query, _entry, tables.BATCHES)


@blueprint.route(PATH + "/<string:identifier>")
class OneBatch(MethodView):
    @blueprint.doc(operationId="getBatch")
    @blueprint.response(200, Batch)
    @schemas.problem(blueprint, 404, "no such batch")
    def get(self, identifier: str) -> Response:
        """One batch: its state, how far it is, and how fast."""
        return _json(_entry(get_batch(services().store, organisation(), identifier)))


@blueprint.route(PATH + "/<string:identifier>/results")
class BatchResults(MethodView):
    @blueprint.doc(operationId="getBatchResults")
    @blueprint.arguments(ResultsQuery, location="query")
    @blueprint.response(200, BINARY, content_type="application/vnd.apache.parquet")
    @schemas.problem(blueprint, 404, "no such batch")
    @schemas.problem(blueprint, 409, "it is not done")
    @schemas.problem(blueprint, 422, "cannot be used")
    def get(self, query: dict[str, Any], identifier: str) -> Response:
        """The results of a finished batch, one row per bill of materials; or its warnings, or its lines."""
        return _table(identifier, query["table"], query.get("format"))


@blueprint.route(PATH + "/<string:identifier>/errors")
class BatchErrors(MethodView):
    @blueprint.doc(operationId="getBatchErrors")
    @blueprint.arguments(TableQuery, location="query")
    @blueprint.response(200, BINARY, content_type="application/vnd.apache.parquet")
    @schemas.problem(blueprint, 404, "no such batch")
    @schemas.problem(blueprint, 409, "it is not done")
    @schemas.problem(blueprint, 422, "cannot be used")
    def get(self, query: dict[str, Any], identifier: str) -> Response:
        """The errors of single bills: which, where in the file, what is wrong, and what to do."""
        return _table(identifier, "errors", query.get("format"))


@blueprint.route(PATH + "/<string:identifier>/cancel")
class CancelBatch(MethodView):
    @blueprint.doc(operationId="cancelBatch")
    @blueprint.response(200, Batch)
    @schemas.problem(blueprint, 404, "no such batch")
    @schemas.problem(blueprint, 409, "it does not wait or run")
    def post(self, identifier: str) -> Response:
        """Stop a batch; what is finished stays, and it can be resumed."""
        return _json(_entry(cancel_batch(services().store, organisation(), identifier)))


@blueprint.route(PATH + "/<string:identifier>/resume")
class ResumeBatch(MethodView):
    @blueprint.doc(operationId="resumeBatch")
    @blueprint.response(200, Batch)
    @schemas.problem(blueprint, 404, "no such batch")
    @schemas.problem(blueprint, 409, "it is neither cancelled nor failed")
    def post(self, identifier: str) -> Response:
        """Go on with a cancelled or failed batch, from the parts that are finished."""
        return _json(_entry(resume_batch(services().store, organisation(), identifier)))


def _kept(form: str) -> tuple[str, int]:
    """The body in the folder of a new batch. Where the request is tried again its body is read already, and kept."""
    if "batch_upload" not in g:
        request.max_content_length = most_bytes()
        identifier = new_batch_id()
        g.batch_upload = identifier, upload(services().store, identifier, form, _body())
    return cast(tuple[str, int], g.batch_upload)


def _body() -> BinaryIO:
    """What is left to read of the body; a short one may have been read for the idempotency key."""
    short = (request.content_length or 0) <= MAX_BYTES
    return io.BytesIO(request.get_data()) if short else cast(BinaryIO, request.stream)


def _table(identifier: str, name: str, form: str | None) -> Response:
    batch = get_batch(services().store, organisation(), identifier)
    if batch.state != DONE:
        raise WrongState(Problem("batch_not_done", "", {"id": batch.id, "state": batch.state}))
    form = form or batch.format
    kept = folder_of(batch.id) / f"{name}.parquet"
    if not kept.is_file():
        raise WrongState(Problem("batch_no_table", "", {"id": batch.id, "table": name}))
    file = _in_format(kept, form)
    return send_file(
        file, BY_FORMAT[form], as_attachment=True, download_name=f"{name}-{batch.id}.{form}", max_age=0, etag=False
    )


def _in_format(kept: Path, form: str) -> Path:
    """Made once, when somebody asks for it."""
    file = kept.with_suffix(f".{form}")
    if not file.is_file():
        converted(kept, form, file)
    return file


def _entry(batch: StoredBatch) -> dict[str, Any]:
    own = f"{PATH}/{batch.id}"
    links = {
        "self": own,
        "results": own + "/results",
        "errors": own + "/errors",
        "cancel": own + "/cancel",
        "resume": own + "/resume",
    }
    return {
        "id": batch.id, "created": batch.created.isoformat(timespec="milliseconds"), "state": batch.state, "stopping": batch.stop,
        "format": batch.format, "size": batch.size, "lines": batch.lines, "background": batch.background_id,
        "progress": {"bills": batch.bills, "done": batch.done, "errors": batch.errors, "rate": batch.rate},
        "started": batch.started and batch.started.isoformat(timespec="milliseconds"),
        "finished": batch.finished and batch.finished.isoformat(timespec="milliseconds"),
        "problems": json.loads(batch.problems), "links": links,
    }  # fmt: skip


def _json(body: dict[str, Any], status: int = 200) -> Response:
    return Response(json.dumps(body, ensure_ascii=False), status, mimetype="application/json")

"""Is the server there."""

from __future__ import annotations

from flask import Response, jsonify
from flask.views import MethodView
from flask_smorest import Blueprint

from lcaengine import __version__

from . import schemas
from .context import services

blueprint = Blueprint("health", __name__, description="Health 健康检查")


@blueprint.route("/healthz")
class Healthz(MethodView):
    @blueprint.doc(operationId="health")
    @blueprint.response(200, schemas.Health)
    def get(self) -> Response:
        """The server answers, with this version and background."""
        return jsonify(status="ok", version=__version__, background=services().release.about())

"""Background releases on this server, and the difference of two. They are named by id alone, never by a path."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

from flask import Response, json
from flask.views import MethodView
from flask_smorest import Blueprint

from lcaengine.background import Release
from lcaengine.background.difference import difference
from lcaengine.background.release import release_by_id
from lcaengine.background.releases import built_releases, release_body, release_entry

from . import schemas
from .context import services
from .etags import tagged
from .paging import listed, part_of
from .tables import BACKGROUNDS, JSON

blueprint = Blueprint(
    "backgrounds", __name__, url_prefix="/v1/backgrounds", description="Background releases 背景数据版本"
)


@blueprint.route("")
class Backgrounds(MethodView):
    @blueprint.doc(operationId="listBackgrounds")
    @blueprint.arguments(schemas.BackgroundsQuery, location="query")
    @blueprint.response(200, schemas.BackgroundPage)
    @schemas.problem(blueprint, 422, "a query parameter is not valid")
    def get(self, query: dict[str, Any]) -> Response:
        """The background releases that are built on this server; `default`: the one it calculates with."""
        folders = {path.resolve(): path for path in (*built_releases(), services().release.path)}
        found = sorted(map(_entry, folders.values()), key=lambda entry: (entry["version"], entry["id"]))
        if query["sort"].startswith("-"):
            found.reverse()
        return listed(partial(part_of, found, identifier=lambda entry: entry["id"]), query, dict, BACKGROUNDS)


@blueprint.route("/<string:identifier>")
class OneBackground(MethodView):
    @blueprint.doc(operationId="getBackground")
    @blueprint.response(200, schemas.Background)
    @schemas.problem(blueprint, 404, "no such release on this server")
    def get(self, identifier: str) -> Response:
        """A background release: its indicators, processes and exchanges by sector and status, and how many sources it cites."""
        release = _release(identifier)
        return _answered({**release_body(release), **_own(release.id)})


@blueprint.route("/<string:identifier>/diff")
class BackgroundDiff(MethodView):
    @blueprint.doc(operationId="diffBackgrounds")
    @blueprint.arguments(schemas.BackgroundDiffQuery, location="query")
    @blueprint.response(200, schemas.BackgroundDifference)
    @schemas.problem(blueprint, 404, "one of the two is not on this server")
    @schemas.problem(blueprint, 422, "a query parameter is not valid")
    def get(self, query: dict[str, Any], identifier: str) -> Response:
        """Which scores moved since an older release, by how much, and through which exchanges."""
        new, old = _release(identifier), _release(query["old"])
        return _answered(difference(old, new, query["threshold"]).as_dict())


def _release(identifier: str) -> Release:
    """The server's own, wherever it lies, or one of those that are built here; raises `NotFound`."""
    own = services().release
    return own if identifier == own.id else release_by_id(identifier)


def _entry(path: Path) -> dict[str, Any]:
    entry = release_entry(path)
    return {**entry, **_own(entry["id"])}


def _own(identifier: str) -> dict[str, Any]:
    """What a release is to this server."""
    base = f"/v1/backgrounds/{identifier}"
    return {"default": identifier == services().release.id, "links": {"self": base, "diff": base + "/diff"}}


def _answered(body: dict[str, Any]) -> Response:
    return tagged(Response(json.dumps(body, ensure_ascii=False), mimetype=JSON))

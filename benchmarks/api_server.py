"""The app on any release, with one endpoint more: the floor under ``POST /v1/footprints``.

``python -m benchmarks.api_server RELEASE PORT DATABASE WORKERS`` serves it as ``lcaengine serve`` does. The floor reads and
validates the same document and stores it with an answer that is ready; it is no part of the product.
"""

from __future__ import annotations

import sys
from functools import cache
from pathlib import Path
from typing import Any

from flask import Response, request
from lcaengine.api import create_app

from lcaengine.background.release import load_release
from lcaengine.bom import read_document
from lcaengine.serving import Hooks, Listening, run
from lcaengine.store import DEFAULT_ORGANISATION, open_store

FLOOR = "/floor"
THREADS = 4


def main(release: str, port: str, database: str, workers: str) -> None:
    """Serve until terminated."""
    store = open_store(database)
    app = create_app(release=load_release(Path(release)), store=store)
    services = app.extensions["lcaengine"]

    @cache
    def ready() -> dict[str, Any]:
        """The answer that the floor stores; calculated at its first request, so that it does not delay the start."""
        from benchmarks import bom
        from lcaengine.bom import bom_of
        from lcaengine.footprint import body, calculate
        from lcaengine.rules import find_rule

        return body(calculate(bom_of(bom.document()), find_rule("beer"), services.release))

    def floor() -> Response:
        document, _ = read_document(request.get_data(cache=False), request.mimetype)
        record = services.store.add(DEFAULT_ORGANISATION, document, ready())
        return Response(record.body, 201, mimetype="application/json")

    app.add_url_rule(FLOOR, view_func=floor, methods=["POST"])
    run(app, Listening("127.0.0.1", int(port), int(workers), THREADS), Hooks(
        listening=print, forking=store.engine.dispose, forked=lambda: store.engine.dispose(close=False), ended=print,
    ))  # fmt: skip


if __name__ == "__main__":
    main(*sys.argv[1:])

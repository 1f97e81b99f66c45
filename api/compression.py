"""Answers are compressed as the client accepts: zstd, Brotli or gzip, above 1 kB.

A compressed answer has an ETag of its own (``"…:gzip"``), since other bytes are another representation; a client that
sends it back means the thing itself, so views see it without that. What must not be kept (``Cache-Control: no-store``: tokens, keys) is
not compressed, so that its length tells nothing about the secret in it.
"""

from __future__ import annotations

import re

from flask import Flask, Response, g, request
from flask_compress import Compress

ALGORITHMS = ("zstd", "br", "gzip")
MEDIA_TYPES = (
    "application/json", "application/schema+json", "application/problem+json", "text/csv", "text/html", "text/css",
    "text/yaml", "text/plain", "application/javascript", "text/javascript", "image/svg+xml",
)  # fmt: skip
_SUFFIX = re.compile(rf':({"|".join(ALGORITHMS)})"')


def register_compression(app: Flask) -> None:
    app.config.update(
        COMPRESS_ALGORITHM=list(ALGORITHMS),
        COMPRESS_MIMETYPES=list(MEDIA_TYPES),
        COMPRESS_MIN_SIZE=1000,
        COMPRESS_LEVEL=5,
        COMPRESS_STREAMS=False,
        COMPRESS_EVALUATE_CONDITIONAL_REQUEST=False,  # whether an answer may be 304 is the view's decision
        COMPRESS_REGISTER=False,
    )
    compress = Compress(app)

    def compressed(response: Response) -> Response:
        kept_apart = response.cache_control.no_store or response.direct_passthrough
        if response.status_code == 304 and "etag_suffix" in g:
            response.set_etag(f"{response.get_etag()[0]}:{g.etag_suffix}")
        return response if kept_apart else compress.after_request(response)

    app.before_request(_plain_etags)
    app.after_request(compressed)


def _plain_etags() -> None:
    for name in ("HTTP_IF_MATCH", "HTTP_IF_NONE_MATCH"):
        if found := _SUFFIX.search(given := request.environ.get(name, "")):
            request.environ[name] = _SUFFIX.sub('"', given)
            g.etag_suffix = found[1]

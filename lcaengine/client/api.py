"""The calls of the API by name."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from os import PathLike
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self, cast

import httpx

from lcaengine import __version__
from lcaengine.client.errors import Unreachable
from lcaengine.client.shapes import Batch, Entry, Footprint, Hotspots, Key, Match, Share, Statement
from lcaengine.client.transport import Transport

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MEDIA_TYPES = {
    ".json": "application/json", ".csv": "text/csv", ".xlsx": XLSX, ".parquet": "application/vnd.apache.parquet",
    ".ndjson": "application/x-ndjson", ".jsonl": "application/x-ndjson",
}  # fmt: skip
TABLES = {"csv": "text/csv", "xlsx": XLSX}
PIECE = 1 << 16
_ID = re.compile(r"[A-Za-z0-9_-]+")
OVER = ("done", "failed", "cancelled")  # states of a batch that do not change any more

Json = dict[str, Any]
Bom = Mapping[str, Any] | str | PathLike[str]
Depth = Literal["total", "stages", "lines"]


class Client:
    """One server, asked by one organisation. Close it, or use it as a context.

    ``key`` is an API key; ``client_id`` and ``client_secret`` are OAuth2 client credentials; neither: a server on loopback
    without authentication. A bill of materials is a document, or the path of a JSON, CSV or XLSX file.
    Every call raises `lcaengine.client.ApiError` where the server refuses, `lcaengine.client.Unreachable` where it is not there.
    """

    def __init__(
        self, base_url: str = "http://127.0.0.1:8000", *, key: str | None = None, client_id: str | None = None,
        client_secret: str | None = None, language: Literal["zh", "en"] = "en", timeout: float = 60.0, retries: int = 4,
        verify: Any = True,
    ) -> None:  # fmt: skip
        if (client_id is None) != (client_secret is None):
            raise ValueError("client_id and client_secret go together")
        headers = {"Accept-Language": language, "User-Agent": f"lcaengine-client/{__version__}"}
        self.address = base_url
        self._http = httpx.Client(base_url=base_url, headers=headers, timeout=timeout, verify=verify)
        client = (client_id, client_secret) if client_id and client_secret else None
        self._transport = Transport(self._http, key, client, retries)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._http.close()

    # -- footprints

    def post_footprint(self, bom: Bom, *, idempotency_key: str | None = None, **query: Any) -> Footprint:
        """Calculate and keep a footprint; ``query`` as in /openapi.json (``impact``, ``previous`` …)."""
        return cast(Footprint, self._post_file("/v1/footprints", bom, query, idempotency_key))

    def footprint(self, identifier: str) -> Footprint:
        """One footprint, as it was answered, or as deep as it is shared."""
        return cast(Footprint, self._get(_path("footprints", identifier)))

    def footprints(self, **query: Any) -> Iterator[Entry]:
        """The footprints kept, newest first; filters as in /openapi.json."""
        return cast(Iterator[Entry], self.pages("/v1/footprints", **query))

    def hotspots(self, identifier: str, limit: int = 10) -> Hotspots:
        """Lines, stages and processes, ranked by absolute contribution."""
        return cast(Hotspots, self._get(_path("footprints", identifier, "hotspots"), limit=limit))

    def tree(self, identifier: str, **query: Any) -> Json:
        """The supply chain, best first."""
        return self._get(_path("footprints", identifier, "tree"), **query)

    def explanation(self, identifier: str) -> Json:
        """Which rule id decided what, what was given and what assumed."""
        return self._get(_path("footprints", identifier, "explanation"))

    def match(self, bom: Bom, limit: int = 5) -> Match:
        """What the lines of a bill of materials mean; nothing is kept."""
        return cast(Match, self._post_file("/v1/boms/match", bom, {"limit": limit}, None))

    def share(self, identifier: str, organisation: str, depth: Depth = "total") -> Share:
        """Let another organisation see a footprint."""
        body = {"organisation": organisation, "depth": depth}
        return cast(Share, self._post(_path("footprints", identifier, "shares"), body))

    def shared(self, **query: Any) -> Iterator[Json]:
        """Footprints that others share with one's organisation."""
        return self.pages("/v1/footprints/shared", **query)

    # -- statements and CBAM

    def issue_statement(self, footprint: str, customer: str, **order: Any) -> Statement:
        """Issue and sign a statement (docs/statements.md)."""
        return cast(Statement, self._post("/v1/statements", {"footprint": footprint, "customer": customer, **order}))

    def statement_document(self, identifier: str, form: str = "pdf", lang: str = "both") -> bytes:
        """A statement as PDF, XLSX, HTML or signed JSON."""
        query = {"form": form, "lang": lang}
        return self._transport.send("GET", _path("statements", identifier, "document"), params=query).content

    def cbam_screening(self, bom: Bom, **query: Any) -> Json:
        """Is a product in CBAM."""
        return self._post_file("/v1/cbam/screenings", bom, query, None)

    def cbam_installation(self, file: Bom) -> Json:
        """Specific embedded emissions of an installation: a document, our workbook or the Commission's template."""
        return self._post_file("/v1/cbam/installations", file, {}, None)

    def cbam_answer(self, bom: Bom, **query: Any) -> Json:
        """The CBAM answer for a bill of materials."""
        return self._post_file("/v1/cbam/answers", bom, query, None)

    # -- batches

    def post_batch(self, file: str | PathLike[str], *, idempotency_key: str | None = None, **query: Any) -> Batch:
        """Many bills of materials in one file (Parquet, NDJSON, CSV, XLSX): a job, which goes on by itself."""
        return cast(Batch, self._post_file("/v1/batches", file, query, idempotency_key))

    def batch(self, identifier: str) -> Batch:
        """How far a batch is."""
        return cast(Batch, self._get(_path("batches", identifier)))

    def wait(
        self, identifier: str, seconds: float = 3600.0, every: float = 1.0, seen: Callable[[Batch], None] | None = None
    ) -> Batch:
        """A batch when it is over; ``seen`` is told of every look. Raises `TimeoutError`."""
        end = time.monotonic() + seconds
        while True:
            found = self.batch(identifier)
            if seen is not None:
                seen(found)
            if found["state"] in OVER:
                return found
            if time.monotonic() > end:
                raise TimeoutError(f"batch {identifier} is {found['state']} after {seconds:g} s")
            time.sleep(every)

    def batch_results(self, identifier: str, path: str | PathLike[str], format: str = "parquet") -> Path:
        """The results of a batch as a file, which is streamed."""
        return self.download(_path("batches", identifier, "results"), path, format=format)

    # -- who asks

    def me(self) -> Json:
        """One's organisation, roles and scopes."""
        return self._get("/v1/me")

    def make_key(self, name: str, scopes: list[str], **given: Any) -> Key:
        """A new API key (``kind="client"``: client credentials); its secret is shown once."""
        return cast(Key, self._post("/v1/keys", {"name": name, "scopes": scopes, **given}))

    # -- everything else

    def pages(self, path: str, **query: Any) -> Iterator[Any]:
        """Every item of any list of the API."""
        return self._transport.pages(path, query)

    def table(self, path: str, form: Literal["csv", "xlsx"] = "csv", **query: Any) -> bytes:
        """Any list or table of the API, as CSV or XLSX."""
        return self._transport.send("GET", path, params=query, headers={"Accept": TABLES[form]}).content

    def request(self, method: str, path: str, **given: Any) -> httpx.Response:
        """Any call of the API (keywords as httpx has them), with the same credential, retries and errors."""
        return self._transport.send(method, path, **given)

    def download(self, path: str, to: str | PathLike[str], **query: Any) -> Path:
        """An answer as a file; written aside and moved into place, so that nothing is half-written."""
        target = Path(to)
        aside = target.with_name(f".{target.name}.part")
        try:
            response = self._transport.send("GET", path, params=query, stream=True)
            with closing(response), aside.open("wb") as file:
                for chunk in response.iter_bytes():
                    file.write(chunk)
            return aside.replace(target)
        except httpx.TransportError as error:
            raise Unreachable(f"{path} broke off: {error}") from error
        finally:
            aside.unlink(missing_ok=True)

    def _get(self, path: str, **query: Any) -> Json:
        params = {name: value for name, value in query.items() if value is not None}
        return cast(Json, self._transport.send("GET", path, params=params).json())

    def _post(self, path: str, body: Mapping[str, Any]) -> Json:
        return cast(Json, self._transport.send("POST", path, json=dict(body)).json())

    def _post_file(self, path: str, given: Bom, query: Mapping[str, Any], key: str | None) -> Json:
        content, headers = _content(given)
        headers |= {"Idempotency-Key": key} if key else {}
        params = {name: value for name, value in query.items() if value is not None}
        return cast(Json, self._transport.send("POST", path, content=content, headers=headers, params=params).json())


def _path(resource: str, identifier: str, *below: str) -> str:
    """The path of one thing; raises `ValueError` where its id would lead elsewhere."""
    if not _ID.fullmatch(identifier):
        raise ValueError(f"{identifier!r} is no id")
    return "/".join(("/v1", resource, identifier, *below))


class _File:
    """A file as what is sent, in pieces; it can be sent again."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __iter__(self) -> Iterator[bytes]:
        with self._path.open("rb") as file:
            while piece := file.read(PIECE):
                yield piece


def _content(given: Bom) -> tuple[bytes | _File, dict[str, str]]:
    """What to send of a document, or of a file by its name, and its headers; raises `ValueError` for a kind that nobody reads."""
    if isinstance(given, Mapping):
        return json.dumps(given, ensure_ascii=False).encode(), {"Content-Type": "application/json"}
    path = Path(given)
    media_type = MEDIA_TYPES.get(path.suffix.lower())
    if media_type is None:
        raise ValueError(f"{path.name}: one of {', '.join(MEDIA_TYPES)} is read")
    return _File(path), {"Content-Type": media_type, "Content-Length": str(path.stat().st_size)}

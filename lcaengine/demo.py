"""The demonstration: a real server on loopback, real bills of materials, results as a reader wants them."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import Request, urlopen

from lcaengine import terminal_cbam
from lcaengine.bom import read_plant
from lcaengine.data import folder
from lcaengine.problems import Problem, Refused
from lcaengine.terminal import Terminal

WORKED = (
    "beer/shandong-lager-plant.json", "beer/craft-one-way-glass.json", "beer/keg-brewery.json",
    "refrigerator/multi-door-500l.json", "tyres/passenger-205-55r16-standard.json",
)  # fmt: skip
CBAM = (
    ("washing-machine/drum-10kg-cn.json", None),
    ("cbam/hexagon-bolts.json", "cbam/screw-maker.xlsx"),
)
OUTPUT = "demo-output"
FORMS = ("pdf", "xlsx", "json")
STATED = {  # at depth "lines" the workbook calculates from every line to the total
    "statement-beer": ("beer/craft-one-way-glass.json", "lines"),
    "statement-washing-machine": ("washing-machine/drum-10kg-cn.json", "stages"),
}
CBAM_QUERY = "on=2026-06-30&quarter=2026-Q2"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
START_SECONDS = 90.0


def run_demo(terminal: Terminal) -> None:
    """Start the server, post the worked inventories, show footprints, hotspots and paths."""
    from lcaengine.background import default_release

    default_release()  # built before the server starts, so that its start is not the build
    with tempfile.TemporaryDirectory(prefix="lcaengine-demo-") as work, running_server(Path(work)) as address:
        terminal.say(f"[bold]lcaengine[/]  POST {address}/v1/footprints\n", "bold")
        for name in WORKED:
            for document in read_plant((folder("inventories") / name).read_bytes()):
                _show(terminal, address, document)
        for name, workbook in CBAM:
            _show_cbam(terminal, address, name, workbook)
        _write_documents(terminal, address, Path.cwd() / OUTPUT)
        terminal.console.rule()
        command = _command()
        terminal.say(f"[bold]{command} serve[/]  →  http://127.0.0.1:8000/docs")
        terminal.say(f"[bold]{command} footprint[/] {folder('inventories').name}/{WORKED[1]}")


def _show(terminal: Terminal, address: str, document: dict[str, Any]) -> None:
    answer = post(f"{address}/v1/footprints", document)
    terminal.footprint(answer)
    found = get(address + answer["links"]["hotspots"] + "?limit=6")
    terminal.ranking("lines", found["lines"])
    terminal.paths(get(address + answer["links"]["tree"] + "?cutoff=0.005"))
    terminal.say()


def _show_cbam(terminal: Terminal, address: str, name: str, workbook: str | None) -> None:
    """The CBAM answer for a bill of materials; with the workbook of the installation that makes the product."""
    query = CBAM_QUERY
    if workbook is not None:
        data = (folder("inventories") / workbook).read_bytes()
        installation = post(f"{address}/v1/cbam/installations", data, XLSX)
        terminal_cbam.show_installation(terminal, installation)
        query += f"&installation={installation['id']}"
    document = json.loads((folder("inventories") / name).read_bytes())
    terminal_cbam.show_answer(terminal, post(f"{address}/v1/cbam/answers?{query}", document))
    terminal.say()


def _write_documents(terminal: Terminal, address: str, out: Path) -> None:
    """A beer statement, a washing machine's with its CBAM answer, and an operator's reports, as a customer would get them."""
    out.mkdir(exist_ok=True)
    written: list[Path] = []
    for name, (source, depth) in STATED.items():
        document = json.loads((folder("inventories") / source).read_bytes())
        footprint = post(f"{address}/v1/footprints", document)
        order = {"footprint": footprint["id"], "customer": "Example Imports GmbH", "depth": depth,
                 "cbam": {"on": "2026-06-30", "quarter": "2026-Q2"}}  # fmt: skip
        statement = post(f"{address}/v1/statements", order)
        for form in FORMS:
            written.append(out / f"{name}.{form}")
            written[-1].write_bytes(fetched(f"{address}{statement['links']['self']}/document?form={form}"))
    written += _write_reports(address, out)
    written.append(out / "jwks.json")  # the public keys: lcaengine statement verify FILE --key demo-output/jwks.json
    written[-1].write_bytes(fetched(f"{address}/.well-known/jwks.json"))
    terminal.console.rule()
    for path in written:
        terminal.say(f"{OUTPUT}/{path.name}  [dim]{path.stat().st_size:,} B[/]")


def _write_reports(address: str, out: Path) -> list[Path]:
    """The operator's full report for the verifier and the summary for the importer."""
    from lcaengine.statements.formats import report_as

    inventories = folder("inventories") / "cbam"
    installation = post(f"{address}/v1/cbam/installations", (inventories / "screw-maker.xlsx").read_bytes(), XLSX)
    operator = json.loads((inventories / "screw-maker-operator.json").read_bytes())
    written = []
    for kind in ("full", "summary"):
        asked = {"installation": installation["id"], "operator": operator, "kind": kind}
        report = post(f"{address}/v1/cbam/reports", asked)
        for form in FORMS:
            written.append(out / f"operator-report-{kind}.{form}")
            written[-1].write_bytes(report_as(form, report, ("zh", "en")))
    return written


def _command() -> str:
    """How the reader starts lcaengine from here."""
    program = Path(sys.argv[0]).absolute()
    return str(program.relative_to(Path.cwd())) if program.is_relative_to(Path.cwd()) else program.name


@contextmanager
def running_server(work: Path, start_seconds: float = START_SECONDS) -> Iterator[str]:
    """A server of its own process on a free loopback port, with a database of its own; yields its address."""
    port = free_port()
    database = f"sqlite:///{work / 'demo.sqlite'}"
    command = [sys.executable, "-m", "lcaengine.cli", "serve", "--port", str(port), "--database", database]
    log = (work / "server.log").open("wb")
    server = subprocess.Popen(
        command,
        stdout=log,
        stderr=log,
        env={
            "LCAENGINE_KEYS": str(work / "keys"),
            "LCAENGINE_BATCHES": str(work / "batches"),
            **os.environ,
            "PYTHONUNBUFFERED": "1",
        },
    )
    address = f"http://127.0.0.1:{port}"
    try:
        _wait(address, server, start_seconds, work / "server.log")
        yield address
    finally:
        server.terminate()
        server.wait(10)
        log.close()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait(address: str, server: subprocess.Popen[bytes], seconds: float, log: Path) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end and server.poll() is None:
        try:
            get(address + "/healthz")
            return
        except URLError:
            time.sleep(0.02)
    tail = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    raise Refused(Problem("no_server", address, {"why": tail[-1] if tail else "?"}))


def get(address: str) -> Any:
    with urlopen(address, timeout=60) as response:
        return json.load(response)


def fetched(address: str) -> bytes:
    with urlopen(address, timeout=60) as response:
        return bytes(response.read())


def post(address: str, document: dict[str, Any] | bytes, media_type: str = "application/json") -> Any:
    data = document if isinstance(document, bytes) else json.dumps(document).encode()
    request = Request(address, data, {"Content-Type": media_type})
    with urlopen(request, timeout=60) as response:
        return json.load(response)

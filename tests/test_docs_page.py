"""The documentation page in a real browser, without a network: Swagger UI draws every operation."""

import json
import shutil
import subprocess
from pathlib import Path
from urllib.request import urlopen

import pytest

from lcaengine.demo import running_server

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
OPTIONS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
    "--virtual-time-budget=20000", "--dump-dom",
)  # fmt: skip


@pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium (.ci/run installs it)")
def test_the_documentation_works_offline_in_a_browser(tmp_path: Path) -> None:
    with running_server(tmp_path) as address:
        with urlopen(address + "/openapi.json") as response:
            paths = json.load(response)["paths"]
        command = [CHROMIUM, *OPTIONS, f"--user-data-dir={tmp_path / 'profile'}", address + "/docs/"]
        page = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True).stdout
    assert "OAS 3.1" in page
    for path in paths:
        assert f'data-path="{path}"' in page

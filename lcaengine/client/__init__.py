"""A client of the HTTP API: typed, with retries that are safe, and lists that page by themselves (docs/integrate.md).

>>> with Client("https://pcf.example.com", key=os.environ["LCAENGINE_KEY"]) as api:  # doctest: +SKIP
...     footprint = api.post_footprint("bom.json")
...     print(footprint["total"]["value"], footprint["total"]["unit"])
"""

from lcaengine.client.api import Client
from lcaengine.client.errors import ApiError, Unreachable
from lcaengine.client.shapes import (
    Amount,
    Batch,
    Entry,
    Footprint,
    Hotspot,
    Hotspots,
    Key,
    Line,
    Match,
    Share,
    Stage,
    Statement,
    Total,
)

__all__ = [
    "Amount", "ApiError", "Batch", "Client", "Entry", "Footprint", "Hotspot", "Hotspots", "Key", "Line", "Match", "Share",
    "Stage", "Statement", "Total", "Unreachable",
]  # fmt: skip

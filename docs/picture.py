"""Draws the picture of the README: the result of a worked inventory, as the command line shows it.

python docs/picture.py            writes docs/images/footprint.svg
"""

import re
from pathlib import Path

from rich.console import Console

from lcaengine.background import default_release
from lcaengine.bom import bom_of, read_plant
from lcaengine.data import folder
from lcaengine.footprint import body, calculate, hotspots, trace
from lcaengine.rules import find_rule
from lcaengine.terminal import Terminal

FILE = "shandong-lager-plant.json"


def main() -> None:
    console = Console(record=True, width=108, highlight=False)
    terminal = Terminal("en", console)
    document = read_plant((folder("inventories") / "beer" / FILE).read_bytes())[1]
    footprint = calculate(bom_of(document), find_rule("beer"), default_release())
    terminal.footprint(body(footprint))
    terminal.ranking("lines", hotspots(footprint, 5)["lines"])
    terminal.paths(trace(footprint, 0.005).as_dict(), 4)
    target = Path(__file__).parent / "images" / "footprint.svg"
    svg = console.export_svg(title=f"lcaengine hotspots inventories/beer/{FILE}")
    target.write_text(re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.S), encoding="utf-8")  # no font from elsewhere


if __name__ == "__main__":
    main()

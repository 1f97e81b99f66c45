"""Writes the results table of the README from the worked inventories.

python docs/results.py            rewrites the lines between <!-- results --> and <!-- /results -->
"""

from pathlib import Path

from lcaengine.background import default_release
from lcaengine.bom import bom_of, read_plant
from lcaengine.data import folder
from lcaengine.footprint import body, calculate
from lcaengine.rules import find_rule

README = Path(__file__).resolve().parent.parent / "README.md"
START, END = "<!-- results -->\n", "<!-- /results -->"
APART = {"beer-cff", "cbam"}  # variants of rules; CBAM installations and goods without a rule
HEADER = "| inventory | product | cradle to gate | cradle to grave | through estimates |\n|---|---|---|---|---|\n"


def table() -> str:
    """The table, one row per product of every worked inventory (those of `APART` aside)."""
    rows = []
    for path in sorted(folder("inventories").glob("*/*.json")):
        if path.parent.name in APART:
            continue
        for document in read_plant(path.read_bytes()):
            bom = bom_of(document)
            rule = find_rule(bom.category)
            gate, grave = (calculate(bom, rule, default_release(), b) for b in ("cradle_to_gate", "cradle_to_grave"))
            share = body(grave)["data_quality"]["estimate_share"]
            name = f"{bom.name['en']} {bom.name['zh']}"
            rows.append(
                f"| `{path.parent.name}/{path.name}` | {name} | {gate.value:.1f} | {grave.value:.1f} | {share:.0%} |\n"
            )
    return HEADER + "".join(rows)


def main() -> None:
    text = README.read_text(encoding="utf-8")
    before, _, rest = text.partition(START)
    README.write_text(before + START + table() + END + rest.partition(END)[2], encoding="utf-8")


if __name__ == "__main__":
    main()

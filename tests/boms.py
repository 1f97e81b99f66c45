"""Bills of materials that the tests of API, command line and reading share, and how to change one value in them."""

from __future__ import annotations

import copy
import json
from typing import Any

from lcaengine.data import folder

Json = dict[str, Any]
INVENTORIES = folder("inventories") / "beer"
WORKED = sorted(path.name for path in INVENTORIES.iterdir() if path.suffix in {".json", ".csv"})

# What the beer rule asks for and nothing else, per hectolitre; inside the guardrails, so that it warns of nothing.
_CANNED: Json = {
    "product": {
        "id": "can",
        "name": {"zh": "罐装啤酒", "en": "Canned lager"},
        "category": "beer",
        "declared_unit": {"amount": 1, "unit": "hl"},
        "pack": {"amount": 330, "unit": "ml"},
    },
    "site": {"country": "CN", "region": "CN-SD"},
    "basis": "declared_unit",
    "lines": [
        {"id": "malt", "name": "浅色麦芽", "amount": 11, "unit": "kg", "role": "malt"},
        {"id": "can", "amount": 303, "unit": "piece", "unit_mass": {"amount": 13, "unit": "g"}, "role": "can",
         "recycled_content": 0},
    ],
    "activities": {
        "electricity": [{"amount": 8, "unit": "kWh"}],
        "fuels": [{"fuel": "natural_gas", "amount": 3.5, "unit": "m3"}],
        "water": [{"amount": 0.43, "unit": "m3"}],
        "wastewater": [{"amount": 0.25, "unit": "m3"}],
    },
}  # fmt: skip

# The same bill of materials as a table.
CANNED_CSV = """\
section,id,name,amount,unit,role,kind,unit_mass,recycled_content
product,id,can,,,,,,
product,name,罐装啤酒,,,,,,
product,category,beer,,,,,,
product,declared_unit,,1,hl,,,,
product,pack,,330,ml,,,,
site,country,CN,,,,,,
site,region,CN-SD,,,,,,
basis,,declared_unit,,,,,,
line,malt,浅色麦芽,11,kg,malt,,,
line,can,,303,piece,can,,13 g,0
electricity,,,8,kWh,,,,
fuels,,,3.5,m3,,natural_gas,,
water,,,0.43,m3,,,,
wastewater,,,0.25,m3,,,,
"""

# The same with Chinese headings and sections.
CANNED_CSV_ZH = """\
区段,编号,名称,数量,单位,角色,类别,单件质量,再生料比例
产品,id,can,,,,,,
产品,name,罐装啤酒,,,,,,
产品,category,beer,,,,,,
产品,declared_unit,,1,百升,,,,
产品,pack,,330,毫升,,,,
场地,country,CN,,,,,,
场地,region,CN-SD,,,,,,
基准,,declared_unit,,,,,,
物料,malt,浅色麦芽,11,公斤,malt,,,
物料,can,,303,罐,can,,13 克,0
电力,,,8,度,,,,
燃料,,,3.5,立方米,,natural_gas,,
用水,,,0.43,立方米,,,,
废水,,,0.25,立方米,,,,
"""


class _Remove:
    """In place of a value: take the entry away."""


REMOVE = _Remove()


def canned(changes: Json | None = None) -> Json:
    """Canned lager, with values at JSON pointers changed, added (``-`` is the end of a list) or taken away."""
    document = copy.deepcopy(_CANNED)
    for place, value in (changes or {}).items():
        *path, last = place.split("/")[1:]
        owner: Any = document
        for key in path:
            owner = owner[int(key)] if isinstance(owner, list) else owner.setdefault(key, {})
        if isinstance(value, _Remove):
            del owner[int(last) if isinstance(owner, list) else last]
        elif isinstance(owner, list):
            owner.append(value) if last == "-" else owner.__setitem__(int(last), value)
        else:
            owner[last] = value
    return document


def as_bytes(document: Any) -> bytes:
    return json.dumps(document, ensure_ascii=False).encode()


def written(place: str, text: str) -> bytes:
    """Canned lager with a value that JSON libraries would not write, letter by letter: ``NaN``, ``1e999``."""
    return as_bytes(canned({place: "@@"})).replace(b'"@@"', text.encode())


def worked(name: str) -> bytes:
    return (INVENTORIES / name).read_bytes()

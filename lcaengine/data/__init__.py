"""Where the data folders are: beside this file in a wheel, at the root of a checkout otherwise."""

from functools import cache
from pathlib import Path


@cache
def folder(name: str) -> Path:
    """The folder ``background_data``, ``product_rules`` or ``inventories``."""
    here = Path(__file__).resolve().parent
    packaged = here / name
    return packaged if packaged.is_dir() else here.parent.parent / name

"""CBAM: what Regulation (EU) 2023/956 and its acts ask of an importer, apart from product carbon footprints.

No emission factor and no GWP is shared with the footprint: every figure comes from an act (`lcaengine.cbam.tables`).
"""

from lcaengine.cbam.tables import (
    acts_used,
    benchmarks,
    cbam_factor,
    correction_factor,
    default_values,
    good_of,
    goods_under,
    markup,
    normal_cn,
    origin_status,
    pfc_factor,
    price,
    proposed,
    standard_factor,
    tables,
)

__all__ = [
    "acts_used",
    "benchmarks",
    "cbam_factor",
    "correction_factor",
    "default_values",
    "good_of",
    "goods_under",
    "markup",
    "normal_cn",
    "origin_status",
    "pfc_factor",
    "price",
    "proposed",
    "standard_factor",
    "tables",
]

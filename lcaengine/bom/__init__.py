"""Reading bills of materials."""

from lcaengine.bom.model import Activity, Bom, CoProduct, Leg, Line, Shared, SupplierFootprint
from lcaengine.bom.reading import read_bom, read_plant

__all__ = [
    "Activity",
    "Bom",
    "CoProduct",
    "Leg",
    "Line",
    "Shared",
    "SupplierFootprint",
    "read_bom",
    "read_plant",
]

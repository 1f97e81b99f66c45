"""Reading bills of materials."""

from lcaengine.bom.model import Activity, Bom, CoProduct, EmbeddedEmissions, Leg, Line, Shared, SupplierFootprint
from lcaengine.bom.reading import bom_of, read_bom, read_document, read_plant, read_products

__all__ = [
    "Activity",
    "Bom",
    "CoProduct",
    "EmbeddedEmissions",
    "Leg",
    "Line",
    "Shared",
    "SupplierFootprint",
    "bom_of",
    "read_bom",
    "read_document",
    "read_plant",
    "read_products",
]

"""lcaengine: product carbon footprints on Brightway, from a bill of materials to hotspots.

The way the data goes, one package an arrow::

    BOM ─read─▶ Bom ─apply rule─▶ Inventory ─link─▶ (Inventory × release) ─solve─▶ Footprint ─trace─▶ Hotspots
       lcaengine.bom      lcaengine.inventory                         lcaengine.footprint
"""

__version__ = "0.3.0"

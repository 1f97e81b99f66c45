"""CBAM: what Regulation (EU) 2023/956 and its acts ask of an importer, apart from product carbon footprints.

No emission factor and no GWP is shared with the footprint: every figure comes from an act (`lcaengine.cbam.tables`).
"""

"""PACT v3: footprints exchanged with customers and suppliers (docs/pact.md)."""

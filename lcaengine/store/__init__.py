"""What is kept, and for whom."""

from lcaengine.store.records import DEFAULT_ORGANISATION, CbamRecord, Record, Store, open_store

__all__ = ["DEFAULT_ORGANISATION", "CbamRecord", "Record", "Store", "open_store"]

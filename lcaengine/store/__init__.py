"""What is kept, and for whom."""

from lcaengine.store import evidence as _evidence  # noqa: F401 (its tables belong to the metadata)
from lcaengine.store.again import RuleChanged, solved_again
from lcaengine.store.records import DEFAULT_ORGANISATION, CbamRecord, Record, Store, open_store
from lcaengine.store.statements import StatementEvent, StatementRecord

__all__ = [
    "DEFAULT_ORGANISATION", "CbamRecord", "Record", "RuleChanged", "StatementEvent", "StatementRecord", "Store", "open_store",
    "solved_again",
]  # fmt: skip

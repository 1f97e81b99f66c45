"""What is kept, and for whom."""

# every module that declares tables is imported here, so that the metadata know them all
from lcaengine.store import answers as _answers  # noqa: F401
from lcaengine.store import audit as _audit  # noqa: F401
from lcaengine.store import batches as _batches  # noqa: F401
from lcaengine.store import boms as _boms  # noqa: F401
from lcaengine.store import credentials as _credentials  # noqa: F401
from lcaengine.store import evidence as _evidence  # noqa: F401
from lcaengine.store import organisation_data as _organisation_data  # noqa: F401
from lcaengine.store import pact as _pact  # noqa: F401
from lcaengine.store import pact_partners as _pact_partners  # noqa: F401
from lcaengine.store import sharing as _sharing  # noqa: F401
from lcaengine.store.again import RuleChanged, solved_again
from lcaengine.store.listing import Listed, Page
from lcaengine.store.records import DEFAULT_ORGANISATION, CbamRecord, Record, Store, open_store
from lcaengine.store.statements import StatementEvent, StatementRecord

__all__ = [
    "DEFAULT_ORGANISATION", "CbamRecord", "Listed", "Page", "Record", "RuleChanged", "StatementEvent", "StatementRecord", "Store", "open_store",
    "solved_again",
]  # fmt: skip

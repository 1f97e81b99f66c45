"""From a bill of materials and a rule to a foreground inventory."""

from lcaengine.inventory.apply import apply_rule
from lcaengine.inventory.model import Assumption, Exchange, ForegroundProcess, Inventory

__all__ = ["Assumption", "Exchange", "ForegroundProcess", "Inventory", "apply_rule"]

"""Product category rules as inventory templates: data that runs."""

from lcaengine.rules.library import find_rule, list_rules, load_rule
from lcaengine.rules.template import Rule

__all__ = ["Rule", "find_rule", "list_rules", "load_rule"]

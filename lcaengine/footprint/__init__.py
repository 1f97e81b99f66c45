"""Solving and tracing: footprint, contributions, hotspots, the supply-chain tree, and the proof against Brightway."""

from lcaengine.footprint.comparison import comparison
from lcaengine.footprint.contributions import contributions
from lcaengine.footprint.hotspots import hotspots
from lcaengine.footprint.link import System, link
from lcaengine.footprint.result import body, calculate, explain
from lcaengine.footprint.solve import Footprint, solve
from lcaengine.footprint.tree import Node, Tree, trace

__all__ = [
    "Footprint", "Node", "System", "Tree", "body", "calculate", "comparison", "contributions", "explain", "hotspots", "link", "solve",
    "trace",
]  # fmt: skip

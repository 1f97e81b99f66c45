"""Speed of the engine as ratios against Brightway and against floors: ``python -m benchmarks``."""

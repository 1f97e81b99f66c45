"""A background release: cited tables, their checks, the build with Brightway, loading and search."""

from lcaengine.background.release import Release, default_release, load_release

__all__ = ["Release", "default_release", "load_release"]

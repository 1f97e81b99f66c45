"""The HTTP door: Flask and flask-smorest. No arithmetic here."""

from .app import create_app

__all__ = ["create_app"]

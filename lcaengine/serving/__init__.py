"""A WSGI application on the network: gunicorn's threads where it runs (POSIX), waitress elsewhere (Windows).

``requests`` reads them within a deadline, ``worker`` works on them within another, ``refusals`` answers what never
reaches the application, ``logs`` writes down what happened.
"""

from lcaengine.serving.listening import LOOPBACK, Listening, NoAddress, loopback
from lcaengine.serving.starting import Hooks, run

__all__ = ["LOOPBACK", "Hooks", "Listening", "NoAddress", "loopback", "run"]

"""What Prometheus is told. With several workers each writes its own files, and the one that is asked adds them up."""

from __future__ import annotations

import os
from functools import cache

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
    multiprocess,
)
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import REGISTRY, Collector
from sqlalchemy import inspect, text

from lcaengine.store import Store

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120)
FOLDER = "PROMETHEUS_MULTIPROC_DIR"
JOBS = "batches"

REQUESTS = Counter("lcaengine_requests", "Requests answered.", ["method", "route", "status"])
SECONDS = Histogram("lcaengine_request_seconds", "Time to answer a request.", ["method", "route"], buckets=BUCKETS)
IN_PROGRESS = Gauge("lcaengine_requests_in_progress", "Requests being worked on.", multiprocess_mode="livesum")
FOOTPRINTS = Counter("lcaengine_footprints", "Footprints calculated and kept over HTTP.")
DATABASE_ERRORS = Counter("lcaengine_database_errors", "Requests that failed because of the database.")


def begin() -> None:
    IN_PROGRESS.inc()


def end() -> None:
    IN_PROGRESS.dec()


def answered(method: str, route: str, status: int, seconds: float) -> None:
    REQUESTS.labels(method, route, str(status)).inc()
    SECONDS.labels(method, route).observe(seconds)
    if (method, route, status) == ("POST", "/v1/footprints", 201):
        FOOTPRINTS.inc()


def page(store: Store) -> tuple[bytes, str]:
    """Everything of all workers, and how many batches are in which state; with its content type."""
    own = CollectorRegistry()
    own.register(_Batches(store))
    counted = _of_all_workers() if os.environ.get(FOLDER) else REGISTRY
    return generate_latest(counted) + generate_latest(own), CONTENT_TYPE_LATEST


def _of_all_workers() -> CollectorRegistry:
    registry = CollectorRegistry()
    multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return registry


class _Batches(Collector):
    def __init__(self, store: Store) -> None:
        self.store = store

    def collect(self) -> list[GaugeMetricFamily]:
        family = GaugeMetricFamily("lcaengine_batches", "Batches by state.", labels=["state"])
        if _has_batches(self.store):
            with self.store.engine.connect() as connection:
                for state, count in connection.execute(text(f"SELECT state, count(*) FROM {JOBS} GROUP BY state")):
                    family.add_metric([state], count)
        return [family]


@cache
def _has_batches(store: Store) -> bool:
    """Whether this database keeps batches; tables do not come and go while a server runs."""
    found = inspect(store.engine)
    return found.has_table(JOBS) and "state" in {column["name"] for column in found.get_columns(JOBS)}

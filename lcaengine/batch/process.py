"""``python -m lcaengine.batch.process ORGANISATION BATCH RUNNER``: one batch, in a process that ends with the one that began it."""

from __future__ import annotations

import contextlib
import os
import sys
import threading


def main(organisation_id: str, identifier: str, name: str) -> None:
    from lcaengine.batch.runner import process
    from lcaengine.store import open_store
    from lcaengine.store.batches import get_batch

    threading.Thread(target=_end_with_parent, daemon=True).start()
    with contextlib.suppress(OSError):
        os.nice(10)  # the server's answers come first
    store = open_store()
    process(store, get_batch(store, organisation_id, identifier), name)


def _end_with_parent() -> None:
    """Our input ends when the server does, however it ends; Dask's workers end with us."""
    sys.stdin.buffer.read()
    os._exit(4)


if __name__ == "__main__":
    main(*sys.argv[1:4])

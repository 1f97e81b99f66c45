"""Alembic's entry: runs on the connection that `lcaengine.store.records.migrate` gives."""

from alembic import context

from lcaengine.store.records import Base

context.configure(connection=context.config.attributes["connection"], target_metadata=Base.metadata)
with context.begin_transaction():
    context.run_migrations()

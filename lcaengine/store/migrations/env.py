"""Alembic's entry: runs within the transaction of the connection that `lcaengine.store.database.upgrade` gives."""

from alembic import context

from lcaengine.store.base import Base

context.configure(
    connection=context.config.attributes["connection"], target_metadata=Base.metadata, transactional_ddl=True
)
with context.begin_transaction():
    context.run_migrations()

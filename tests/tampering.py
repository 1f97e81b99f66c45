"""Who may change the schema may change a record: what the tests of altered records begin with."""

from __future__ import annotations

from sqlalchemy import Engine


def unprotect(engine: Engine, table: str) -> None:
    """Take away the trigger that refuses changes of a table's rows."""
    place = f" ON {table}" if engine.dialect.name == "postgresql" else ""
    with engine.begin() as connection:
        connection.exec_driver_sql(f"DROP TRIGGER IF EXISTS {table}_no_update{place}")

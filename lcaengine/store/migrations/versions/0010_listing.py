"""What footprints, CBAM results and statements are listed by, as columns; filled from what is kept.

Revision ID: 0010
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"

PAGE = 200
ADDED = {
    "footprints": (("name", sa.Text), ("gtin", sa.Text), ("hs_code", sa.Text), ("total", sa.Float)),
    "cbam_records": (("name", sa.Text),),
    "statements": (("customer", sa.Text), ("product", sa.Text), ("valid_until", sa.Date)),
}
NEVER_NULL = {"name", "customer", "product"}


def upgrade() -> None:
    for table, columns in ADDED.items():
        for name, kind in columns:
            settings: dict[str, Any] = {"nullable": False, "server_default": ""} if name in NEVER_NULL else {}
            op.add_column(table, sa.Column(name, kind, **settings))
    op.create_index("ix_footprints_total", "footprints", ["organisation_id", "total", "id"])
    with _writable("footprints"), _writable("cbam_records"):
        _fill("footprints", "body", _footprint)
        _fill("cbam_records", "body", _cbam)
    _fill("statements", "document", _statement)


def downgrade() -> None:
    op.drop_index("ix_footprints_total", "footprints")
    for table, columns in ADDED.items():
        for name, _ in columns:
            op.drop_column(table, name)


@contextmanager
def _writable(table: str) -> Iterator[None]:
    """Set the trigger of migration 0009 aside that lets no row be changed; all within the transaction of the migration."""
    bind, trigger = op.get_bind(), f"{table}_no_update"
    if bind.dialect.name == "postgresql":
        op.execute(f"ALTER TABLE {table} DISABLE TRIGGER {trigger}")
        yield
        op.execute(f"ALTER TABLE {table} ENABLE TRIGGER {trigger}")
        return
    made = bind.execute(sa.text("SELECT sql FROM sqlite_master WHERE name = :name"), {"name": trigger}).scalar_one()
    op.execute(f"DROP TRIGGER {trigger}")
    yield
    op.execute(made)


def _footprint(body: dict[str, Any]) -> dict[str, Any]:
    product = body.get("product", {})
    codes = {key: product.get(key) for key in ("gtin", "hs_code")}
    return {"name": _names(product.get("name")), "total": body.get("total", {}).get("value"), **codes}


def _cbam(body: dict[str, Any]) -> dict[str, Any]:
    owner = body.get("product") or body.get("installation") or {}
    return {"name": _names(owner.get("name", owner) if isinstance(owner, dict) else owner)}


def _statement(document: dict[str, Any]) -> dict[str, Any]:
    said = document.get("statement", {})
    until = said.get("valid_until")
    return {
        "customer": said.get("customer", {}).get("name", ""),
        "product": _names(said.get("product", {}).get("name")),
        "valid_until": date.fromisoformat(until) if until else None,
    }


def _names(name: Any) -> str:
    texts = name.values() if isinstance(name, dict) else (name,)
    return "\n".join(dict.fromkeys(text for text in texts if isinstance(text, str)))


def _fill(table: str, source: str, columns_of: Any) -> None:
    columns = [sa.Column("id", sa.String), sa.Column(source, sa.Text), *(sa.Column(n, k) for n, k in ADDED[table])]
    rows = sa.Table(table, sa.MetaData(), *columns)
    for identifier, text in _pages(rows, source):
        op.get_bind().execute(sa.update(rows).where(rows.c.id == identifier).values(columns_of(json.loads(text))))


def _pages(rows: sa.Table, source: str) -> Iterator[tuple[str, str]]:
    """Ids and texts of all rows, a few at a time."""
    last = ""
    while True:
        query = sa.select(rows.c.id, rows.c[source]).where(rows.c.id > last).order_by(rows.c.id).limit(PAGE)
        found = op.get_bind().execute(query).all()
        yield from ((identifier, text) for identifier, text in found)
        if len(found) < PAGE:
            return
        last = found[-1][0]

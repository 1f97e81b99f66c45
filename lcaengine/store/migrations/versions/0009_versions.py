"""Versions of footprints; what is recorded cannot be changed in the database either; deletions of an organisation's data.

A removal is let through only while the deletion of that organisation is open: an entry of `deletions` without `finished`,
which is written and finished in one transaction (lcaengine/store/organisation_data.py).

Revision ID: 0009
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"

WHOLE = ("footprints", "cbam_records", "statement_events", "evidence_contents", "audit")
PARTLY = {  # what becomes of a statement, and that a file was taken away, is written into the row
    "statements": ("id", "organisation_id", "created", "footprint_id", "document"),
    "evidence": (
        "id", "organisation_id", "created", "kind", "record", "pointer", "version", "previous", "sha256", "size", "media_type",
        "file_name", "entered_by", "retain_until",
    ),
}  # fmt: skip
REFUSED = "USING ERRCODE = 'integrity_constraint_violation'"
DELETION = "EXISTS (SELECT 1 FROM deletions d WHERE d.organisation_id = OLD.organisation_id AND d.finished IS NULL)"
UNNEEDED = (
    "NOT EXISTS (SELECT 1 FROM evidence e WHERE e.organisation_id = OLD.organisation_id AND e.sha256 = OLD.sha256"
    " AND e.removed IS NULL)"
)


def upgrade() -> None:
    op.add_column("footprints", sa.Column("version", sa.Integer, nullable=False, server_default=sa.text("1")))
    op.add_column("footprints", sa.Column("previous", sa.String(36)))
    op.add_column("footprints", sa.Column("original", sa.String(36)))
    op.create_index("ix_footprints_version", "footprints", ["organisation_id", "original", "version"], unique=True)
    op.create_table(
        "deletions",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("organisation_id", sa.String(64), nullable=False),
        sa.Column("started", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished", sa.DateTime(timezone=True)),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("counts", sa.Text, nullable=False),
    )
    op.create_index("ix_deletions_organisation", "deletions", ["organisation_id", "finished"])
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "CREATE OR REPLACE FUNCTION lcaengine_append_only() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
            f" RAISE EXCEPTION '% is append-only', TG_TABLE_NAME {REFUSED}; END $$"
        )
    _drop_append_only()
    for name in (*WHOLE, *PARTLY):
        _refuse(name, f"UPDATE OF {', '.join(PARTLY[name])}" if name in PARTLY else "UPDATE")
        allowed = f"{DELETION} OR {UNNEEDED}" if name == "evidence_contents" else DELETION
        _refuse(name, "DELETE", f"NOT ({allowed})")


def _drop_append_only() -> None:
    """Those of migration 0006, which let no organisation go."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP TRIGGER audit_append_only ON audit")
        return
    for verb in ("UPDATE", "DELETE"):
        op.execute(f"DROP TRIGGER audit_no_{verb}")


def _refuse(table: str, event: str, when: str = "") -> None:
    """A trigger that stops an event on the rows of a table."""
    name = f"{table}_no_{event.partition(' ')[0].lower()}"
    if op.get_bind().dialect.name == "sqlite":
        condition = f"WHEN {when} " if when else ""
        op.execute(
            f"CREATE TRIGGER {name} BEFORE {event} ON {table} FOR EACH ROW {condition}"
            f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
        )
        return
    # PostgreSQL takes no subquery in WHEN: the function of a removal asks for itself
    function = "lcaengine_append_only"
    if when:
        function = f"lcaengine_{name}"
        op.execute(
            f"CREATE OR REPLACE FUNCTION {function}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
            f" IF {when} THEN RAISE EXCEPTION '{table} is append-only' {REFUSED}; END IF; RETURN OLD; END $$"
        )
        op.execute(
            f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} EXECUTE FUNCTION lcaengine_append_only()"
        )
    op.execute(f"CREATE TRIGGER {name} BEFORE {event} ON {table} FOR EACH ROW EXECUTE FUNCTION {function}()")


def downgrade() -> None:
    postgresql = op.get_bind().dialect.name == "postgresql"
    for table in (*WHOLE, *PARTLY):
        for event in ("update", "delete", *(["truncate"] if postgresql else [])):
            op.execute(f"DROP TRIGGER {table}_no_{event}" + (f" ON {table}" if postgresql else ""))
    op.drop_table("deletions")
    op.drop_index("ix_footprints_version", "footprints")
    for column in ("original", "previous", "version"):
        op.drop_column("footprints", column)

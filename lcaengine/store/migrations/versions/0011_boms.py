"""Bills of materials that are kept; never changed, and removed only with all of an organisation's data (see 0009).

Revision ID: 0011
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"

DELETION = "EXISTS (SELECT 1 FROM deletions d WHERE d.organisation_id = OLD.organisation_id AND d.finished IS NULL)"
REFUSED = "USING ERRCODE = 'integrity_constraint_violation'"


def upgrade() -> None:
    op.create_table(
        "boms",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("organisation_id", sa.String(64), nullable=False),
        sa.Column("created", sa.DateTime(timezone=True), nullable=False),
        sa.Column("category", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("gtin", sa.Text),
        sa.Column("document", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("previous", sa.String(36)),
    )
    op.create_index("ix_boms_created", "boms", ["organisation_id", "created", "id"])
    op.create_index("ix_boms_previous", "boms", ["organisation_id", "previous"], unique=True)
    if op.get_bind().dialect.name == "postgresql":
        _refuse_on_postgresql()
    else:
        _refuse_on_sqlite()


def _refuse_on_sqlite() -> None:
    for event, when in (("UPDATE", ""), ("DELETE", f"WHEN NOT {DELETION} ")):
        op.execute(
            f"CREATE TRIGGER boms_no_{event.lower()} BEFORE {event} ON boms FOR EACH ROW {when}"
            "BEGIN SELECT RAISE(ABORT, 'boms is append-only'); END"
        )


def _refuse_on_postgresql() -> None:
    """With the function of migration 0009; a removal asks for itself, since WHEN takes no subquery."""
    op.execute(
        "CREATE OR REPLACE FUNCTION lcaengine_boms_no_delete() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        f" IF NOT {DELETION} THEN RAISE EXCEPTION 'boms is append-only' {REFUSED}; END IF; RETURN OLD; END $$"
    )
    for event, each, function in (
        ("UPDATE", "FOR EACH ROW", "append_only"), ("DELETE", "FOR EACH ROW", "boms_no_delete"), ("TRUNCATE", "", "append_only"),
    ):  # fmt: skip
        op.execute(
            f"CREATE TRIGGER boms_no_{event.lower()} BEFORE {event} ON boms {each} EXECUTE FUNCTION lcaengine_{function}()"
        )


def downgrade() -> None:
    op.drop_table("boms")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION lcaengine_boms_no_delete()")

"""Batches.

Revision ID: 0007
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "batches",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("organisation_id", sa.String(64), nullable=False),
        sa.Column("created", MOMENT, nullable=False),
        sa.Column("format", sa.String(10), nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("lines", sa.Boolean, nullable=False),
        sa.Column("background_id", sa.String(64), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("stop", sa.Boolean, nullable=False),
        sa.Column("bills", sa.Integer),
        sa.Column("done", sa.Integer, nullable=False),
        sa.Column("errors", sa.Integer, nullable=False),
        sa.Column("rate", sa.Float, nullable=False),
        sa.Column("started", MOMENT),
        sa.Column("finished", MOMENT),
        sa.Column("problems", sa.Text, nullable=False),
        sa.Column("runner", sa.String(36)),
        sa.Column("until", MOMENT),
    )
    op.create_index("ix_batches_organisation_created", "batches", ["organisation_id", "created", "id"])
    op.create_index("ix_batches_state", "batches", ["state", "created"])


def downgrade() -> None:
    op.drop_table("batches")

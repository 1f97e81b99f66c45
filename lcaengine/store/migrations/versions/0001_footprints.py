"""Footprints.

Revision ID: 0001
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "footprints",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("organisation_id", sa.String(64), nullable=False),
        sa.Column("created", sa.DateTime(timezone=True), nullable=False),
        sa.Column("category", sa.String(100), nullable=False),
        sa.Column("rule_version", sa.String(40), nullable=False),
        sa.Column("rule_sha256", sa.String(64), nullable=False),
        sa.Column("background_id", sa.String(64), nullable=False),
        sa.Column("document", sa.Text, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
    )
    op.create_index("ix_footprints_organisation_created", "footprints", ["organisation_id", "created", "id"])


def downgrade() -> None:
    op.drop_table("footprints")

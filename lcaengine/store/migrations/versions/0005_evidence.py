"""Evidence files attached to figures.

Revision ID: 0005
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.create_table(
        "evidence",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("organisation_id", sa.String(64), nullable=False),
        sa.Column("created", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("record", sa.String(36), nullable=False),
        sa.Column("pointer", sa.String(300), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("previous", sa.String(36)),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("size", sa.Integer, nullable=False),
        sa.Column("media_type", sa.String(100), nullable=False),
        sa.Column("file_name", sa.String(200), nullable=False),
        sa.Column("entered_by", sa.String(200), nullable=False),
        sa.Column("retain_until", sa.Date, nullable=False),
        sa.Column("removed", sa.DateTime(timezone=True)),
        sa.Column("removed_by", sa.String(200)),
    )
    op.create_index("ix_evidence_listing", "evidence", ["organisation_id", "created", "id"])
    op.create_index(
        "ix_evidence_version", "evidence", ["organisation_id", "kind", "record", "pointer", "version"], unique=True
    )
    op.create_table(
        "evidence_contents",
        sa.Column("organisation_id", sa.String(64), primary_key=True),
        sa.Column("sha256", sa.String(64), primary_key=True),
        sa.Column("data", sa.LargeBinary, nullable=False),
    )


def downgrade() -> None:
    op.drop_table("evidence_contents")
    op.drop_table("evidence")

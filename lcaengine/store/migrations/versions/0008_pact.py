"""PACT: what is published and for whom, partners, suppliers' footprints, events.

Revision ID: 0008
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.create_table(
        "pact_publishers",
        sa.Column("organisation_id", sa.String(64), primary_key=True),
        sa.Column("company_name", sa.String(200), nullable=False),
        sa.Column("company_ids", sa.Text, nullable=False),
        sa.Column("domain", sa.String(253), nullable=False),
        sa.Column("address", sa.String(300), nullable=False),
    )
    op.create_table(
        "pact_footprints",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("organisation_id", sa.String(64), nullable=False),
        sa.Column("created", sa.DateTime(timezone=True), nullable=False),
        sa.Column("footprint_id", sa.String(36), nullable=False),
        sa.Column("status", sa.String(20), nullable=False),
        sa.Column("document", sa.Text, nullable=False),
    )
    op.create_index("ix_pact_footprints_listing", "pact_footprints", ["organisation_id", "created", "id"])
    op.create_table(
        "pact_receivers",
        sa.Column("pf_id", sa.String(36), primary_key=True),
        sa.Column("receiver", sa.String(100), primary_key=True),
        sa.Column("organisation_id", sa.String(64), nullable=False),
    )
    op.create_index("ix_pact_receivers_receiver", "pact_receivers", ["receiver", "pf_id"])
    op.create_table(
        "pact_partners",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("organisation_id", sa.String(64), nullable=False),
        sa.Column("created", sa.DateTime(timezone=True), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("signs_in_as", sa.String(100), nullable=False),
        sa.Column("base_url", sa.String(300), nullable=False),
        sa.Column("auth_url", sa.String(300), nullable=False),
        sa.Column("client_id", sa.String(300), nullable=False),
        sa.Column("sealed_secret", sa.Text, nullable=False),
    )
    op.create_index("ix_pact_partners_url", "pact_partners", ["organisation_id", "base_url"], unique=True)
    op.create_table(
        "pact_received",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("organisation_id", sa.String(64), nullable=False),
        sa.Column("created", sa.DateTime(timezone=True), nullable=False),
        sa.Column("partner_id", sa.String(36), nullable=False),
        sa.Column("pf_id", sa.String(36), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("document", sa.Text, nullable=False),
    )
    op.create_index("ix_pact_received_listing", "pact_received", ["organisation_id", "created", "id"])
    op.create_index("ix_pact_received_once", "pact_received", ["organisation_id", "partner_id", "sha256"], unique=True)
    op.create_table(
        "pact_events",
        sa.Column("organisation_id", sa.String(64), primary_key=True),
        sa.Column("direction", sa.String(3), primary_key=True),
        sa.Column("source", sa.String(300), primary_key=True),
        sa.Column("id", sa.String(100), primary_key=True),
        sa.Column("partner_id", sa.String(36), nullable=False),
        sa.Column("created", sa.DateTime(timezone=True), nullable=False),
        sa.Column("type", sa.String(100), nullable=False),
        sa.Column("document", sa.Text, nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("due", sa.DateTime(timezone=True), nullable=False),
        sa.Column("error", sa.String(300), nullable=False),
    )
    op.create_index("ix_pact_events_due", "pact_events", ["state", "due"])


def downgrade() -> None:
    for table in ("events", "received", "partners", "receivers", "footprints", "publishers"):
        op.drop_table(f"pact_{table}")

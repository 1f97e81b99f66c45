"""Whether the effects of new rule versions may be computed from a footprint; so far from all.

Revision ID: 0002
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.add_column("footprints", sa.Column("impact_allowed", sa.Boolean, nullable=False, server_default=sa.true()))


def downgrade() -> None:
    op.drop_column("footprints", "impact_allowed")

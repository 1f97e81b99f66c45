"""Footprints shared with another organisation at a depth: total, stages or lines. A bill of materials is never shared."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from sqlalchemy import Index, String, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from lcaengine.problems import NotFound, Problem, Refused
from lcaengine.store.base import Base, Moment
from lcaengine.store.listing import Listed, Listing, Page, before, equal, since
from lcaengine.store.organisations import OrganisationRow, _shown
from lcaengine.store.records import FootprintRow, Record, Store, _record
from lcaengine.store.transaction import transaction

Depth = Literal["total", "stages", "lines"]
DEPTHS = ("total", "stages", "lines")
PARTITIONS = {
    "gas": "total",
    "category": "total",
    "stage": "stages",
    "line": "lines",
}  # from which depth; processes never


class ShareRow(Base):
    """A footprint that another organisation may see, to a depth, until it is ended."""

    __tablename__ = "shares"
    __table_args__ = (
        Index("ix_shares_footprint", "organisation_id", "footprint_id"),
        Index("ix_shares_receiver", "receiver", "created", "id"),
    )

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    organisation_id: Mapped[str] = mapped_column(String(64))
    footprint_id: Mapped[str] = mapped_column(String(36))
    receiver: Mapped[str] = mapped_column(String(64))
    depth: Mapped[str] = mapped_column(String(10))
    created: Mapped[datetime] = mapped_column(Moment)
    ended: Mapped[datetime | None] = mapped_column(Moment)


@dataclass(frozen=True, slots=True)
class Share:
    """``organisation_id`` owns the footprint, ``receiver`` sees it."""

    id: str
    organisation_id: str
    footprint_id: str
    receiver: str
    depth: str
    created: datetime
    ended: datetime | None

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return {
            "id": self.id, "footprint": self.footprint_id, "owner": self.organisation_id, "organisation": self.receiver,
            "depth": self.depth, "created": _shown(self.created), "ended": _shown(self.ended),
        }  # fmt: skip


def share_footprint(store: Store, organisation_id: str, footprint_id: str, receiver: str, depth: str) -> Share:
    """Let another organisation see a footprint to a depth, in place of what it saw before; raises `NotFound`, `Refused`."""
    if depth not in DEPTHS:
        raise Refused(Problem("statement_depth", "/depth", {"value": depth, "known": list(DEPTHS)}))
    if receiver == organisation_id:
        raise Refused(Problem("share_with_self", "/organisation"))
    store.get(organisation_id, footprint_id)
    now = datetime.now(UTC)
    with transaction(store.engine) as session:
        other = session.get(OrganisationRow, receiver) if "\0" not in receiver else None
        if other is None or not other.active:
            raise Refused(Problem("unknown_organisation", "/organisation", {"id": receiver}))
        for before in session.scalars(_in_force(organisation_id, footprint_id).where(ShareRow.receiver == receiver)):
            before.ended = now
        row = ShareRow(
            id=str(uuid.uuid4()), organisation_id=organisation_id, footprint_id=footprint_id, receiver=receiver, depth=depth,
            created=now, ended=None,
        )  # fmt: skip
        session.add(row)
    return _share(row)


def get_share(store: Store, organisation_id: str, footprint_id: str, identifier: str) -> Share:
    """One share of a footprint of an organisation; raises `NotFound`."""
    with transaction(store.engine) as session:
        return _share(_own(session, organisation_id, footprint_id, identifier))


def end_share(store: Store, organisation_id: str, footprint_id: str, identifier: str) -> Share:
    """The receiver sees the footprint no more; raises `NotFound`."""
    with transaction(store.engine) as session:
        row = _own(session, organisation_id, footprint_id, identifier)
        row.ended = row.ended or datetime.now(UTC)
        return _share(row)


def shares_of(store: Store, organisation_id: str, footprint_id: str) -> list[Share]:
    """Who sees a footprint of an organisation, and who saw it; raises `NotFound`."""
    store.get(organisation_id, footprint_id)
    query = select(ShareRow).where(ShareRow.organisation_id == organisation_id, ShareRow.footprint_id == footprint_id)
    with transaction(store.engine) as session:
        return [_share(row) for row in session.scalars(query.order_by(ShareRow.created.desc(), ShareRow.id))]


SHARES = Listing(
    ShareRow,
    {"created": ShareRow.created},
    {
        "owner": equal(ShareRow.organisation_id), "depth": equal(ShareRow.depth), "created_after": since(ShareRow.created),
        "created_before": before(ShareRow.created),
    },
)  # fmt: skip
_NEWEST = Page()


def received_shares(store: Store, receiver: str, page: Page = _NEWEST) -> Listed:
    """What other organisations share with one now, by default the newest first: pairs of share and record."""
    with transaction(store.engine) as session:
        found = SHARES.page(session, page, ShareRow.receiver == receiver, ShareRow.ended.is_(None))
        rows = select(FootprintRow).where(FootprintRow.id.in_([share.footprint_id for share in found.items]))
        records = {row.id: _record(row) for row in session.scalars(rows)}
        return found._replace(items=[(_share(share), records[share.footprint_id]) for share in found.items])


def visible_footprint(store: Store, organisation_id: str, identifier: str) -> tuple[Record, Share | None]:
    """A footprint of an organisation, or one that is shared with it (then with the share); raises `NotFound`."""
    query = (
        select(ShareRow, FootprintRow)
        .join(FootprintRow, FootprintRow.id == ShareRow.footprint_id)
        .where(ShareRow.receiver == organisation_id, ShareRow.footprint_id == identifier, ShareRow.ended.is_(None))
    )
    try:
        return store.get(organisation_id, identifier), None
    except NotFound:
        with transaction(store.engine) as session:
            found = session.execute(query).first() if "\0" not in identifier else None  # PostgreSQL takes no NUL
            if found is None:
                raise
            return _record(found[1]), _share(found[0])


def shown_at(body: dict[str, Any], depth: str) -> dict[str, Any]:
    """An answer as the receiver sees it: only what the depth lets through, from a list of what may be shown.

    Amounts, parameters that were given and warnings are the owner's, at any depth; data quality is by the whole.
    """
    keys = [
        "id", "created", "product", "declared_unit", "boundary", "rule", "background", "engine", "total", "per", "indicators",
        "biogenic_carbon", "electricity", "gases", "cut_off", "notice",
    ]  # fmt: skip
    shown = {key: body[key] for key in keys if key in body}
    quality = body.get("data_quality", {})
    shown["data_quality"] = {
        k: quality[k] for k in ("primary_data_share", "estimate_share", "unsplit_share") if k in quality
    }
    if depth in ("stages", "lines"):
        shown["stages"] = body["stages"]
    if depth == "lines":
        names = ("line", "name", "stage", "value", "share", "data")
        shown["lines"] = [{k: line[k] for k in names if k in line} for line in body["lines"]]
    shown["depth"] = depth
    return shown


def shown_record(record: Record, share: Share) -> dict[str, Any]:
    """A record as the receiver of a share sees it."""
    return {**shown_at(json.loads(record.body), share.depth), "owner": share.organisation_id, "links": {
        "self": f"/v1/footprints/{record.id}", "hotspots": f"/v1/footprints/{record.id}/hotspots",
        "contributions": f"/v1/footprints/{record.id}/contributions",
    }}  # fmt: skip


def hotspots_at(found: dict[str, Any], depth: str) -> dict[str, Any]:
    """Hotspots as the receiver of a share sees them: lines at the depth of lines, stages below; never processes."""
    shown: Iterator[str] = (key for key in ("lines", "stages") if DEPTHS.index(depth) >= DEPTHS.index(key))
    return {"total": found["total"], "unit": found["unit"], **{key: found[key] for key in shown}}


def check_depth(share: Share, by: str) -> None:
    """The receiver of a share may see a partition; raises `NotFound`."""
    needed = PARTITIONS.get(by)
    if needed is None or DEPTHS.index(share.depth) < DEPTHS.index(needed):
        raise NotFound(Problem("share_depth", "/query/by", {"depth": share.depth, "by": by}))


def _in_force(organisation_id: str, footprint_id: str) -> Any:
    return select(ShareRow).where(
        ShareRow.organisation_id == organisation_id, ShareRow.footprint_id == footprint_id, ShareRow.ended.is_(None)
    )


def _own(session: Session, organisation_id: str, footprint_id: str, identifier: str) -> ShareRow:
    query = select(ShareRow).where(
        ShareRow.id == identifier, ShareRow.organisation_id == organisation_id, ShareRow.footprint_id == footprint_id
    )
    row = session.scalars(query).one_or_none() if "\0" not in identifier + footprint_id else None
    if row is None:
        raise NotFound(Problem("unknown_share", "", {"id": identifier}))
    return row


def _share(row: ShareRow) -> Share:
    return Share(**{name: getattr(row, name) for name in Share.__dataclass_fields__})

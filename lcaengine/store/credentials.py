"""API keys and OAuth2 clients: random secrets kept by their SHA-256, scoped, expiring, rotated, revoked.

A key is ``lca_<id>_<secret>``; a client has its id and secret apart. The secret has 256 bits, so that a fast hash is enough.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from sqlalchemy import JSON, Index, String, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from lcaengine.problems import NotFound, Problem, Refused
from lcaengine.store.base import Base, Moment
from lcaengine.store.listing import Listed, Listing, Page, equal, holds
from lcaengine.store.organisations import NAME_LENGTH, OrganisationRow, UserRow, _name_problems, _shown, roles_in
from lcaengine.store.records import Store
from lcaengine.store.roles import SCOPES, scopes_of
from lcaengine.store.transaction import transaction

Kind = Literal["key", "client"]
MAX_DAYS = 730
DEFAULT_DAYS = 365
MAX_OVERLAP_HOURS = 24 * 14
TOUCH_SECONDS = 60  # how exact "last used" is
_KEY = re.compile(r"lca_([0-9a-f]{16})_([A-Za-z0-9_-]{43})")


class CredentialRow(Base):
    """A key or a client of an organisation; of its secret the hash alone."""

    __tablename__ = "credentials"
    __table_args__ = (Index("ix_credentials_listing", "organisation_id", "created", "id"),)

    id: Mapped[str] = mapped_column(String(16), primary_key=True)
    organisation_id: Mapped[str] = mapped_column(String(64))
    user_id: Mapped[str | None] = mapped_column(String(36))
    kind: Mapped[str] = mapped_column(String(10))
    name: Mapped[str] = mapped_column(String(NAME_LENGTH))
    secret_sha256: Mapped[str] = mapped_column(String(64))
    scopes: Mapped[list[str]] = mapped_column(JSON)
    created: Mapped[datetime] = mapped_column(Moment)
    expires: Mapped[datetime] = mapped_column(Moment)
    last_used: Mapped[datetime | None] = mapped_column(Moment)
    revoked: Mapped[datetime | None] = mapped_column(Moment)
    rotated_to: Mapped[str | None] = mapped_column(String(16))


@dataclass(frozen=True, slots=True)
class Credential:
    """What may be shown of a key or client. ``user_id`` is whose it is; ``rotated_to`` the one that takes its place."""

    id: str
    organisation_id: str
    user_id: str | None
    kind: str
    name: str
    scopes: tuple[str, ...]
    created: datetime
    expires: datetime
    last_used: datetime | None = None
    revoked: datetime | None = None
    rotated_to: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        shown = {name: getattr(self, name) for name in ("id", "kind", "name", "rotated_to")}
        moments = {name: _shown(getattr(self, name)) for name in ("created", "expires", "last_used", "revoked")}
        return {**shown, "user": self.user_id, "scopes": list(self.scopes), **moments}


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks: an organisation, by a credential, with scopes. Without authentication: the local one, with all."""

    organisation_id: str
    scopes: frozenset[str]
    roles: tuple[str, ...] = ()
    categories: tuple[str, ...] | None = None
    user_id: str | None = None
    credential_id: str | None = None

    @property
    def actor(self) -> str:
        """As the audit log names it."""
        who = f"user {self.user_id}" if self.user_id else "no user"
        return f"{who}, credential {self.credential_id}" if self.credential_id else "local"


class Unauthenticated(Refused):
    """Nobody knows who asks."""

    status = 401


class Forbidden(Refused):
    """Who asks is known, and may not."""

    status = 403


def add_credential(
    store: Store, caller: Caller, name: str, scopes: Iterable[str], kind: Kind = "key", days: int = DEFAULT_DAYS
) -> tuple[Credential, str]:
    """A new key or client of the caller's organisation, and its secret, which is not kept; raises `Refused`, `Forbidden`.

    Nobody gives more than he has.
    """
    given = sorted(set(scopes))
    problems = list(_name_problems("/name", name))
    problems += [
        Problem("unknown_scope", "/scopes", {"scope": s, "known": sorted(SCOPES)}) for s in given if s not in SCOPES
    ]
    if not given:
        problems.append(Problem("no_scopes", "/scopes"))
    if not 1 <= days <= MAX_DAYS:
        problems.append(Problem("credential_days", "/days", {"value": days, "limit": MAX_DAYS}))
    if problems:
        raise Refused(problems)
    if over := [s for s in given if s not in caller.scopes]:
        raise Forbidden(Problem("scope_not_yours", "/scopes", {"scopes": over}))
    secret, now = secrets.token_urlsafe(32), datetime.now(UTC)
    row = CredentialRow(
        id=secrets.token_hex(8), organisation_id=caller.organisation_id, user_id=caller.user_id, kind=kind, name=name.strip(),
        secret_sha256=_digest(secret), scopes=given, created=now, expires=now + timedelta(days=days), rotated_to=None,
    )  # fmt: skip
    with transaction(store.engine) as session:
        session.add(row)
    return _credential(row), _told(row, secret)


def rotate_credential(store: Store, caller: Caller, identifier: str, overlap_hours: int) -> tuple[Credential, str]:
    """A key or client in place of another, which works for some hours more; raises `NotFound`, `Forbidden`, `Refused`."""
    if not 0 <= overlap_hours <= MAX_OVERLAP_HOURS:
        raise Refused(
            Problem("credential_overlap", "/overlap_hours", {"value": overlap_hours, "limit": MAX_OVERLAP_HOURS})
        )
    secret, now = secrets.token_urlsafe(32), datetime.now(UTC)
    with transaction(store.engine) as session:
        old = _changeable(session, caller, identifier)
        if old.revoked is not None or old.rotated_to is not None or old.expires <= now:
            raise Refused(Problem("credential_over", "", {"id": identifier}))
        row = CredentialRow(
            id=secrets.token_hex(8), organisation_id=old.organisation_id, user_id=old.user_id, kind=old.kind, name=old.name,
            secret_sha256=_digest(secret), scopes=old.scopes, created=now, expires=now + (old.expires - old.created), rotated_to=None,
        )  # fmt: skip
        session.add(row)
        session.flush()
        turned = (
            update(CredentialRow)
            .where(CredentialRow.id == old.id, CredentialRow.rotated_to.is_(None), CredentialRow.revoked.is_(None))
            .values(rotated_to=row.id, expires=min(old.expires, now + timedelta(hours=overlap_hours)))
            .returning(CredentialRow.id)
        )
        if session.scalars(turned).first() is None:  # another was faster
            raise Refused(Problem("credential_over", "", {"id": identifier}))
    return _credential(row), _told(row, secret)


def revoke_credential(store: Store, caller: Caller, identifier: str) -> Credential:
    """A key or client works no more, from now on; raises `NotFound`, `Forbidden`."""
    with transaction(store.engine) as session:
        row = _changeable(session, caller, identifier)
        row.revoked = row.revoked or datetime.now(UTC)
        return _credential(row)


def get_credential(store: Store, caller: Caller, identifier: str) -> Credential:
    """What may be shown of a key or client; raises `NotFound`."""
    with transaction(store.engine) as session:
        return _credential(_own(session, caller, identifier))


CREDENTIALS = Listing(
    CredentialRow,
    {"created": CredentialRow.created, "expires": CredentialRow.expires, "name": CredentialRow.name},
    {"kind": equal(CredentialRow.kind), "name": holds(CredentialRow.name), "user": equal(CredentialRow.user_id)},
)
_NEWEST = Page()


def list_credentials(store: Store, caller: Caller, page: Page = _NEWEST) -> Listed:
    """Keys and clients, by default the newest first: an administrator's organisation's, of others their own."""
    with transaction(store.engine) as session:
        found = CREDENTIALS.page(session, page, _visible(caller))
        return found._replace(items=[_credential(row) for row in found.items])


def caller_of_key(store: Store, key: str) -> Caller:
    """Who a key belongs to; raises `Unauthenticated`."""
    found = _KEY.fullmatch(key)
    if found is None:
        raise Unauthenticated(Problem("bad_key", ""))
    return authenticate(store, found[1], found[2], "key")


def authenticate(store: Store, identifier: str, secret: str, kind: Kind) -> Caller:
    """Who has this key or client, by its secret; raises `Unauthenticated`."""
    return _caller(store, identifier, kind, _digest(secret))


def caller_of_client(store: Store, identifier: str) -> Caller:
    """Who a client is now, whose token was checked before; raises `Unauthenticated` where it was revoked meanwhile."""
    return _caller(store, identifier, "client", None)


def _caller(store: Store, identifier: str, kind: Kind, digest: str | None) -> Caller:
    query = (
        select(CredentialRow, OrganisationRow, UserRow)
        .join(OrganisationRow, OrganisationRow.id == CredentialRow.organisation_id)
        .outerjoin(UserRow, UserRow.id == CredentialRow.user_id)
        .where(CredentialRow.id == identifier, CredentialRow.kind == kind)
    )
    with transaction(store.engine) as session:
        found = session.execute(query).one_or_none() if "\0" not in identifier else None
        now = datetime.now(UTC)
        if (
            found is None
            or _orphan(*found)
            or (digest is not None and not hmac.compare_digest(found[0].secret_sha256, digest))
        ):
            raise Unauthenticated(Problem("bad_key", ""))
        row, organisation, user = found
        if row.revoked is not None or row.expires <= now:
            raise Unauthenticated(Problem("key_over", "", {"id": row.id}))
        if not organisation.active or (user is not None and not user.active):
            raise Unauthenticated(Problem("key_of_inactive", "", {"id": row.id}))
        roles = tuple(organisation.roles) if user is None else roles_in(organisation, user)
        caller = Caller(
            organisation.id, frozenset(row.scopes) & scopes_of(roles), roles, tuple(organisation.categories), row.user_id, row.id
        )  # fmt: skip
        stale = row.last_used is None or (now - row.last_used).total_seconds() > TOUCH_SECONDS
    if stale:
        _touch(store, row.id, now)
    return caller


def _touch(store: Store, identifier: str, now: datetime) -> None:
    with transaction(store.engine) as session:
        session.execute(update(CredentialRow).where(CredentialRow.id == identifier).values(last_used=now))


def _orphan(credential: CredentialRow, _: OrganisationRow, user: UserRow | None) -> bool:
    return credential.user_id is not None and user is None


def _visible(caller: Caller, scope: str = "organisation:read") -> Any:
    """Those of the caller's organisation where he has the scope, else his own."""
    own = CredentialRow.organisation_id == caller.organisation_id
    return own if scope in caller.scopes else own & (CredentialRow.user_id == caller.user_id)


def _changeable(session: Session, caller: Caller, identifier: str) -> CredentialRow:
    """A credential to be rotated or revoked; raises `NotFound`, and `Forbidden` where one's own can do more than the caller."""
    row = _own(session, caller, identifier, "organisation:write")
    over = (frozenset(row.scopes) & scopes_of(caller.roles)) - caller.scopes
    if over and "organisation:write" not in caller.scopes:
        raise Forbidden(Problem("scope_not_yours", "", {"scopes": sorted(over)}))
    return row


def _own(session: Session, caller: Caller, identifier: str, scope: str = "organisation:read") -> CredentialRow:
    query = select(CredentialRow).where(_visible(caller, scope) & (CredentialRow.id == identifier))
    row = session.scalars(query).one_or_none() if "\0" not in identifier else None  # PostgreSQL takes no NUL
    if row is None:
        raise NotFound(Problem("unknown_credential", "", {"id": identifier}))
    return row


def _told(row: CredentialRow, secret: str) -> str:
    return f"lca_{row.id}_{secret}" if row.kind == "key" else secret


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode(errors="replace")).hexdigest()


def _credential(row: CredentialRow) -> Credential:
    found = {name: getattr(row, name) for name in Credential.__dataclass_fields__}
    return Credential(**{**found, "scopes": tuple(row.scopes)})

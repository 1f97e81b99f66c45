"""Organisations, their users, and the links that work once: the first administrator's and invitations."""

from __future__ import annotations

import hashlib
import re
import secrets
import uuid
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import JSON, Boolean, Index, String, delete, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from lcaengine.problems import NotFound, Problem, Refused
from lcaengine.store.base import Base, Moment
from lcaengine.store.listing import Listed, Listing, Page, equal, holds
from lcaengine.store.records import DEFAULT_ORGANISATION, Store
from lcaengine.store.roles import ADMINISTRATOR, OPERATOR, TRADES
from lcaengine.store.transaction import transaction

_ID = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_EMAIL = re.compile(r"[^\s@\x00-\x20<>\"']{1,64}@[A-Za-z0-9.-]{1,190}")
_UNSEEN = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
NAME_LENGTH = 200
LINK_HOURS = 24


class OrganisationRow(Base):
    """A tenant."""

    __tablename__ = "organisations"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    name: Mapped[str] = mapped_column(String(NAME_LENGTH))
    roles: Mapped[list[str]] = mapped_column(JSON)
    categories: Mapped[list[str]] = mapped_column(JSON)
    company_ids: Mapped[list[str]] = mapped_column(JSON)
    country: Mapped[str | None] = mapped_column(String(2))
    created: Mapped[datetime] = mapped_column(Moment)
    active: Mapped[bool] = mapped_column(Boolean)


class UserRow(Base):
    """A person of an organisation."""

    __tablename__ = "users"
    __table_args__ = (Index("ix_users_email", "organisation_id", "email", unique=True),)

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    organisation_id: Mapped[str] = mapped_column(String(64))
    email: Mapped[str] = mapped_column(String(255))
    name: Mapped[str] = mapped_column(String(NAME_LENGTH))
    roles: Mapped[list[str]] = mapped_column(JSON)
    created: Mapped[datetime] = mapped_column(Moment)
    active: Mapped[bool] = mapped_column(Boolean)


class LinkRow(Base):
    """A link that works once, by the hash of its token; without a user it is the first administrator's."""

    __tablename__ = "links"

    token_sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    organisation_id: Mapped[str] = mapped_column(String(64))
    user_id: Mapped[str | None] = mapped_column(String(36))
    expires: Mapped[datetime] = mapped_column(Moment)


@dataclass(frozen=True, slots=True)
class Organisation:
    """``roles`` is what it is (manufacturer, association, exporter), ``categories`` those whose rules it keeps,
    ``company_ids`` its URNs for PACT."""

    id: str
    name: str
    roles: tuple[str, ...]
    categories: tuple[str, ...] = ()
    company_ids: tuple[str, ...] = ()
    country: str | None = None
    created: datetime | None = None
    active: bool = True

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        shown = {name: getattr(self, name) for name in ("id", "name", "country", "active")}
        lists = {name: list(getattr(self, name)) for name in ("roles", "categories", "company_ids")}
        return {**shown, **lists, "created": _shown(self.created)}


@dataclass(frozen=True, slots=True)
class User:
    id: str
    organisation_id: str
    email: str
    name: str
    roles: tuple[str, ...]
    created: datetime
    active: bool

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        shown = {name: getattr(self, name) for name in ("id", "email", "name", "active")}
        return {**shown, "roles": list(self.roles), "created": _shown(self.created)}


class Exists(Refused):
    """There is one with that name already."""

    status = 409


# -- organisations


def add_organisation(store: Store, organisation: Organisation) -> Organisation:
    """Keep a new organisation; raises `Refused`, `Exists`."""
    if problems := list(_organisation_problems(organisation)):
        raise Refused(problems)
    with transaction(store.engine) as session:
        if session.get(OrganisationRow, organisation.id) is not None:
            raise Exists(Problem("organisation_exists", "/id", {"id": organisation.id}))
        row = OrganisationRow(**{**_row(organisation), "created": datetime.now(UTC)})
        session.add(row)
    return _organisation(row)


def get_organisation(store: Store, identifier: str) -> Organisation:
    """An organisation; raises `NotFound`."""
    with transaction(store.engine) as session:
        return _organisation(_own_organisation(session, identifier))


ORGANISATIONS = Listing(
    OrganisationRow,
    {"id": OrganisationRow.id, "name": OrganisationRow.name, "created": OrganisationRow.created},
    {"name": holds(OrganisationRow.name), "active": equal(OrganisationRow.active)},
)
USERS = Listing(
    UserRow,
    {"email": UserRow.email, "created": UserRow.created},
    {"email": holds(UserRow.email), "active": equal(UserRow.active)},
)
_BY_ID, _BY_EMAIL = Page(sort="id"), Page(sort="email")


def list_organisations(store: Store, page: Page = _BY_ID) -> Listed:
    """All organisations: for the operator of the server alone."""
    with transaction(store.engine) as session:
        found = ORGANISATIONS.page(session, page)
        return found._replace(items=[_organisation(row) for row in found.items])


def change_organisation(store: Store, identifier: str, changes: Mapping[str, Any]) -> Organisation:
    """Change name, roles, categories, company ids, country or whether it is active; raises `NotFound`, `Refused`
    where nobody would operate the server any more."""
    with transaction(store.engine) as session:
        row = _own_organisation(session, identifier)
        changed = replace(_organisation(row), **changes)
        if problems := list(_organisation_problems(changed)):
            raise Refused(problems)
        operated = OPERATOR in row.roles
        for name, value in _row(changed).items():
            setattr(row, name, value)
        session.flush()
        if operated:
            _operated(session)
        return changed


def _operated(session: Session) -> None:
    rows = session.scalars(select(OrganisationRow).where(OrganisationRow.active))
    if not any(OPERATOR in row.roles for row in rows):
        raise Refused(Problem("last_operator", ""))


def _organisation_problems(organisation: Organisation) -> Iterator[Problem]:
    if not _ID.fullmatch(organisation.id):
        yield Problem("organisation_id", "/id", {"id": organisation.id})
    yield from _name_problems("/name", organisation.name)
    yield from _role_problems(organisation.roles, (*TRADES, OPERATOR))
    for name in ("categories", "company_ids"):
        for i, text in enumerate(getattr(organisation, name)):
            if not text.strip() or len(text) > NAME_LENGTH or _UNSEEN.search(text):
                yield Problem("organisation_name", f"/{name}/{i}", {"limit": NAME_LENGTH})
    for i, urn in enumerate(organisation.company_ids):
        if not urn.lower().startswith("urn:"):
            yield Problem("organisation_urn", f"/company_ids/{i}", {"value": urn})
    if organisation.country is not None and not re.fullmatch("[A-Z]{2}", organisation.country):
        yield Problem("organisation_country", "/country", {"value": organisation.country})


# -- users


def add_user(store: Store, organisation_id: str, email: str, name: str, roles: Iterable[str]) -> User:
    """Keep a new user of an organisation; raises `NotFound`, `Refused`, `Exists`."""
    given = tuple(roles)
    with transaction(store.engine) as session:
        allowed = _allowed(_own_organisation(session, organisation_id))
        problems = [*_name_problems("/name", name), *_role_problems(given, allowed)]
        if not _EMAIL.fullmatch(email.lower()):  # some letters become two
            problems.append(Problem("user_email", "/email", {"value": email}))
        if problems:
            raise Refused(problems)
        taken = select(UserRow.id).where(UserRow.organisation_id == organisation_id, UserRow.email == email.lower())
        if session.scalars(taken).first() is not None:
            raise Exists(Problem("user_exists", "/email", {"value": email}))
        row = UserRow(
            id=str(uuid.uuid4()), organisation_id=organisation_id, email=email.lower(), name=name.strip(), roles=list(given),
            created=datetime.now(UTC), active=True,
        )  # fmt: skip
        session.add(row)
    return _user(row)


def get_user(store: Store, organisation_id: str, identifier: str) -> User:
    """A user of an organisation; raises `NotFound`, also for another organisation's."""
    with transaction(store.engine) as session:
        return _user(_own_user(session, organisation_id, identifier))


def list_users(store: Store, organisation_id: str, page: Page = _BY_EMAIL) -> Listed:
    """Users of an organisation."""
    with transaction(store.engine) as session:
        found = USERS.page(session, page, UserRow.organisation_id == organisation_id)
        return found._replace(items=[_user(row) for row in found.items])


def change_user(
    store: Store, organisation_id: str, identifier: str, roles: Iterable[str] | None = None, active: bool | None = None
) -> User:
    """Change the roles of a user, or whether he may do anything; raises `NotFound`, `Refused` where no administrator is left."""
    with transaction(store.engine) as session:
        one_by_one = update(OrganisationRow).where(OrganisationRow.id == organisation_id)
        session.execute(one_by_one.values(active=OrganisationRow.active))  # two administrators do not remove each other
        row = _own_user(session, organisation_id, identifier)
        if roles is not None:
            given = list(roles)
            if problems := list(_role_problems(given, _allowed(_own_organisation(session, organisation_id)))):
                raise Refused(problems)
            row.roles = given
        row.active = row.active if active is None else active
        session.flush()
        _administrated(session, organisation_id)
        return _user(row)


def _administrated(session: Session, organisation_id: str) -> None:
    rows = session.scalars(select(UserRow).where(UserRow.organisation_id == organisation_id, UserRow.active))
    if not any(ADMINISTRATOR in row.roles for row in rows):
        raise Refused(Problem("last_administrator", ""))


def _allowed(organisation: OrganisationRow) -> tuple[str, ...]:
    return (*organisation.roles, ADMINISTRATOR)


def roles_in(organisation: OrganisationRow, user: UserRow) -> tuple[str, ...]:
    """The roles of a user that his organisation has, too."""
    return tuple(role for role in user.roles if role in _allowed(organisation))


# -- links that work once


def invite(store: Store, organisation_id: str, user_id: str, hours: int = LINK_HOURS) -> str:
    """The token of a link for a user, which works once; what was sent to him before does not work any more."""
    with transaction(store.engine) as session:
        _own_user(session, organisation_id, user_id)
        for old in session.scalars(select(LinkRow).where(LinkRow.user_id == user_id)):
            session.delete(old)
        return _new_link(session, organisation_id, user_id, hours)


def first_link(store: Store, hours: int = LINK_HOURS) -> str | None:
    """The token of the link for the first administrator, as long as nobody operates the server; an older one works no more."""
    with transaction(store.engine) as session:
        if any(OPERATOR in roles for roles in session.scalars(select(UserRow.roles).where(UserRow.active))):
            return None
        for old in session.scalars(select(LinkRow).where(LinkRow.user_id.is_(None))):
            session.delete(old)
        return _new_link(session, DEFAULT_ORGANISATION, None, hours)


def link_user(store: Store, token: str) -> tuple[str, User | None]:
    """Whose link it is: the organisation, and the user (none: the first administrator's); raises `NotFound`."""
    with transaction(store.engine) as session:
        row = _link(session, token)
        return row.organisation_id, None if row.user_id is None else _user(
            _own_user(session, row.organisation_id, row.user_id)
        )


def use_link(store: Store, token: str) -> tuple[str, str | None]:
    """Use a link up: of two who try only one gets it; raises `NotFound`."""
    with transaction(store.engine) as session:
        row = _link(session, token)
        owner = row.organisation_id, row.user_id
        taken = delete(LinkRow).where(LinkRow.token_sha256 == row.token_sha256).returning(LinkRow.token_sha256)
        if session.scalars(taken).first() is None:  # another was faster
            raise NotFound(Problem("link_used", ""))
        return owner


def _new_link(session: Session, organisation_id: str, user_id: str | None, hours: int) -> str:
    token = secrets.token_urlsafe(32)
    expires = datetime.now(UTC) + timedelta(hours=hours)
    session.add(LinkRow(token_sha256=_digest(token), organisation_id=organisation_id, user_id=user_id, expires=expires))
    return token


def _link(session: Session, token: str) -> LinkRow:
    row = session.scalars(select(LinkRow).where(LinkRow.token_sha256 == _digest(token))).one_or_none()
    if row is None or row.expires < datetime.now(UTC):
        raise NotFound(Problem("link_used", ""))
    return row


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode(errors="replace")).hexdigest()


# -- small parts


def _own_organisation(session: Session, identifier: str) -> OrganisationRow:
    row = session.get(OrganisationRow, identifier) if "\0" not in identifier else None  # PostgreSQL takes no NUL
    if row is None:
        raise NotFound(Problem("unknown_organisation", "", {"id": identifier}))
    return row


def _own_user(session: Session, organisation_id: str, identifier: str) -> UserRow:
    query = select(UserRow).where(UserRow.id == identifier, UserRow.organisation_id == organisation_id)
    row = session.scalars(query).one_or_none() if "\0" not in identifier else None  # PostgreSQL takes no NUL
    if row is None:
        raise NotFound(Problem("unknown_user", "", {"id": identifier}))
    return row


def _name_problems(where: str, name: str) -> Iterator[Problem]:
    if not name.strip() or len(name) > NAME_LENGTH or _UNSEEN.search(name):
        yield Problem("organisation_name", where, {"limit": NAME_LENGTH})


def _role_problems(roles: Iterable[str], allowed: Iterable[str]) -> Iterator[Problem]:
    known = list(allowed)
    for i, role in enumerate(roles):
        if role not in known:
            yield Problem("user_role", f"/roles/{i}", {"role": role, "known": known})


def _row(organisation: Organisation) -> dict[str, Any]:
    names = ("id", "name", "country", "active")
    lists = ("roles", "categories", "company_ids")
    return {**{n: getattr(organisation, n) for n in names}, **{n: list(getattr(organisation, n)) for n in lists}}


def _organisation(row: OrganisationRow) -> Organisation:
    return Organisation(
        row.id, row.name, tuple(row.roles), tuple(row.categories), tuple(row.company_ids), row.country, row.created, row.active
    )  # fmt: skip


def _user(row: UserRow) -> User:
    return User(row.id, row.organisation_id, row.email, row.name, tuple(row.roles), row.created, row.active)


def _shown(moment: datetime | None) -> str | None:
    return None if moment is None else moment.astimezone(UTC).isoformat(timespec="milliseconds")

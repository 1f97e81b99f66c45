"""The page behind a link that works once: the first administrator sets up, an invited user gets his first API key."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, g, render_template, request

from lcaengine.problems import NotFound, Refused
from lcaengine.store.audit import add_audit
from lcaengine.store.credentials import Caller, add_credential
from lcaengine.store.organisations import (
    Organisation,
    User,
    add_organisation,
    add_user,
    change_organisation,
    get_organisation,
    get_user,
    link_user,
    use_link,
)
from lcaengine.store.roles import ADMINISTRATOR, OPERATOR, TRADES, scopes_of
from lcaengine.store.transaction import together

from .context import language, services

blueprint = Blueprint("welcome", __name__)
MAX_FORM = 20_000


@blueprint.get("/welcome/<token>")
def show(token: str) -> Response:
    """Whose link it is, and a button; looking at it does not use it up."""
    try:
        _, user = link_user(services().store, token)
    except Refused as refused:
        return _page(refused, refused.status)
    return _page(user=user, first=user is None)


@blueprint.post("/welcome/<token>")
def use(token: str) -> Response:
    """Use the link up: the key is shown once."""
    store = services().store
    request.max_content_length = MAX_FORM
    user_id: str | None = ""  # whose link it is; none: the first administrator's
    try:
        with together(store.engine):
            organisation_id, user_id = use_link(store, token)
            user = _set_up(organisation_id) if user_id is None else get_user(store, organisation_id, user_id)
            key = _first_key(user)
            add_audit(store, organisation_id, f"user {user.id}", "welcome", "/welcome", 201, g.get("request_id", ""))
    except Refused as refused:
        return _page(refused, refused.status, first=user_id is None, given=request.form)
    return _page(user=user, key=key, status=201)


def _set_up(organisation_id: str) -> User:
    """The first organisation, which keeps what was stored here before there was authentication, and its administrator."""
    form, store = request.form, services().store
    trades = tuple(role for role in form.getlist("roles") if role in TRADES)
    categories = tuple(c.strip() for c in form.get("categories", "").split(",") if c.strip())
    roles = (*trades, OPERATOR)
    given: dict[str, Any] = {
        "name": form.get("organisation", ""),
        "roles": roles,
        "categories": categories,
        "active": True,
    }
    try:
        change_organisation(store, organisation_id, given)  # one that was made before there was authentication
    except NotFound:
        add_organisation(store, Organisation(organisation_id, **given))
    return add_user(store, organisation_id, form.get("email", ""), form.get("name", ""), [ADMINISTRATOR, *roles])


def _first_key(user: User) -> str:
    organisation = get_organisation(services().store, user.organisation_id)
    scopes = scopes_of(user.roles)
    caller = Caller(user.organisation_id, scopes, user.roles, organisation.categories, user.id)
    return add_credential(services().store, caller, "first key", scopes)[1]


def _page(refused: Refused | None = None, status: int = 200, **shown: object) -> Response:
    problems = [] if refused is None else [p.as_dict(language()) for p in refused.problems]
    text = render_template("welcome.html", problems=problems, trades=TRADES, **shown)
    response = Response(text, status, mimetype="text/html")
    response.headers["Cache-Control"] = "no-store"
    response.headers["Content-Security-Policy"] = "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'"
    return response

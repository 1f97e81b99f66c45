"""Organisations and their users: who is here, and what each may do."""

from __future__ import annotations

import tempfile
from functools import partial
from typing import Any

from flask import Response, g, json, send_file, url_for
from flask.views import MethodView
from flask_smorest import Blueprint

from lcaengine.problems import NotFound, Problem, Refused
from lcaengine.store.audit import AuditEntry, list_audit
from lcaengine.store.organisation_data import delete_organisation, export_organisation
from lcaengine.store.organisations import (
    Organisation,
    User,
    add_organisation,
    add_user,
    change_organisation,
    change_user,
    get_organisation,
    get_user,
    invite,
    list_organisations,
    list_users,
)
from lcaengine.store.roles import ADMINISTRATOR, OPERATOR

from . import organisation_schemas as shapes
from . import schemas, tables
from .access import demand
from .context import caller, organisation, services
from .paging import listed, part_of
from .posted import posted

blueprint = Blueprint("organisations", __name__, url_prefix="/v1", description="Organisations and users 组织与用户")

ZIP = "application/zip"
OPERATORS = ("roles", "categories", "active")  # what an organisation cannot change of itself


class Unremovable(Refused):
    """Not while it is what it is."""

    status = 409


def json_body(schema: Any) -> dict[str, Any]:
    return {"required": True, "content": {"application/json": {"schema": schema}}}


@blueprint.route("/me")
class Me(MethodView):
    @blueprint.doc(operationId="getMe")
    @blueprint.response(200, shapes.Me)
    def get(self) -> Response:
        """Who asks, by which credential, and what he may do."""
        who, store = caller(), services().store
        user = None if who.user_id is None else user_entry(get_user(store, who.organisation_id, who.user_id))
        return answer({
            "organisation": _own_entry(), "user": user, "credential": who.credential_id, "roles": list(who.roles),
            "scopes": sorted(who.scopes),
        })  # fmt: skip


@blueprint.route("/organisations")
class Organisations(MethodView):
    @blueprint.doc(requestBody=json_body(shapes.NewOrganisation), operationId="postOrganisation")
    @blueprint.response(201, shapes.NewOrganisationAnswer)
    @schemas.problem(blueprint, 400, "cannot be read")
    @schemas.problem(blueprint, 409, "there is one with that id")
    @schemas.problem(blueprint, 413, "too large")
    @schemas.problem(blueprint, 415, "wrong type")
    @schemas.problem(blueprint, 422, "cannot be used")
    def post(self) -> Response:
        """A new organisation with its first administrator, and the link that he sets up with (operator of the server)."""
        demand("server:write")
        given, store = posted(shapes.NewOrganisation()), services().store
        first = given.pop("administrator")
        added = add_organisation(store, Organisation(**_tuples(given)))
        user = add_user(store, added.id, first["email"], first["name"], [ADMINISTRATOR, *added.roles])
        administrator = {**user_entry(user), "welcome": welcome(invite(store, added.id, user.id))}
        response = answer({**entry(added), "administrator": administrator}, 201)
        response.headers["Location"] = url_for("organisations.OneOrganisation", identifier=added.id)
        response.headers["Cache-Control"] = "no-store"
        return response

    @blueprint.doc(operationId="listOrganisations")
    @blueprint.arguments(shapes.OrganisationsQuery, location="query")
    @blueprint.response(200, shapes.OrganisationPage)
    @schemas.problem(blueprint, 422, "a query parameter is not valid")
    def get(self, query: dict[str, Any]) -> Response:
        """The organisations by id: all for the operator of the server, one's own for everybody else."""
        if "server:read" not in caller().scopes:
            return listed(lambda page: part_of([_own_entry()], page, _id), query, dict, tables.ORGANISATIONS)
        return listed(partial(list_organisations, services().store), query, entry, tables.ORGANISATIONS)


@blueprint.route("/organisations/<string:identifier>")
class OneOrganisation(MethodView):
    @blueprint.doc(operationId="getOrganisation")
    @blueprint.response(200, shapes.Organisation)
    @schemas.problem(blueprint, 404, "no such organisation")
    def get(self, identifier: str) -> Response:
        """One's own organisation, or any for the operator."""
        _visible(identifier)
        return answer(entry(get_organisation(services().store, identifier)))

    @blueprint.doc(requestBody=json_body(shapes.OrganisationChanges), operationId="patchOrganisation")
    @blueprint.response(200, shapes.Organisation)
    @schemas.problem(blueprint, 400, "cannot be read")
    @schemas.problem(blueprint, 404, "no such organisation")
    @schemas.problem(blueprint, 413, "too large")
    @schemas.problem(blueprint, 415, "wrong type")
    @schemas.problem(blueprint, 422, "cannot be used")
    def patch(self, identifier: str) -> Response:
        """Change name, country and company ids (its administrator); roles, categories and whether it is active (operator)."""
        _visible(identifier)
        changes = posted(shapes.OrganisationChanges())
        if identifier != organisation() or any(name in changes for name in OPERATORS):
            demand("server:write")
        else:
            demand("organisation:write")
        return answer(entry(change_organisation(services().store, identifier, _tuples(changes))))

    @blueprint.doc(requestBody=json_body(shapes.Deletion), operationId="deleteOrganisation")
    @blueprint.response(200, shapes.Deleted)
    @schemas.problem(blueprint, 400, "cannot be read")
    @schemas.problem(blueprint, 404, "no such organisation")
    @schemas.problem(blueprint, 409, "evidence is to be kept, or it is the operator's own")
    @schemas.problem(blueprint, 413, "too large")
    @schemas.problem(blueprint, 415, "wrong type")
    @schemas.problem(blueprint, 422, "cannot be used, or not confirmed")
    def delete(self, identifier: str) -> Response:
        """Remove an organisation with all that is kept for it, at once and for good (docs/store.md): export it before.

        Its own administrator does, or the operator of the server; never the operator's own organisation.
        """
        _visible(identifier)
        given, store = posted(shapes.Deletion()), services().store
        demand("organisation:write" if identifier == organisation() else "server:write")
        if OPERATOR in get_organisation(store, identifier).roles:
            raise Unremovable(Problem("organisation_of_operator", "", {"id": identifier}))
        if given["confirm"] != identifier:
            raise Refused(Problem("not_confirmed", "/confirm", {"id": identifier}))
        counts = delete_organisation(store, identifier, given["reason"], given["despite_retention"])
        g.audited = identifier == organisation()  # the one entry that stays names nobody
        return answer({"id": identifier, "removed": counts})


@blueprint.route("/organisations/<string:identifier>/export")
class OrganisationExport(MethodView):
    @blueprint.doc(operationId="exportOrganisation")
    @blueprint.response(200, {"type": "string", "format": "binary"}, content_type=ZIP)
    @schemas.problem(blueprint, 404, "no such organisation, or nothing is kept for it")
    def get(self, identifier: str) -> Response:
        """Everything that is kept for one's organisation, as a zip of JSON, CSV and the files of evidence (its administrator)."""
        if identifier != organisation():
            raise NotFound(Problem("unknown_organisation", "", {"id": identifier}))
        demand("organisation:write")
        file = tempfile.TemporaryFile()  # noqa: SIM115 (closed with the answer)
        export_organisation(services().store, identifier, file)
        file.seek(0)
        response = send_file(file, ZIP, as_attachment=True, download_name=f"{identifier}.zip")
        response.call_on_close(file.close)
        return response


@blueprint.route("/users")
class Users(MethodView):
    @blueprint.doc(requestBody=json_body(shapes.NewUser), operationId="postUser")
    @blueprint.response(201, shapes.Invited)
    @schemas.problem(blueprint, 400, "cannot be read")
    @schemas.problem(blueprint, 404, "no such organisation: without authentication there is only the local one")
    @schemas.problem(blueprint, 409, "there is one with that e-mail")
    @schemas.problem(blueprint, 413, "too large")
    @schemas.problem(blueprint, 415, "wrong type")
    @schemas.problem(blueprint, 422, "cannot be used")
    def post(self) -> Response:
        """A new user of one's organisation, and the link that he gets his first API key with."""
        given, store = posted(shapes.NewUser()), services().store
        user = add_user(store, organisation(), **given)
        response = answer({**user_entry(user), "welcome": welcome(invite(store, organisation(), user.id))}, 201)
        response.headers["Location"] = url_for("organisations.OneUser", identifier=user.id)
        response.headers["Cache-Control"] = "no-store"
        return response

    @blueprint.doc(operationId="listUsers")
    @blueprint.arguments(shapes.UsersQuery, location="query")
    @blueprint.response(200, shapes.UserPage)
    @schemas.problem(blueprint, 422, "a query parameter is not valid")
    def get(self, query: dict[str, Any]) -> Response:
        """The users of one's organisation, by e-mail."""
        return listed(partial(list_users, services().store, organisation()), query, user_entry, tables.USERS)


@blueprint.route("/users/<string:identifier>")
class OneUser(MethodView):
    @blueprint.doc(operationId="getUser")
    @blueprint.response(200, shapes.User)
    @schemas.problem(blueprint, 404, "no such user")
    def get(self, identifier: str) -> Response:
        """A user of one's organisation."""
        return answer(user_entry(get_user(services().store, organisation(), identifier)))

    @blueprint.doc(requestBody=json_body(shapes.UserChanges), operationId="patchUser")
    @blueprint.response(200, shapes.User)
    @schemas.problem(blueprint, 400, "cannot be read")
    @schemas.problem(blueprint, 404, "no such user")
    @schemas.problem(blueprint, 413, "too large")
    @schemas.problem(blueprint, 415, "wrong type")
    @schemas.problem(blueprint, 422, "cannot be used, or no administrator would be left")
    def patch(self, identifier: str) -> Response:
        """Change the roles of a user, or whether his credentials work."""
        return answer(
            user_entry(change_user(services().store, organisation(), identifier, **posted(shapes.UserChanges())))
        )


@blueprint.route("/users/<string:identifier>/invitation")
class Invitation(MethodView):
    @blueprint.doc(operationId="postInvitation")
    @blueprint.response(201, shapes.Invited)
    @schemas.problem(blueprint, 404, "no such user")
    def post(self, identifier: str) -> Response:
        """A new link for a user, in place of the one before."""
        user = get_user(services().store, organisation(), identifier)
        token = invite(services().store, organisation(), user.id)
        response = answer({**user_entry(user), "welcome": welcome(token)}, 201)
        response.headers["Cache-Control"] = "no-store"
        return response


@blueprint.route("/audit")
class Audit(MethodView):
    @blueprint.doc(operationId="listAudit")
    @blueprint.arguments(shapes.AuditQuery, location="query")
    @blueprint.response(200, shapes.AuditPage)
    @schemas.problem(blueprint, 422, "a query parameter is not valid")
    def get(self, query: dict[str, Any]) -> Response:
        """Who of one's organisation did what, newest first: everything that was written, and what was refused for want of a scope."""
        return listed(partial(list_audit, services().store, organisation()), query, AuditEntry.as_dict, tables.AUDIT)


def _id(shown: dict[str, Any]) -> str:
    return str(shown["id"])


def _visible(identifier: str) -> None:
    """Raises `NotFound` for an organisation that the caller does not get to know."""
    if identifier != organisation() and "server:read" not in caller().scopes:
        raise NotFound(Problem("unknown_organisation", "", {"id": identifier}))


def _tuples(given: dict[str, Any]) -> dict[str, Any]:
    return {name: tuple(value) if isinstance(value, list) else value for name, value in given.items()}


def _own_entry() -> dict[str, Any]:
    """The caller's organisation; the local one is nowhere on record until there is authentication."""
    try:
        return entry(get_organisation(services().store, organisation()))
    except NotFound:
        return entry(Organisation(organisation(), organisation(), ()))


def welcome(token: str) -> str:
    return f"/welcome/{token}"


def entry(found: Organisation) -> dict[str, Any]:
    return {**found.as_dict(), "links": {"self": f"/v1/organisations/{found.id}"}}


def user_entry(user: User) -> dict[str, Any]:
    base = f"/v1/users/{user.id}"
    return {**user.as_dict(), "links": {"self": base, "invitation": base + "/invitation"}}


def answer(body: dict[str, Any], status: int = 200) -> Response:
    return Response(json.dumps(body, ensure_ascii=False), status, mimetype="application/json")

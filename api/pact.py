"""PACT for one's own organisation: what is published and for whom, partners, what they sent, events."""

from __future__ import annotations

from functools import partial
from typing import Any

from flask import Response, url_for
from flask.views import MethodView
from flask_smorest import Blueprint

from lcaengine.pact import received as checks
from lcaengine.pact.events import request_footprints
from lcaengine.pact.filters import filters_of
from lcaengine.pact.issue import Particulars
from lcaengine.pact.partners import Registration, fetch, register
from lcaengine.pact.publishing import introduce, publish_footprint
from lcaengine.store import pact as published
from lcaengine.store import pact_partners as partners
from lcaengine.units import Quantity

from . import pact_schemas as shapes
from . import schemas, tables
from .context import courier, language, organisation, services
from .organisations import answer, json_body
from .paging import listed
from .posted import posted

PREFIX = "/v1/pact"
blueprint = Blueprint("pact", __name__, url_prefix=PREFIX, description="PACT: publishing and partners 发布与伙伴")


@blueprint.after_request
def _deliver(response: Response) -> Response:
    """Whatever was put into the outbox goes out once it is committed."""
    response.call_on_close(courier().wake)
    return response


@blueprint.route("/publisher")
class OwnPublisher(MethodView):
    @blueprint.doc(operationId="getPactPublisher")
    @blueprint.response(200, shapes.Publisher)
    @schemas.problem(blueprint, 404, "not said yet")
    def get(self) -> Response:
        """How the organisation presents itself."""
        return answer(_publisher(published.get_publisher(services().store, organisation())))

    @blueprint.doc(requestBody=json_body(shapes.Publisher), operationId="putPactPublisher")
    @blueprint.response(200, shapes.Publisher)
    @schemas.problem(blueprint, 400, "cannot be read")
    @schemas.problem(blueprint, 413, "too large")
    @schemas.problem(blueprint, 415, "wrong type")
    @schemas.problem(blueprint, 422, "cannot be used")
    def put(self) -> Response:
        """Say how the organisation presents itself: name and URNs, domain of its product ids, address of this server."""
        given = posted(shapes.Publisher())
        said = published.Publisher(
            given["company_name"], tuple(given["company_ids"]), given["domain"], given["address"].rstrip("/")
        )
        return answer(_publisher(introduce(services().store, organisation(), said)))


@blueprint.route("/footprints")
class PactFootprints(MethodView):
    @blueprint.doc(requestBody=json_body(shapes.NewPactFootprint), operationId="postPactFootprint")
    @blueprint.response(201, shapes.PactFootprint)
    @schemas.problem(blueprint, 400, "cannot be read")
    @schemas.problem(blueprint, 404, "no such footprint, or the publisher is not known yet")
    @schemas.problem(blueprint, 409, "what it follows is not active, or the rule's file changed")
    @schemas.problem(blueprint, 413, "too large")
    @schemas.problem(blueprint, 415, "wrong type")
    @schemas.problem(blueprint, 422, "required data are missing")
    def post(self) -> Response:
        """Publish a footprint on record to named receivers, cradle to gate; those that are partners are told.

        What PACT requires and nobody gave is named, item by item, and nothing is published then.
        """
        given = posted(shapes.NewPactFootprint())
        footprint, receivers = given.pop("footprint"), given.pop("receivers")
        kept = publish_footprint(
            services().store, organisation(), footprint, receivers, _particulars(given), services().release
        )
        response = answer(_published(kept), 201)
        response.headers["Location"] = url_for("pact.OnePactFootprint", identifier=kept.id)
        return response

    @blueprint.doc(operationId="listPactFootprints")
    @blueprint.arguments(shapes.PactFootprintsQuery, location="query")
    @blueprint.response(200, shapes.PactFootprintPage)
    @schemas.problem(blueprint, 422, "a query parameter is not valid")
    def get(self, query: dict[str, Any]) -> Response:
        """What the organisation published, and for whom, newest first."""
        return listed(
            partial(published.list_published, services().store, organisation()),
            query,
            _published,
            tables.PACT_FOOTPRINTS,
        )


@blueprint.route("/footprints/<string:identifier>")
class OnePactFootprint(MethodView):
    @blueprint.doc(operationId="getPactFootprint")
    @blueprint.response(200, shapes.PactFootprint)
    @schemas.problem(blueprint, 404, "not published")
    def get(self, identifier: str) -> Response:
        """One published footprint."""
        return answer(_published(published.get_published(services().store, organisation(), identifier)))


@blueprint.route("/footprints/<string:identifier>/withdraw")
class WithdrawPactFootprint(MethodView):
    @blueprint.doc(operationId="withdrawPactFootprint")
    @blueprint.response(200, shapes.PactFootprint)
    @schemas.problem(blueprint, 404, "not published")
    @schemas.problem(blueprint, 409, "not active any more")
    def post(self, identifier: str) -> Response:
        """Deprecate a published footprint; its receivers still see it, as Deprecated."""
        return answer(_published(published.withdraw(services().store, organisation(), identifier)))


@blueprint.route("/partners")
class Partners(MethodView):
    @blueprint.doc(requestBody=json_body(shapes.NewPartner), operationId="postPactPartner")
    @blueprint.response(201, shapes.Partner)
    @schemas.problem(blueprint, 400, "cannot be read")
    @schemas.problem(blueprint, 409, "known already")
    @schemas.problem(blueprint, 413, "too large")
    @schemas.problem(blueprint, 415, "wrong type")
    @schemas.problem(blueprint, 422, "cannot be used")
    def post(self) -> Response:
        """Register a partner: where it is, how we sign in there, how it signs in here. The secret is kept encrypted and never shown."""
        given = posted(shapes.NewPartner())
        kept = register(services().store, organisation(), Registration(**given))
        return answer(_partner(kept), 201)

    @blueprint.doc(operationId="listPactPartners")
    @blueprint.response(200, shapes.Partners)
    def get(self) -> Response:
        """The partners of the organisation."""
        found = [_partner(entry) for entry in partners.list_partners(services().store, organisation())]
        return answer({"items": found, "count": len(found)})


@blueprint.route("/partners/<string:identifier>")
class OnePartner(MethodView):
    @blueprint.doc(operationId="deletePactPartner")
    @blueprint.response(204)
    @schemas.problem(blueprint, 404, "no such partner")
    def delete(self, identifier: str) -> Response:
        """Forget a partner and its secret; what it sent stays."""
        partners.remove_partner(services().store, organisation(), identifier)
        return Response(status=204)


@blueprint.route("/partners/<string:identifier>/fetch")
class FetchFootprints(MethodView):
    @blueprint.doc(requestBody=json_body(shapes.Asked), operationId="fetchPactFootprints")
    @blueprint.response(200, shapes.Fetched)
    @schemas.problem(blueprint, 400, "cannot be read")
    @schemas.problem(blueprint, 404, "no such partner")
    @schemas.problem(blueprint, 413, "too large")
    @schemas.problem(blueprint, 415, "wrong type")
    @schemas.problem(blueprint, 422, "what it sent cannot be used")
    @schemas.problem(blueprint, 502, "the partner could not be reached, or refused")
    def post(self, identifier: str) -> Response:
        """Fetch what a partner shows us, by PACT's filters, and keep it."""
        partner = partners.get_partner(services().store, organisation(), identifier)
        found = [_received(r) for r in fetch(services().store, partner, **posted(shapes.Asked()))]
        return answer({"items": found, "count": len(found)})


@blueprint.route("/partners/<string:identifier>/requests")
class Requests(MethodView):
    @blueprint.doc(requestBody=json_body(shapes.Request), operationId="postPactRequest")
    @blueprint.response(202, shapes.PactEvent)
    @schemas.problem(blueprint, 400, "cannot be read")
    @schemas.problem(blueprint, 404, "no such partner, or the publisher is not known yet")
    @schemas.problem(blueprint, 413, "too large")
    @schemas.problem(blueprint, 415, "wrong type")
    @schemas.problem(blueprint, 422, "cannot be used")
    def post(self, identifier: str) -> Response:
        """Ask a partner for footprints by an event; its answer comes later, under ``received``."""
        partner = partners.get_partner(services().store, organisation(), identifier)
        asked = posted(shapes.Request())
        filters_of({k: v if isinstance(v, list) else [v] for k, v in asked.items()})
        return answer(_event(request_footprints(services().store, partner, asked)), 202)


@blueprint.route("/received")
class ReceivedFootprints(MethodView):
    @blueprint.doc(operationId="listReceivedPactFootprints")
    @blueprint.arguments(shapes.ReceivedQuery, location="query")
    @blueprint.response(200, shapes.ReceivedPage)
    @schemas.problem(blueprint, 422, "a query parameter is not valid")
    def get(self, query: dict[str, Any]) -> Response:
        """What partners sent, newest first."""
        return listed(
            partial(partners.list_received, services().store, organisation()), query, _received, tables.PACT_RECEIVED
        )


@blueprint.route("/received/<string:identifier>")
class OneReceived(MethodView):
    @blueprint.doc(operationId="getReceivedPactFootprint")
    @blueprint.response(200, shapes.Received)
    @schemas.problem(blueprint, 404, "not received")
    def get(self, identifier: str) -> Response:
        """One received footprint, as it came, and what must be said of it."""
        found = partners.get_received(services().store, organisation(), identifier)
        return answer({**_received(found), "document": found.document})


@blueprint.route("/events")
class Events(MethodView):
    @blueprint.doc(operationId="listPactEvents")
    @blueprint.arguments(shapes.PactEventsQuery, location="query")
    @blueprint.response(200, shapes.PactEventPage)
    @schemas.problem(blueprint, 422, "a query parameter is not valid")
    def get(self, query: dict[str, Any]) -> Response:
        """Events of both directions, newest first, with what became of them."""
        return listed(
            partial(partners.list_events, services().store, organisation()), query, _event, tables.PACT_EVENTS
        )


def _particulars(given: dict[str, Any]) -> Particulars:
    masses = {k: Quantity(float(v["amount"]), v["unit"]) for k, v in given.items() if isinstance(v, dict)}
    lists = {k: tuple(v) for k, v in given.items() if isinstance(v, list)}
    return Particulars(**{**given, **masses, **lists})


def _publisher(said: published.Publisher) -> dict[str, Any]:
    names = ("company_name", "company_ids", "domain", "address")
    return {name: getattr(said, name) for name in names}


def _published(kept: published.Published) -> dict[str, Any]:
    return {
        "id": kept.id, "created": kept.created.isoformat(), "footprint": kept.footprint_id, "status": kept.status,
        "receivers": list(kept.receivers), "document": kept.as_pact(),
        "links": {"self": f"{PREFIX}/footprints/{kept.id}", "pact": f"/3/footprints/{kept.id}", "footprint": f"/v1/footprints/{kept.footprint_id}"},
    }  # fmt: skip


def _partner(kept: partners.Partner) -> dict[str, Any]:
    names = ("id", "name", "signs_in_as", "base_url", "auth_url", "client_id")
    links = {"self": f"{PREFIX}/partners/{kept.id}", "fetch": f"{PREFIX}/partners/{kept.id}/fetch"}
    return {**{n: getattr(kept, n) for n in names}, "created": kept.created.isoformat(), "links": links}


def _received(kept: partners.Received) -> dict[str, Any]:
    footprint, pcf = kept.document, kept.document["pcf"]
    names = ("productNameCompany", "productIds", "companyName")
    return {
        "id": kept.id, "created": kept.created.isoformat(), "partner": kept.partner_id, "pf_id": kept.pf_id,
        "product": {name: footprint.get(name) for name in names},
        "value": str(pcf["pcfExcludingBiogenicUptake"]),
        "declared_unit": {"amount": str(pcf["declaredUnitAmount"]), "unit": pcf["declaredUnitOfMeasurement"]},
        "status": footprint.get("status"), "valid_until": checks.valid_until(footprint).date().isoformat(),
        "warnings": [p.as_dict(language()) for p in checks.warnings(footprint)],
        "links": {"self": f"{PREFIX}/received/{kept.id}"},
    }  # fmt: skip


def _event(kept: partners.Event) -> dict[str, Any]:
    names = ("id", "direction", "type", "state", "attempts", "error")
    moments = {"created": kept.created.isoformat(), "due": kept.due.isoformat()}
    return {**{n: getattr(kept, n) for n in names}, "partner": kept.partner_id, **moments}

"""Who asks, and whether he may: every path below ``/v1`` and ``/3`` needs a scope, looked up here; what is not listed is refused."""

from __future__ import annotations

from dataclasses import replace

from flask import Flask, current_app, g, request

from lcaengine.problems import Problem
from lcaengine.store.audit import add_audit
from lcaengine.store.credentials import Caller, Forbidden, Unauthenticated, caller_of_client, caller_of_key

from .context import caller, services
from .tokens import client_of_token

RESOURCES = {
    "boms": "footprints", "footprints": "footprints", "comparisons": "footprints", "processes": "footprints",
    "backgrounds": "footprints", "rules": "rules", "cbam": "cbam", "statements": "statements", "evidence": "evidence",
    "batches": "batches", "pact": "pact", "users": "organisation", "audit": "organisation",
}  # fmt: skip
OF_ANYBODY = ("me", "keys", "organisations")  # whoever is known; what he may see, the view says
PUBLIC = ("/pact/", "/healthz", "/readyz", "/metrics", "/openapi.json", "/docs", "/.well-known/", "/auth/", "/welcome/")
ONLY_READ = frozenset({"matchBom", "runRuleTests", "impactOfRule", "verifyStatement"})  # POST that keeps nothing


def register_access(app: Flask) -> None:
    app.before_request(check_access)


def check_access() -> None:
    """Find the caller and hold what he asks against his scopes; raises `Unauthenticated`, `Forbidden`."""
    if not current_app.config["LCAENGINE_AUTH"] or is_public(request.path) or request.url_rule is None:
        return
    g.caller = who = _authenticated()
    needed = scope_needed(request.path, request.method, operation())
    if needed is not None and needed not in who.scopes:
        add_audit(
            services().store, who.organisation_id, who.actor, operation(), request.path, 403, g.get("request_id", "")
        )
        raise Forbidden(Problem("no_scope", "", {"scope": needed}))
    _check_category(who)


def is_public(path: str) -> bool:
    return path == "/" or any(path == p or (path.startswith(p if p.endswith("/") else p + "/")) for p in PUBLIC)


def scope_needed(path: str, method: str, operation_id: str) -> str | None:
    """The scope of an operation; None for what whoever is known may ask. Raises `Forbidden` for what is not listed."""
    _, floor, name, *_ = [*path.split("/"), "", ""]
    if floor == "3":
        return "pact:read"
    if name in OF_ANYBODY:
        return None
    if floor != "v1" or name not in RESOURCES:
        raise Forbidden(Problem("no_scope", "", {"scope": f"{name}:?"}))
    if name == "pact":  # pact:read is a partner's, for /3: what is published to others is none of its business
        return "pact:write"
    return f"{RESOURCES[name]}:{'read' if reads(method, operation_id) else 'write'}"


def reads(method: str, operation_id: str) -> bool:
    """Whether an operation keeps nothing."""
    return method.upper() in ("GET", "HEAD", "OPTIONS") or operation_id in ONLY_READ


def operation() -> str:
    """The operation's id in the OpenAPI document."""
    view = getattr(current_app.view_functions.get(request.endpoint or ""), "view_class", None)
    method = getattr(view, request.method.lower(), None)
    found = getattr(method, "_apidoc", {}).get("manual_doc", {}).get("operationId")
    return str(found or f"{request.method} {request.url_rule}")


def _authenticated() -> Caller:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise Unauthenticated(Problem("no_credential", ""))
    store, token = services().store, token.strip()
    if token.startswith("lca_"):
        return caller_of_key(store, token)
    client, scopes = client_of_token(token)
    who = caller_of_client(store, client)
    return replace(who, scopes=who.scopes & scopes)


def _check_category(who: Caller) -> None:
    """An association changes the rules of its own categories alone."""
    rule = (request.view_args or {}).get("identifier", "")
    if (
        not reads(request.method, operation())
        and request.path.startswith("/v1/rules/")
        and rule not in (who.categories or ())
    ):
        raise Forbidden(Problem("not_your_category", "", {"category": rule}))


def demand(scope: str) -> Caller:
    """The caller, where he has a scope; raises `Forbidden`."""
    if scope not in caller().scopes:
        raise Forbidden(Problem("no_scope", "", {"scope": scope}))
    return caller()

"""Organisations, credentials, roles, tokens: who gets in, and who does not."""

from __future__ import annotations

import io
import json
import re
import time
import zipfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from joserfc import jwt
from joserfc.jwk import ECKey
from lcaengine.api import create_app
from people import BEER, FORM, Person, key_on, other
from sqlalchemy import text
from sqlalchemy.exc import DatabaseError

from lcaengine.background import Release
from lcaengine.problems import Refused
from lcaengine.store import Store
from lcaengine.store.credentials import Caller, rotate_credential
from lcaengine.store.organisations import add_user, change_user, first_link, list_users
from lcaengine.store.roles import RESOURCES, ROLES, SCOPES
from lcaengine.store.transaction import together


def test_without_a_credential_nothing_but_what_is_public(visitor: FlaskClient, guarded: Flask) -> None:
    for path in ("/healthz", "/openapi.json", "/.well-known/jwks.json", "/docs/"):
        assert visitor.get(path).status_code == 200, path
    for rule in guarded.url_map.iter_rules():
        path = re.sub("<[^>]*>", "x", rule.rule)
        if path.startswith(("/v1/", "/3/")):
            for method in sorted((rule.methods or set()) - {"OPTIONS", "HEAD"}):
                found = visitor.open(path, method=method, base_url="https://localhost")  # /3 answers nothing else
                assert found.status_code == 401, (method, path)
                wanted = "BadRequest" if path.startswith("/3/") else "no_credential"  # PACT has no other code for it
                assert found.get_json()["code"] == wanted
                assert found.headers["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize(
    "given", ["Basic eDp5", "Bearer", "Bearer lca_0123456789abcdef_" + "x" * 43, "Bearer lca_\x7f", "Bearer a.b.c"]
)
def test_what_is_no_key_is_refused(visitor: FlaskClient, given: str) -> None:
    found = visitor.get("/v1/me", headers={"Authorization": given})
    assert found.status_code == 401
    assert found.get_json()["code"] in ("no_credential", "bad_key", "bad_token")


def test_the_first_link_works_once_and_its_page_is_in_both_languages(visitor: FlaskClient, store: Store) -> None:
    old, token = first_link(store), first_link(store)
    assert visitor.get(f"/welcome/{old}").status_code == 404  # a newer one was printed
    page = visitor.get(f"/welcome/{token}").get_data(as_text=True)
    assert "首次设置" in page
    assert "First set-up" in page
    refused = visitor.post(f"/welcome/{token}", data={**FORM, "email": "no mail"})
    assert refused.status_code == 422  # nothing is kept, and the link still works
    assert 'value="王 Wang"' in refused.get_data(as_text=True)
    done = visitor.post(f"/welcome/{token}", data=FORM)
    assert done.status_code == 201
    assert done.headers["Cache-Control"] == "no-store"
    assert visitor.post(f"/welcome/{token}", data=FORM).status_code == 404
    assert first_link(store) is None  # there is an administrator now


def test_the_first_organisation_keeps_what_was_stored_before_authentication(
    store: Store, release: Release, operator: Person
) -> None:
    local = create_app(release, store).test_client().post("/v1/footprints", json=BEER).get_json()
    assert operator("GET", f"/v1/footprints/{local['id']}", 200)["total"] == local["total"]
    me = operator("GET", "/v1/me", 200)
    assert me["organisation"]["id"] == "local"
    assert me["roles"] == ["administrator", "manufacturer", "association", "exporter", "operator"]
    assert set(me["scopes"]) == SCOPES


def test_no_secret_stands_in_the_database(store: Store, operator: Person) -> None:
    key = operator.headers["Authorization"].split("_", 2)[-1]
    second = operator(
        "POST",
        "/v1/keys",
        201,
        json={"name": "ERP", "scopes": ["footprints:read"]},
        headers={"Idempotency-Key": "a-key-12345"},
    )
    with store.engine.connect() as connection:
        for table in ("organisations", "users", "credentials", "links", "audit", "answers"):
            for row in connection.execute(text(f"SELECT * FROM {table}")):
                told = " ".join(
                    bytes(v).decode("latin-1") if isinstance(v, (bytes, memoryview)) else str(v) for v in row
                )
                assert key not in told
                assert second["secret"].split("_", 2)[-1] not in told


def test_scopes_hold_and_nobody_gives_more_than_he_has(operator: Person) -> None:
    reader = operator.key("footprints:read")
    assert reader("GET", "/v1/footprints", 200)["count"] == 0
    refused = reader("POST", "/v1/footprints", 403, json=BEER)
    assert refused["code"] == "no_scope"
    assert "footprints:write" in refused["detail"]
    assert (
        reader("POST", "/v1/keys", 403, json={"name": "more", "scopes": ["footprints:write"]})["code"]
        == "scope_not_yours"
    )
    assert reader("POST", "/v1/boms/match", 200, json=BEER)  # keeps nothing
    reader("GET", "/v1/users", 403)
    assert operator("GET", "/v1/audit", 200)["items"][0]["status"] == 403


def test_a_role_taken_away_takes_the_scopes_of_every_key(operator: Person) -> None:
    haier = other(operator)
    made = haier("POST", "/v1/users", 201, json={"email": "a@haier.example", "name": "A", "roles": ["manufacturer"]})
    page = operator.client.post(made["welcome"]).get_data(as_text=True)
    person = Person(operator.client, key_on(page))
    person("POST", "/v1/footprints", 201, json=BEER)
    haier("PATCH", f"/v1/users/{made['id']}", 200, json={"roles": ["exporter"]})
    person("POST", "/v1/footprints", 403, json=BEER)
    haier("PATCH", f"/v1/users/{made['id']}", 200, json={"active": False})
    assert person("GET", "/v1/footprints", 401)["code"] == "key_of_inactive"


def test_the_last_administrator_stays(operator: Person) -> None:
    haier = other(operator)
    me = haier("GET", "/v1/me", 200)["user"]["id"]
    for change in ({"active": False}, {"roles": ["manufacturer"]}):
        assert haier("PATCH", f"/v1/users/{me}", 422, json=change)["code"] == "last_administrator"
    assert haier("GET", "/v1/me", 200)["roles"] == ["administrator", "manufacturer", "exporter"]


def test_nobody_gives_himself_a_role_of_the_server(operator: Person) -> None:
    haier = other(operator)
    assert (
        haier("POST", "/v1/users", 422, json={"email": "x@y.z", "name": "X", "roles": ["operator"]})["code"]
        == "user_role"
    )
    assert haier("PATCH", "/v1/organisations/haier", 403, json={"roles": ["operator"]})["code"] == "no_scope"
    haier(
        "POST",
        "/v1/organisations",
        403,
        json={"id": "x", "name": "x", "roles": [], "administrator": {"email": "x@y.z", "name": "X"}},
    )
    haier(
        "PATCH",
        "/v1/organisations/haier",
        200,
        json={"name": "海尔 Haier", "country": "CN", "company_ids": ["urn:lei:1"]},
    )
    operator("PATCH", "/v1/organisations/haier", 200, json={"active": False})
    assert haier("GET", "/v1/me", 401)["code"] == "key_of_inactive"


def test_rotation_overlaps_and_revocation_does_not(operator: Person) -> None:
    made = operator("POST", "/v1/keys", 201, json={"name": "ERP", "scopes": ["footprints:read"]})
    old = Person(operator.client, made["secret"])
    turned = operator("POST", f"/v1/keys/{made['id']}/rotate", 201, json={"overlap_hours": 1})
    new = Person(operator.client, turned["secret"])
    old("GET", "/v1/footprints", 200)
    new("GET", "/v1/footprints", 200)
    assert operator("GET", f"/v1/keys/{made['id']}", 200)["rotated_to"] == turned["id"]
    assert operator("POST", f"/v1/keys/{made['id']}/rotate", 422, json={})["code"] == "credential_over"
    at_once = operator("POST", f"/v1/keys/{turned['id']}/rotate", 201, json={"overlap_hours": 0})
    assert new("GET", "/v1/footprints", 401)["code"] == "key_over"
    assert operator("DELETE", f"/v1/keys/{at_once['id']}", 200)["revoked"]
    assert Person(operator.client, at_once["secret"])("GET", "/v1/footprints", 401)["code"] == "key_over"
    assert operator("GET", f"/v1/keys/{made['id']}", 200)["last_used"]


def test_a_key_that_may_little_gets_none_that_may_more(operator: Person) -> None:
    first = operator("GET", "/v1/me", 200)["credential"]
    reader = operator.key("footprints:read")
    for method, path in (("POST", f"/v1/keys/{first}/rotate"), ("DELETE", f"/v1/keys/{first}")):
        assert reader(method, path, 403, json={})["code"] == "scope_not_yours"
    own = reader("GET", "/v1/me", 200)["credential"]
    assert reader("POST", f"/v1/keys/{own}/rotate", 201, json={})["scopes"] == ["footprints:read"]
    operator("GET", "/v1/me", 200)


def test_keys_of_others_are_for_keys_that_administer(operator: Person) -> None:
    haier = other(operator)
    made = haier("POST", "/v1/users", 201, json={"email": "a@haier.example", "name": "A", "roles": ["manufacturer"]})
    page = operator.client.post(made["welcome"]).get_data(as_text=True)
    person = Person(operator.client, key_on(page))
    address = "/v1/keys/" + person("GET", "/v1/me", 200)["credential"]
    little, reads = haier.key("footprints:read"), haier.key("organisation:read")
    little("GET", address, 404)
    assert made["id"] not in {key["user"] for key in little("GET", "/v1/keys", 200)["items"]}
    reads("GET", address, 200)
    for who in (little, reads):
        who("POST", address + "/rotate", 404, json={})
        who("DELETE", address, 404)
    haier("DELETE", address, 200)
    person("GET", "/v1/me", 401)


def test_a_role_that_the_organisation_lost_takes_the_scopes_of_its_users(operator: Person) -> None:
    haier = other(operator)
    haier("POST", "/v1/footprints", 201, json=BEER)
    operator("PATCH", "/v1/organisations/haier", 200, json={"roles": ["exporter"]})
    assert haier("POST", "/v1/footprints", 403, json=BEER)["code"] == "no_scope"
    assert haier("GET", "/v1/me", 200)["roles"] == ["administrator", "exporter"]
    made = haier("POST", "/v1/users", 201, json={"email": "a@haier.example", "name": "A", "roles": ["exporter"]})
    operator("PATCH", "/v1/organisations/haier", 200, json={"roles": []})
    haier("PATCH", f"/v1/users/{made['id']}", 200, json={"active": False})  # whatever roles he had


def test_the_last_operator_stays(operator: Person) -> None:
    address = "/v1/organisations/local"
    for change in ({"roles": ["manufacturer"]}, {"active": False}):
        assert operator("PATCH", address, 422, json=change)["code"] == "last_operator"
    operator("PATCH", address, 200, json={"roles": ["operator"]})
    operator("GET", "/v1/organisations?limit=1", 200)


def test_what_a_view_refuses_is_in_the_audit_log_too(operator: Person) -> None:
    haier = other(operator)
    haier("PATCH", "/v1/organisations/haier", 403, json={"roles": ["operator"]})
    little = haier.key("footprints:read")
    little("POST", "/v1/keys", 403, json={"name": "more", "scopes": ["footprints:write"]})
    entries = [(e["action"], e["status"]) for e in haier("GET", "/v1/audit", 200)["items"]]
    assert entries[0] == ("postKey", 403)
    assert entries[2] == ("patchOrganisation", 403)


def test_an_address_whose_small_letters_are_longer_is_refused(operator: Person) -> None:
    given = {"email": "İ" * 64 + "@" + "a" * 190, "name": "A", "roles": ["manufacturer"]}
    assert operator("POST", "/v1/users", 422, json=given)["code"] == "user_email"


def test_who_has_no_role_is_not_asked_to_set_the_server_up(operator: Person) -> None:
    made = operator("POST", "/v1/users", 201, json={"email": "a@example.com", "name": "A", "roles": []})
    page = operator.client.post(made["welcome"])
    assert page.status_code == 422
    assert "首次设置" not in page.get_data(as_text=True)


# -- at once


def while_waiting(store: Store, first: Callable[[], Any], second: Callable[[], Any]) -> Any:
    """What comes of ``second``, begun when ``first`` was written and not yet committed."""
    with ThreadPoolExecutor(1) as pool:
        with together(store.engine):
            first()
            found = pool.submit(second)
            wait([found], timeout=0.5)
        return found.result(30)


def test_two_administrators_do_not_remove_each_other_at_once(operator: Person, store: Store) -> None:
    other(operator)
    first = list_users(store, "haier").items[0]
    second = add_user(store, "haier", "b@haier.example", "B", ["administrator"])
    with pytest.raises(Refused, match="administrator"):
        while_waiting(
            store,
            lambda: change_user(store, "haier", first.id, active=False),
            lambda: change_user(store, "haier", second.id, active=False),
        )
    assert [user.active for user in list_users(store, "haier").items].count(True) == 1


def test_a_key_is_rotated_once_by_two_at_once(operator: Person, store: Store) -> None:
    made = operator("POST", "/v1/keys", 201, json={"name": "ERP", "scopes": ["footprints:read"]})
    caller = Caller("local", frozenset({"organisation:read", "organisation:write"}))

    def rotate() -> Any:
        return rotate_credential(store, caller, made["id"], 0)

    with pytest.raises(Refused, match=made["id"]):
        while_waiting(store, rotate, rotate)
    assert operator("GET", "/v1/keys", 200)["count"] == 3


def test_the_same_address_at_once_is_a_conflict(operator: Person, store: Store) -> None:
    given = {"email": "a@example.com", "name": "A", "roles": ["manufacturer"]}

    def post() -> Any:
        return create_client(operator)("POST", "/v1/users", 409, json=given)

    found = while_waiting(store, lambda: add_user(store, "local", **given), post)
    assert found["code"] == "user_exists"


def create_client(person: Person) -> Person:
    """The same person with a client of his own, for another thread."""
    return Person(person.client.application.test_client(), person.headers["Authorization"].split()[1])


# -- OAuth2 client credentials


def token_of(
    operator: Person, scopes: tuple[str, ...] = ("footprints:read",), **form: str
) -> tuple[dict[str, Any], str]:
    made = operator("POST", "/v1/keys", 201, json={"name": "ERP", "scopes": list(scopes), "kind": "client"})
    found = operator.client.post(
        "/auth/token", data={"grant_type": "client_credentials", **form}, auth=(made["id"], made["secret"])
    )
    assert found.status_code == 200, found.get_data(as_text=True)
    assert found.headers["Cache-Control"] == "no-store"
    return found.get_json(), made["id"]


def test_a_client_gets_a_token_and_uses_it(operator: Person) -> None:
    given, client_id = token_of(operator, ("footprints:read", "footprints:write"), scope="footprints:read")
    assert given["token_type"] == "Bearer"
    assert given["expires_in"] == 600
    bearer = Person(operator.client, given["access_token"])
    bearer("GET", "/v1/footprints", 200)
    bearer("POST", "/v1/footprints", 403, json=BEER)  # the token asked for reading only
    operator("DELETE", f"/v1/keys/{client_id}", 200)
    assert bearer("GET", "/v1/footprints", 401)["code"] == "key_over"  # at once, not when the token expires


@pytest.mark.parametrize(("form", "auth", "status", "error"), [
    ({"grant_type": "client_credentials"}, ("nobody", "x"), 401, "invalid_client"),
    ({"grant_type": "client_credentials"}, ("a\0b", "x"), 401, "invalid_client"),
    ({"grant_type": "client_credentials"}, None, 401, "invalid_client"),
    ({"grant_type": "password"}, ("nobody", "x"), 400, "unsupported_grant_type"),
    ({}, ("nobody", "x"), 400, "unsupported_grant_type"),
])  # fmt: skip
def test_errors_of_the_token_endpoint_are_rfc_6749s(
    visitor: FlaskClient, form: Any, auth: Any, status: int, error: str
) -> None:
    found = visitor.post("/auth/token", data=form, auth=auth)
    assert (found.status_code, found.get_json()["error"]) == (status, error)


def test_an_api_key_is_no_client_and_a_client_no_key(operator: Person) -> None:
    made = operator("POST", "/v1/keys", 201, json={"name": "ERP", "scopes": ["footprints:read"]})
    secret = made["secret"].split("_", 2)[-1]
    form = {"grant_type": "client_credentials"}
    assert operator.client.post("/auth/token", data=form, auth=(made["id"], secret)).status_code == 401
    client = operator("POST", "/v1/keys", 201, json={"name": "ERP", "scopes": ["footprints:read"], "kind": "client"})
    Person(operator.client, f"lca_{client['id']}_{client['secret']}")("GET", "/v1/me", 401)


def test_tokens_that_are_not_ours_are_refused(operator: Person) -> None:
    from lcaengine.api import tokens

    given, client_id = token_of(operator)
    own = tokens.signing_key()
    claims = jwt.decode(given["access_token"], own, algorithms=["ES256"]).claims
    header = {"alg": "ES256", "typ": "at+jwt"}
    now = int(time.time())
    stranger = ECKey.generate_key("P-256")
    forged = {
        "another key": jwt.encode(header, claims, stranger),
        "expired": jwt.encode(header, {**claims, "exp": now - 60}, own),
        "no expiry": jwt.encode(header, {k: v for k, v in claims.items() if k != "exp"}, own),
        "another issuer": jwt.encode(header, {**claims, "iss": "evil"}, own),
        "another audience": jwt.encode(header, {**claims, "aud": "evil"}, own),
        "another type": jwt.encode({"alg": "ES256", "typ": "JWT"}, claims, own),
        "another client": jwt.encode(header, {**claims, "sub": "0" * 16}, own),
        "a NUL": jwt.encode(header, {**claims, "sub": "a\0"}, own),
        "alg none": _unsigned(given["access_token"], {"alg": "none", "typ": "at+jwt"}, ""),
        "the public key as a secret": _hmac_by_public_key(claims, own),
        "signature left out": ".".join([*given["access_token"].split(".")[:2], ""]),
    }
    Person(operator.client, jwt.encode(header, claims, own))("GET", "/v1/footprints", 200)  # the same way, unforged
    for name, token in forged.items():
        found = Person(operator.client, token)("GET", "/v1/footprints", 401)
        assert found["code"] in ("bad_token", "token_expired", "bad_key"), name
    assert client_id


def _unsigned(token: str, header: dict[str, str], signature: str) -> str:
    import base64

    head = base64.urlsafe_b64encode(json.dumps(header).encode()).rstrip(b"=").decode()
    return ".".join([head, token.split(".")[1], signature])


def _hmac_by_public_key(claims: dict[str, Any], own: ECKey) -> str:
    import base64
    import hashlib
    import hmac

    def part(value: bytes) -> str:
        return base64.urlsafe_b64encode(value).rstrip(b"=").decode()

    signed = part(b'{"alg":"HS256","typ":"at+jwt"}') + "." + part(json.dumps(claims).encode())
    secret = own.as_pem(private=False)
    return signed + "." + part(hmac.new(secret, signed.encode(), hashlib.sha256).digest())


# -- the audit log


def test_what_is_written_is_in_the_audit_log_and_the_log_cannot_be_changed(operator: Person, store: Store) -> None:
    made = operator("POST", "/v1/footprints", 201, json=BEER)
    operator("POST", "/v1/footprints", 422, json={**BEER, "lines": 1})
    entries = operator("GET", "/v1/audit", 200)["items"]
    assert entries[0]["action"] == "postFootprint"
    assert entries[0]["target"] == f"/v1/footprints/{made['id']}"
    assert entries[0]["actor"].startswith("user ")
    assert [e["action"] for e in entries] == ["postFootprint", "welcome"]
    for statement in ("UPDATE audit SET actor = 'nobody'", "DELETE FROM audit"):
        with pytest.raises(DatabaseError, match="append-only"), store.engine.begin() as connection:
            connection.execute(text(statement))
    assert operator("GET", "/v1/audit", 200)["count"] == 2


def test_every_resource_has_a_role_that_reads_and_one_that_writes_it() -> None:
    given = frozenset().union(*ROLES.values())
    assert given == {f"{r}:{a}" for r in RESOURCES for a in ("read", "write")}


def test_who_lost_his_key_gets_a_new_link_by_command(operator: Person, store: Store) -> None:
    from click.testing import CliRunner

    from lcaengine.cli import main

    database = ["--database", store.engine.url.render_as_string(hide_password=False)]
    listed = CliRunner().invoke(main, ["access", "list", *database])
    assert "wang@example.com" in listed.output
    invited = CliRunner().invoke(main, ["access", "invite", "WANG@example.com", *database])
    page = operator.client.post(invited.output.strip()).get_data(as_text=True)
    Person(operator.client, key_on(page))("GET", "/v1/me", 200)
    assert operator("GET", "/v1/audit?action=accessInvite", 200)["items"][0]["actor"] == "command line"
    missing = CliRunner().invoke(main, ["access", "invite", "li@example.com", *database, "--lang", "en"])
    assert missing.exit_code == 2
    assert "There is no user" in missing.output


def test_an_organisation_takes_its_data_along_and_goes(operator: Person, store: Store) -> None:
    haier = other(operator)
    made = haier("POST", "/v1/footprints", 201, json=BEER)
    operators = operator("POST", "/v1/footprints", 201, json=BEER)
    operator("GET", "/v1/organisations/haier/export", 404)  # who runs the server does not read what is on it
    taken = haier("GET", "/v1/organisations/haier/export", 200)
    with zipfile.ZipFile(io.BytesIO(taken.data)) as archive:
        assert json.loads(archive.read(f"footprints/{made['id']}.json"))["footprint"]["total"] == made["total"]
        assert operators["id"].encode() not in b"".join(archive.read(name) for name in archive.namelist())
    address = "/v1/organisations/haier"
    assert haier("DELETE", address, 422, json={"confirm": "hair"})["code"] == "not_confirmed"
    haier.key("footprints:read")("DELETE", address, 403, json={"confirm": "haier"})
    assert (
        operator("DELETE", "/v1/organisations/local", 409, json={"confirm": "local"})["code"]
        == "organisation_of_operator"
    )
    gone = haier("DELETE", address, 200, json={"confirm": "haier"})
    assert gone["removed"]["footprints"] == 1
    assert haier("GET", "/v1/me", 401)["code"] == "bad_key"
    operator("GET", address, 404)
    assert operator("GET", operators["links"]["self"], 200) == operators
    with store.engine.connect() as connection:
        left = connection.execute(text("SELECT actor, action FROM audit WHERE organisation_id = 'haier'")).all()
    assert [row.actor for row in left] == ["operator"]  # that it happened, and nobody's name


def test_organisations_made_before_there_was_authentication_do_not_lock_the_operator_out(
    store: Store, release: Release, visitor: FlaskClient
) -> None:
    before = create_app(release, store).test_client()
    for identifier in ("local", "haier"):
        made = before.post("/v1/organisations", json={
            "id": identifier, "name": identifier, "roles": ["exporter"], "administrator": {"email": "a@b.example", "name": "A"},
        })  # fmt: skip
        assert made.status_code == 201
    done = visitor.post(f"/welcome/{first_link(store)}", data=FORM)
    assert done.status_code == 201
    me = Person(visitor, key_on(done.get_data(as_text=True)))("GET", "/v1/me", 200)
    assert me["organisation"]["name"] == FORM["organisation"]
    assert "server:write" in me["scopes"]

"""OAuth2 client credentials (RFC 6749, section 4.4) by Authlib: access tokens are JWTs of ten minutes (RFC 9068), signed by our own key.

A token names the client alone. What it may do is looked up at every request, so that a revoked client is out at once.
"""

from __future__ import annotations

import json
import os
from functools import cache
from typing import Any

from filelock import FileLock
from flask import Response
from flask.views import MethodView
from flask_smorest import Blueprint
from joserfc import jwt
from joserfc.errors import ExpiredTokenError, JoseError
from joserfc.jwk import ECKey
from marshmallow import Schema, fields

from lcaengine.problems import Problem, Refused
from lcaengine.statements.signing import default_folder
from lcaengine.store.credentials import Caller, Unauthenticated, authenticate

from .context import services

ISSUER = "lcaengine"
ALGORITHM = "ES256"
TYPE = "at+jwt"
SECONDS = 600
FORM = {
    "type": "object", "required": ["grant_type"],
    "properties": {
        "grant_type": {"type": "string", "enum": ["client_credentials"]},
        "scope": {"type": "string", "description": "fewer than the client has, with spaces between"},
    },
}  # fmt: skip
TOKEN_BODY = {"required": True, "content": {"application/x-www-form-urlencoded": {"schema": FORM}}}
blueprint = Blueprint("auth", __name__, description="Access tokens 访问令牌")


class AccessToken(Schema):
    access_token = fields.String()
    token_type = fields.String()
    expires_in = fields.Integer(metadata={"description": "seconds"})
    scope = fields.String()


class TokenError(Schema):
    """RFC 6749, section 5.2."""

    error = fields.String()
    error_description = fields.String()


@blueprint.route("/auth/token")
class Token(MethodView):
    @blueprint.doc(requestBody=TOKEN_BODY, operationId="postToken")
    @blueprint.response(200, AccessToken)
    @blueprint.alt_response(400, schema=TokenError, content_type="application/json", description="not such a request")
    @blueprint.alt_response(401, schema=TokenError, content_type="application/json", description="no such client")
    def post(self) -> Response:
        """An access token for a client: Basic authentication with its id and secret."""
        response: Response = _server().create_token_response()
        return response


def client_of_token(text: str) -> tuple[str, frozenset[str]]:
    """The client and the scopes that an access token of ours names; raises `Unauthenticated` for any other, or one that is over."""
    try:
        found = jwt.decode(text, signing_key(), algorithms=[ALGORITHM])
        _CLAIMS.validate(found.claims)
        if found.header.get("typ") != TYPE:
            raise ValueError("typ")
        return str(found.claims["sub"]), frozenset(str(found.claims["scope"]).split())
    except ExpiredTokenError:
        raise Unauthenticated(Problem("token_expired", "")) from None
    except (JoseError, ValueError, KeyError, TypeError, RecursionError):
        raise Unauthenticated(Problem("bad_token", "")) from None


_CLAIMS = jwt.JWTClaimsRegistry(
    iss={"essential": True, "value": ISSUER}, aud={"essential": True, "value": ISSUER},
    exp={"essential": True}, iat={"essential": True}, sub={"essential": True}, leeway=5,
)  # fmt: skip


@cache
def signing_key() -> ECKey:
    """The key of access tokens, made at its first use; servers that share a folder of keys share it. Raises `Refused`."""
    path = default_folder() / "access-tokens.jwk"
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with FileLock(path.with_suffix(".lock")):
            if not path.exists():
                aside = path.with_suffix(f".{os.getpid()}")
                with os.fdopen(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                    json.dump(ECKey.generate_key("P-256").as_dict(private=True), file)
                aside.rename(path)
            return ECKey.import_key(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, JoseError) as error:
        raise Refused(Problem("no_token_key", "", {"path": str(path), "why": type(error).__name__})) from error


@cache
def _server() -> Any:
    """Authlib's server, made when it is first asked."""
    from authlib.integrations.flask_oauth2 import AuthorizationServer
    from authlib.oauth2.rfc6749.grants import ClientCredentialsGrant
    from authlib.oauth2.rfc9068 import JWTBearerTokenGenerator

    class Generator(JWTBearerTokenGenerator):
        def get_jwks(self) -> Any:
            return signing_key()

        def get_audiences(self, client: Any, user: Any, scope: Any) -> str:  # noqa: ARG002
            return ISSUER

    class Grant(ClientCredentialsGrant):
        TOKEN_ENDPOINT_AUTH_METHODS = ("client_secret_basic",)

    server = AuthorizationServer(query_client=_Client, save_token=lambda *_: None)
    server.register_token_generator("default", Generator(ISSUER, alg=ALGORITHM, expires_generator=lambda *_: SECONDS))
    server.register_grant(Grant)
    return server


class _Client:
    """A client as Authlib asks about it; whether there is one, the check of its secret says."""

    def __init__(self, client_id: str) -> None:
        self.client_id = client_id
        self.caller: Caller | None = None

    def get_client_id(self) -> str:
        return self.client_id

    def check_client_secret(self, secret: str) -> bool:
        try:
            self.caller = authenticate(services().store, self.client_id, secret, "client")
        except Unauthenticated:
            return False
        return True

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        return endpoint == "token" and method == "client_secret_basic"

    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type == "client_credentials"

    def get_allowed_scope(self, scope: str) -> str:
        allowed = self.caller.scopes if self.caller else frozenset()
        return " ".join(sorted(allowed if not scope else allowed & set(scope.split())))

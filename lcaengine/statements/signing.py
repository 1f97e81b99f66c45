"""Signatures: canonical JSON (RFC 8785), Ed25519 as a flattened JWS with detached payload (RFC 7515 appendix F, RFC 8037).

Keys stand as files of mode 0600 in the user's data folder (``LCAENGINE_KEYS``), one a file, named by its RFC 7638 thumbprint. One
key signs; those before it are kept by their public part only, so that what they signed can be checked until they are retired.
"""

from __future__ import annotations

import base64
import binascii
import json
import os
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import rfc8785
from filelock import FileLock
from joserfc import jws
from joserfc.errors import JoseError, UnsupportedAlgorithmError
from joserfc.jwk import OKPKey
from platformdirs import user_data_path

from lcaengine import settings
from lcaengine.problems import NotFound, Problem, Refused

Json = dict[str, Any]
ALGORITHM = "EdDSA"
SIGNS, VERIFIES, RETIRED = "signs", "verifies", "retired"


class NotCanonical(ValueError):
    """What RFC 8785 cannot write: NaN, integers beyond 2^53, half characters."""


def canonical(value: Any) -> bytes:
    """Canonical JSON (RFC 8785), UTF-8; raises `NotCanonical`."""
    try:
        return rfc8785.dumps(value)
    except (ValueError, UnicodeError, RecursionError, TypeError) as error:
        raise NotCanonical(str(error)) from error


class _Registry(jws.JWSRegistry):
    """EdDSA and nothing else; whatever size a statement has."""

    max_payload_length = 64_000_000

    def get_alg(self, name: str) -> Any:  # RFC 9864 would have it called Ed25519; JWKS readers know EdDSA
        if name != ALGORITHM:
            raise UnsupportedAlgorithmError(f"Algorithm of {name!r} is not allowed")
        return self.algorithms[ALGORITHM]


@dataclass(frozen=True)
class Key:
    """A key as it may be shown: nothing private."""

    kid: str
    created: datetime
    state: str
    public: Json

    def as_dict(self) -> Json:
        return {"kid": self.kid, "created": self.created.isoformat(), "state": self.state}


# -- signing and checking


def signed(statement: Json, keys: KeyStore) -> Json:
    """A statement with its signature by the key that signs; raises `Refused` where keys cannot be used."""
    key = keys.signing_key()
    protected = {"alg": ALGORITHM, "kid": key.thumbprint()}
    whole = jws.serialize_json({"protected": protected}, canonical(statement), key, registry=_Registry())
    return {
        "statement": statement,
        "signature": {"protected": whole["protected"], "signature": whole["signature"]},
    }


def header(signature: Mapping[str, Any]) -> Json:
    """The protected header of a signature; raises `ValueError` unless it is exactly ours: alg EdDSA and a kid."""
    try:
        found = json.loads(_exact_base64(str(signature["protected"])))
    except RecursionError as error:
        raise ValueError("depth") from error
    if not isinstance(found, dict) or set(found) != {"alg", "kid"} or found["alg"] != ALGORITHM:
        raise ValueError("alg")
    return found


def checks(statement: Any, signature: Mapping[str, Any], public: Mapping[str, Any]) -> bool:
    """Whether a signature is that of a public key over the canonical form of a statement."""
    try:
        _exact_base64(str(signature["signature"]))
        payload = base64.urlsafe_b64encode(canonical(statement)).rstrip(b"=").decode()
        key = OKPKey.import_key({k: public[k] for k in ("kty", "crv", "x")})
        value: Any = {"payload": payload, "protected": signature["protected"], "signature": signature["signature"]}
        jws.deserialize_json(value, key, registry=_Registry())
    except (JoseError, ValueError, KeyError, TypeError):
        return False
    return True


def _exact_base64(text: str) -> bytes:
    """base64url without padding, and no other spelling of the same bytes; raises `ValueError`."""
    try:
        data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (binascii.Error, UnicodeError) as error:
        raise ValueError("base64url") from error
    if base64.urlsafe_b64encode(data).rstrip(b"=").decode() != text:
        raise ValueError("base64url")
    return data


# -- keys


def default_folder() -> Path:
    return settings.KEYS.value() or user_data_path("lcaengine") / "keys"


class KeyStore:
    """The keys of one folder."""

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder or default_folder()

    def list(self) -> list[Key]:
        """Every key, newest first; raises `Refused` where a file is not a key or is open to others."""
        found = [_shown(self._read(path)) for path in self.folder.glob("*.json")]
        return sorted(found, key=lambda k: (k.created, k.kid), reverse=True)

    def jwks(self) -> Json:
        """The public keys that are not retired, as a JWK set (RFC 7517)."""
        return {"keys": [k.public for k in self.list() if k.state != RETIRED]}

    def signing_key(self) -> OKPKey:
        """The private key that signs; made on first use."""
        with self._locked():
            kid = next((k.kid for k in self.list() if k.state == SIGNS), None) or self._make()
            return OKPKey.import_key(self._read(self._path(kid))["jwk"])

    def rotate(self) -> Key:
        """A new key signs from now on; the private part of the one before is deleted, its public part stays."""
        with self._locked():
            before = [k for k in self.list() if k.state == SIGNS]
            new = self._make()
            for key in before:
                self._make_public(key.kid, None)
            return next(k for k in self.list() if k.kid == new)

    def retire(self, kid: str) -> Key:
        """What a key signed is not valid any more; raises `NotFound`, `Refused` for the one that signs."""
        with self._locked():
            found = {k.kid: k for k in self.list()}
            if kid not in found:
                raise NotFound(Problem("statement_unknown_kid", "", {"kid": kid}))
            if found[kid].state == SIGNS:
                raise Refused(Problem("statement_key_signs", "", {"kid": kid}))
            self._make_public(kid, datetime.now(UTC).isoformat())
            return next(k for k in self.list() if k.kid == kid)

    def _path(self, kid: str) -> Path:
        return self.folder / f"{kid}.json"

    def _make(self) -> str:
        key = OKPKey.generate_key("Ed25519")
        entry = {"created": datetime.now(UTC).isoformat(), "retired": None, "jwk": key.as_dict(private=True)}
        self._write(self._path(key.thumbprint()), entry)
        return key.thumbprint()

    def _make_public(self, kid: str, retired: str | None) -> None:
        entry = self._read(self._path(kid))
        public = {k: v for k, v in entry["jwk"].items() if k != "d"}
        self._write(self._path(kid), {**entry, "jwk": public, "retired": retired or entry["retired"]})

    def _write(self, path: Path, entry: Json) -> None:
        """Written aside with mode 0600 from the first byte, then moved into place."""
        aside = path.with_suffix(f".{os.getpid()}.new")
        try:
            with os.fdopen(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
                json.dump(entry, file)
                file.flush()
                os.fsync(file.fileno())
            aside.replace(path)
        except OSError as error:
            raise self._unusable(path, error.strerror or str(error)) from error

    def _read(self, path: Path) -> Json:
        try:
            if os.name == "posix" and stat.S_IMODE(path.stat().st_mode) & 0o077:
                raise Refused(Problem("statement_key_open", "LCAENGINE_KEYS", {"path": str(path)}))
            entry: Json = json.loads(path.read_text(encoding="utf-8"))
            datetime.fromisoformat(entry["created"])
            if OKPKey.import_key(entry["jwk"]).thumbprint() != path.stem or entry["retired"] not in (
                None,
                str(entry["retired"]),
            ):
                raise ValueError("kid")
        except OSError as error:
            raise self._unusable(path, error.strerror or str(error)) from error
        except (ValueError, KeyError, TypeError, JoseError) as error:
            raise self._unusable(path, type(error).__name__) from None  # the text of the error could hold the key
        return entry

    def _unusable(self, path: Path, why: str) -> Refused:
        return Refused(Problem("statement_key_unusable", "LCAENGINE_KEYS", {"path": str(path), "why": why}))

    @contextmanager
    def _locked(self) -> Iterator[None]:
        try:
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            lock = FileLock(self.folder / ".lock")
            lock.acquire()
        except OSError as error:
            raise self._unusable(self.folder, error.strerror or str(error)) from error
        try:
            yield
        finally:
            lock.release()


def _shown(entry: Json) -> Key:
    key = OKPKey.import_key(entry["jwk"])
    kid = key.thumbprint()
    state = RETIRED if entry["retired"] else SIGNS if key.is_private else VERIFIES
    public = {**key.as_dict(private=False), "kid": kid, "alg": ALGORITHM, "use": "sig"}
    return Key(kid, datetime.fromisoformat(entry["created"]), state, public)

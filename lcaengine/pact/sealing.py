"""Partners' secrets at rest: encrypted (JWE, A256GCM) with a key that is not in the database.

The key is ``LCAENGINE_PACT_KEY`` (32 bytes, base64url), else a file of mode 0600 beside the signing keys, made on first use. Who has
only the database, or a backup of it, has no secrets.
"""

from __future__ import annotations

import base64
import binascii
import os
import secrets
from pathlib import Path

from filelock import FileLock
from joserfc import jwe
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

from lcaengine import settings
from lcaengine.problems import Problem, Refused
from lcaengine.statements.signing import default_folder

FILE = "pact.key"
BYTES = 32


def seal(secret: str) -> str:
    """A secret as it may be stored; raises `Refused` where the key cannot be used."""
    return jwe.encrypt_compact({"alg": "dir", "enc": "A256GCM"}, secret.encode(), _key())


def unseal(sealed: str) -> str:
    """The secret behind `seal`; raises `Refused` where the key is another one."""
    try:
        plaintext = jwe.decrypt_compact(sealed, _key()).plaintext
    except (JoseError, ValueError) as error:
        raise Refused(Problem("pact_key_differs", "LCAENGINE_PACT_KEY")) from error
    return (plaintext or b"").decode()


def _key() -> OctKey:
    text = settings.PACT_KEY.value() or _from_file(default_folder() / FILE)
    try:
        key = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (binascii.Error, ValueError) as error:
        raise Refused(Problem("pact_bad_key", "LCAENGINE_PACT_KEY")) from error
    if len(key) != BYTES:
        raise Refused(Problem("pact_bad_key", "LCAENGINE_PACT_KEY"))
    return OctKey.import_key(key)


def _from_file(path: Path) -> str:
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with FileLock(f"{path}.lock"):
            if not path.exists():
                made = base64.urlsafe_b64encode(secrets.token_bytes(BYTES)).rstrip(b"=").decode()
                aside = path.with_suffix(".new")
                aside.unlink(missing_ok=True)
                with os.fdopen(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                    file.write(made)
                    file.flush()
                    os.fsync(file.fileno())
                aside.replace(path)
            return path.read_text()
    except OSError as error:
        raise Refused(Problem("no_file", "LCAENGINE_KEYS", {"path": str(path), "why": error.strerror or ""})) from error

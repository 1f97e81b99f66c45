"""Answers kept by idempotency key, so that a request that is sent again is answered again and not done again.

An answer is written in the transaction of what it answers. It is kept encrypted by the key that the client sent, of which the
hash alone is kept: some answers hold a secret that is shown once.
"""

from __future__ import annotations

import base64
import hashlib
import json
import zlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import Index, Integer, LargeBinary, String, Text, delete, select
from sqlalchemy.orm import Mapped, mapped_column

from lcaengine.problems import Problem, Refused
from lcaengine.store.base import Base, Moment
from lcaengine.store.records import Store
from lcaengine.store.transaction import transaction

KEPT_DAYS = 30


class AnswerRow(Base):
    """One answer; ``fingerprint`` is of the request that it was given to."""

    __tablename__ = "answers"
    __table_args__ = (Index("ix_answers_created", "created"),)

    organisation_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    key_sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    fingerprint: Mapped[str] = mapped_column(String(64))
    created: Mapped[datetime] = mapped_column(Moment)
    status: Mapped[int] = mapped_column(Integer)
    headers: Mapped[str] = mapped_column(Text)
    body: Mapped[bytes] = mapped_column(LargeBinary)


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


def find_answer(store: Store, organisation_id: str, key: str, fingerprint: str) -> Answer | None:
    """What was answered under a key; raises `Refused` where the key came with another request."""
    with transaction(store.engine) as session:
        found = select(AnswerRow).where(
            AnswerRow.organisation_id == organisation_id, AnswerRow.key_sha256 == _digest(organisation_id, key)
        )
        row = session.scalars(found).one_or_none()
        if row is None:
            return None
        if row.fingerprint != fingerprint:
            raise Refused(Problem("idempotency_key_reused", "Idempotency-Key"))
        body = zlib.decompress(_cipher(organisation_id, key).decrypt(bytes(row.body)))
        return Answer(row.status, tuple(map(tuple, json.loads(row.headers))), body)


def keep_answer(store: Store, organisation_id: str, key: str, fingerprint: str, answer: Answer) -> None:
    """Keep an answer under a key; raises `IntegrityError` where another was faster. Old ones go."""
    now = datetime.now(UTC)
    row = AnswerRow(
        organisation_id=organisation_id, key_sha256=_digest(organisation_id, key), fingerprint=fingerprint, created=now,
        status=answer.status, headers=json.dumps(answer.headers),
        body=_cipher(organisation_id, key).encrypt(zlib.compress(answer.body, 1)),
    )  # fmt: skip
    with transaction(store.engine) as session:
        session.execute(delete(AnswerRow).where(AnswerRow.created < now - timedelta(days=KEPT_DAYS)))
        session.add(row)


def _digest(organisation_id: str, key: str) -> str:
    return hashlib.sha256(f"key\0{organisation_id}\0{key}".encode()).hexdigest()


def _cipher(organisation_id: str, key: str):  # type: ignore[no-untyped-def]
    from cryptography.fernet import Fernet

    derived = hashlib.sha256(f"answer\0{organisation_id}\0{key}".encode()).digest()
    return Fernet(base64.urlsafe_b64encode(derived))

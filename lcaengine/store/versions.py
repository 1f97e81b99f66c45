"""Versions of a footprint: the next one names the one before and says what changed; the one before stays as it is."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.exc import IntegrityError

from lcaengine.background import Release
from lcaengine.background.release import release_by_id
from lcaengine.bom import bom_of
from lcaengine.footprint import body, calculate
from lcaengine.problems import Problem, Refused
from lcaengine.rules import find_rule
from lcaengine.rules.history import DRAFT, REVIEW
from lcaengine.rules.library import state_of
from lcaengine.store.records import FootprintRow, Record, Store, _record
from lcaengine.store.transaction import inside, transaction

__all__ = ["HasSuccessor", "add_version", "product_problems", "recalculated", "successor_of", "versions_of"]

UNPUBLISHED = (DRAFT, REVIEW)  # they still change; a record would not be solved again
SAME_PRODUCT = ("id", "gtin")
INPUTS = {"rule": ("id", "version", "sha256"), "background": ("name", "version", "id"), "engine": ("version",)}
COMPARED = ("boundary", "declared_unit")  # totals of two boundaries or units have no difference


class HasSuccessor(Refused):
    """A record has one next version at most."""

    status = 409


def recalculated(
    store: Store, organisation_id: str, identifier: str, release: Release, rule_version: str | None = None,
    background: str | None = None,
) -> Record:  # fmt: skip
    """The same document under today's rule and background, or the ones named, as the next version.

    Raises `NotFound` (no such footprint, rule or release), `Refused`, `HasSuccessor`.
    """
    before = store.get(organisation_id, identifier)
    _check_last(store, organisation_id, before)
    if background is not None and background != release.id:
        release = release_by_id(background)
    document, rule = json.loads(before.document), find_rule(before.category, rule_version)
    if state_of(rule) in UNPUBLISHED:
        raise Refused(Problem("version_by_draft", "", {"rule": rule.id, "version": rule.version}))
    result = body(calculate(bom_of(document), rule, release))
    return add_version(store, organisation_id, before, document, result, before.impact_allowed)


def add_version(
    store: Store, organisation_id: str, before: Record, document: dict[str, Any], result: dict[str, Any], impact_allowed: bool
) -> Record:  # fmt: skip
    """Keep a result as the next version of a record; raises `Refused` for another product, `HasSuccessor`."""
    old = json.loads(before.body)
    if problems := list(product_problems(old["product"], result["product"])):
        raise Refused(problems)
    _check_last(store, organisation_id, before)
    answer = {
        **result, "version": before.version + 1, "previous": before.id,
        "changes": changes(json.loads(before.document), old, document, result),
    }  # fmt: skip
    try:
        return store.add(organisation_id, document, answer, impact_allowed, previous=before)
    except IntegrityError:  # another was a moment earlier
        if inside(store.engine):
            raise  # the whole request is tried again, and sees it
        _check_last(store, organisation_id, before)
        raise


def successor_of(store: Store, organisation_id: str, record: Record) -> str | None:
    """The id of the next version of a record, if there is one."""
    query = select(FootprintRow.id).where(
        FootprintRow.organisation_id == organisation_id,
        FootprintRow.original == (record.original or record.id),
        FootprintRow.version == record.version + 1,
    )
    with transaction(store.engine) as session:
        return session.scalars(query).one_or_none()


def versions_of(store: Store, organisation_id: str, identifier: str) -> list[Record]:
    """All versions of the footprint that one of them names, oldest first; raises `NotFound`."""
    named = store.get(organisation_id, identifier)
    first = named.original or named.id
    query = select(FootprintRow).where(
        FootprintRow.organisation_id == organisation_id,
        or_(FootprintRow.id == first, FootprintRow.original == first),
    )
    with transaction(store.engine) as session:
        return [_record(row) for row in session.scalars(query.order_by(FootprintRow.version))]


def changes(before: Any, old: Mapping[str, Any], after: Any, new: Mapping[str, Any]) -> dict[str, Any]:
    """What differs between two versions: rule, background and engine, the document by section, the total."""
    found: dict[str, Any] = {}
    for name, keys in INPUTS.items():
        was, now = ({key: side[name].get(key) for key in keys} for side in (old, new))
        found[name] = {"before": was, "after": now} if was != now else None
    return {**found, "document": list(_sections(before, after)), "total": _total(old, new)}


def _total(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    was, now = old["total"], new["total"]
    comparable = all(old[key] == new[key] for key in COMPARED) and was["indicator"] == now["indicator"]
    difference = now["value"] - was["value"] if comparable else None
    return {
        "before": was["value"], "after": now["value"], "unit": now["unit"], "comparable": comparable, "difference": difference,
        "relative": difference / abs(was["value"]) if difference is not None and was["value"] else None,
    }  # fmt: skip


def _sections(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The sections of a document that differ; of lists whose entries have ids, which of them."""
    for name in sorted({*before, *after}):
        was, now = before.get(name), after.get(name)
        if was == now:
            continue
        old, new = _by_id(was), _by_id(now)
        if old is None or new is None:
            yield {"section": name}
            continue
        yield {
            "section": name, "added": sorted(new.keys() - old.keys()), "removed": sorted(old.keys() - new.keys()),
            "changed": sorted(key for key in old.keys() & new.keys() if old[key] != new[key]),
        }  # fmt: skip


def _by_id(section: Any) -> dict[str, Any] | None:
    """The entries of a list by id; None where one has none, or two the same."""
    if section is None:
        return {}
    if not isinstance(section, list) or not all(isinstance(item, dict) and item.get("id") for item in section):
        return None
    found = {str(item["id"]): item for item in section}
    return found if len(found) == len(section) else None


def product_problems(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Problem]:
    """A version is of the same product: by category, and by id and GTIN where both state them, else by a name."""
    if old["category"] != new["category"]:
        yield _another("category", old["category"], new["category"])
    stated = [key for key in SAME_PRODUCT if old.get(key) and new.get(key)]
    for key in stated:
        if old[key] != new[key]:
            yield _another(key, old[key], new[key])
    if not stated and not set(old["name"].values()) & set(new["name"].values()):
        yield _another("name", old["name"], new["name"])


def _another(key: str, was: Any, now: Any) -> Problem:
    return Problem("version_of_another_product", f"/product/{key}", {"field": key, "before": was, "after": now})


def _check_last(store: Store, organisation_id: str, record: Record) -> None:
    if found := successor_of(store, organisation_id, record):
        raise HasSuccessor(Problem("footprint_has_successor", "", {"id": record.id, "successor": found}))

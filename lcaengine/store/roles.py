"""Who may do what: roles as sets of scopes. A scope is a resource and ``read`` or ``write``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

RESOURCES = (
    "footprints", "cbam", "statements", "evidence", "rules", "batches", "pact", "organisation", "server",
)  # fmt: skip
SCOPES = frozenset(f"{resource}:{action}" for resource in RESOURCES for action in ("read", "write"))


def _all(*resources: str) -> frozenset[str]:
    return frozenset(f"{resource}:{action}" for resource in resources for action in ("read", "write"))


ADMINISTRATOR, OPERATOR = "administrator", "operator"
ROLES: Mapping[str, frozenset[str]] = {
    "manufacturer": _all("footprints", "cbam", "statements", "evidence", "batches", "pact") | {"rules:read"},
    "association": _all("rules") | {"footprints:read"},
    "exporter": _all("cbam", "statements", "evidence") | {"footprints:read", "rules:read", "pact:read"},
    ADMINISTRATOR: _all("organisation") | {"footprints:read", "rules:read"},
    OPERATOR: _all("server"),
}
TRADES = ("manufacturer", "association", "exporter")  # what an organisation can be; its users may be administrators too


def scopes_of(roles: Iterable[str]) -> frozenset[str]:
    """Every scope of some roles."""
    return frozenset().union(*(ROLES[role] for role in roles if role in ROLES))

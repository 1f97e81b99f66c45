"""Lists of records, a page at a time: sorted by a column and then the id, and continued after the last row that was seen.

So records that are added meanwhile neither repeat nor hide one (keyset paging). What a list is sorted and filtered by is
declared once, beside its table, as a `Listing`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, TypeDecorator, and_, func, or_, select, true
from sqlalchemy.orm import InstrumentedAttribute, Session

from lcaengine.problems import Problem, Refused

Mark = tuple[Any, Any]  # value of the sort column, and id, of the last row of a page
Condition = Callable[[Any], ColumnElement[bool]]


@dataclass(frozen=True)
class Page:
    """What is asked of a list: how many, in which order (``-`` first: falling), after which row, and which."""

    limit: int = 20
    sort: str = "-created"
    after: Mark | None = None
    filters: Mapping[str, Any] = field(default_factory=dict)


class Listed(NamedTuple):
    """A page of records, how many there are in all, and after which row the next page begins (None: there is none)."""

    items: list[Any]
    number: int
    after: Mark | None


@dataclass(frozen=True)
class Listing:
    """A table's order and filters by name; each filter makes a condition of the value asked for."""

    row: Any
    sorts: Mapping[str, InstrumentedAttribute[Any]]
    filters: Mapping[str, Condition]

    def page(self, session: Session, page: Page, *own: ColumnElement[bool]) -> Listed:
        """A page of the rows for which ``own`` holds; raises `Refused` for a mark that is of another order."""
        wanted = and_(true(), *own, *(self.filters[name](value) for name, value in page.filters.items()))
        column, falling = self.sorts[page.sort.lstrip("-")], page.sort.startswith("-")
        query = select(self.row).where(wanted).limit(page.limit + 1)
        if page.after is not None:
            query = query.where(_beyond(column, self.row.id, page.after, falling))
        query = query.order_by(column.desc() if falling else column, self.row.id)
        rows = list(session.scalars(query))
        number = session.scalar(select(func.count()).select_from(self.row).where(wanted)) or 0
        more = len(rows) > page.limit
        del rows[page.limit :]
        return Listed(rows, number, (_exact(getattr(rows[-1], column.key)), rows[-1].id) if more else None)


def _beyond(column: Any, identifier: Any, after: Mark, falling: bool) -> ColumnElement[bool]:
    value, last = after
    if not isinstance(value, _type(column)) or not isinstance(last, _type(identifier)):
        raise Refused(Problem("bad_cursor", "/query/cursor"))
    further = column < value if falling else column > value
    return or_(further, and_(column == value, identifier > last))


def _type(column: Any) -> type:
    kind = column.type
    return (kind.impl_instance if isinstance(kind, TypeDecorator) else kind).python_type


def _exact(value: Any) -> Any:
    return (
        value.replace(tzinfo=UTC) if isinstance(value, datetime) and value.tzinfo is None else value
    )  # SQLite forgets it


# -- conditions


def equal(column: Any) -> Condition:
    return lambda value: column == value


def holds(column: Any) -> Condition:
    """The text stands somewhere in the column, in capitals or not."""
    return lambda text: column.icontains(text, autoescape=True)


def at_least(column: Any) -> Condition:
    return lambda value: column >= value


def at_most(column: Any) -> Condition:
    return lambda value: column <= value


def since(column: Any) -> Condition:
    """From a moment on, or from the beginning of a day (UTC)."""
    return lambda moment: column >= _moment(moment)


def before(column: Any) -> Condition:
    """Before a moment, or before the beginning of a day (UTC)."""
    return lambda moment: column < _moment(moment)


def _moment(at: datetime | date) -> datetime:
    if not isinstance(at, datetime):
        return datetime.combine(at, time(), UTC)
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def next_day(day: date) -> date:
    return day + timedelta(days=1)

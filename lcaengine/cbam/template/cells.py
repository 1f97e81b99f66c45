"""Typed values of a template's cells: every unusable one is a problem with its sheet and cell."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from lcaengine.cbam.template.places import At, TemplateMap, cells_of, template_map
from lcaengine.cbam.template.workbook import Book, read_book
from lcaengine.problems import Problem, Refused

SHOWN = 8  # known values that a problem lists


def shifted(value: float, places: int) -> float:
    """``value · 10^places`` as a decimal, so that 15 % and 0.15 are each other's exact counterpart."""
    return float(Decimal(repr(float(value))).scaleb(places))


def open_template(data: bytes) -> Book:
    """The workbook, if it is the edition of the map and nothing in it was moved; raises `Refused` otherwise."""
    known = template_map()
    raw = known.raw
    sheets = [*raw["sheets"], *raw["other_inputs"]]
    sheets += [raw[part]["sheet"] for part in ("edition_cells", "result", "code_lists", "translations")]
    book = read_book(data, sheets)
    if edition := _edition_problem(book, known):
        raise Refused(edition)
    if moved := list(_moved(book, known)):
        raise Refused(moved)
    return book


def _edition_problem(book: Book, known: TemplateMap) -> Problem | None:
    cells, wanted = known.raw["edition_cells"], known.raw["edition"]
    found = {name: book.at(At(cells["sheet"], cells[name])).value for name in ("type", "date", "language")}
    if isinstance(found["date"], datetime):
        found["date"] = found["date"].date()
    if all(found[name] == wanted[name] for name in found):
        return _language_problem(book, known.raw["translations"])
    shown = ", ".join(str(v) for v in found.values() if v is not None) or "–"
    values = {"found": shown, "wanted": f"{wanted['version']}, {wanted['date']}, {wanted['language']}"}
    return Problem("cbam_template_edition", str(At(cells["sheet"], cells["date"])), values)


def _language_problem(book: Book, place: Mapping[str, Any]) -> Problem | None:
    """A workbook switched to a translation bears other labels, also in its lists."""
    at = At(place["sheet"], place["switch"])
    found = book.at(at).value
    return (
        None if str(found) == str(place["english_is"]) else Problem("cbam_template_language", str(at), {"found": found})
    )


def _moved(book: Book, known: TemplateMap) -> Iterator[Problem]:
    for sheet, labels in known.raw["fixed"].items():
        for ref, wanted in labels.items():
            at = At(sheet, ref)
            found = label_text(book, at, known)
            found = "–" if found is None else found
            if str(found).strip() != str(wanted).strip():
                yield Problem("cbam_template_moved", str(at), {"found": found, "wanted": wanted})


def label_text(book: Book, at: At, known: TemplateMap) -> Any:
    """The text of a label; looked up where the workbook was written by a program that does not calculate."""
    cell = book.at(at)
    place = known.raw["translations"]
    if cell.value is None and cell.formula and place["sheet"] in cell.formula:
        row = "".join(c for c in cell.formula.split("!")[-1] if c.isdigit())
        return book.at(At(place["sheet"], f"{place['english']}{row}")).value
    return cell.value


class Cells:
    """Reads cells by type. ``problems`` grows; ``used`` remembers what was read."""

    def __init__(self, book: Book) -> None:
        self.book = book
        self.known = template_map()
        self.problems: list[Problem] = []
        self.used: set[At] = set()

    def filled(self, *cells: At) -> bool:
        """Whether anything stands in one of the cells."""
        return any(not self._blank(at) for at in cells)

    def _blank(self, at: At) -> bool:
        cell = self.book.at(at)
        return cell.formula is None and (cell.value is None or (isinstance(cell.value, str) and not cell.value.strip()))

    def raw(self, at: At) -> Any:
        """The value as typed or as last calculated; None for an empty cell and for one with a problem."""
        self.used.add(at)
        cell = self.book.at(at)
        if self._blank(at):
            return None
        if cell.kind == "e":
            self.bad("cbam_template_error_value", at, value=cell.value)
            return None
        if cell.value is None:
            self.bad("cbam_template_formula", at, value=cell.formula)
        return cell.value

    def bad(self, code: str, at: At, **values: Any) -> None:
        self.problems.append(Problem(code, str(at), values))

    def missing(self, at: At, what: str) -> None:
        self.problems.append(Problem("cbam_template_missing", str(at), {"field": what}))

    def number(self, at: At, low: float | None = 0.0, high: float | None = None) -> float | None:
        """A finite number within bounds; the workbook's own validation allows nothing else."""
        value = self.raw(at)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
            self.bad("cbam_template_number", at, value=value)
            return None
        if (low is not None and value < low) or (high is not None and value > high):
            least, most = (f"{b:g}" if b is not None else "…" for b in (low, high))
            self.bad("cbam_template_range", at, value=value, low=least, high=most)
            return None
        return value

    def percent(self, at: At) -> float | None:
        """A percentage of 0 to 100 as a fraction."""
        value = self.number(at, 0, 100)
        return None if value is None else shifted(value, -2)

    def text(self, at: At) -> str | None:
        value = self.raw(at)
        if value is None or isinstance(value, str):
            return value and value.strip()
        if isinstance(value, float) and value.is_integer():
            return str(int(value))
        return str(value)

    def label(self, at: At, kind: str) -> str | None:
        """Our id of a label; the workbook ignores case, and so does this."""
        value = self.text(at)
        if value is None:
            return None
        if (found := self.known.id_of(kind, value)) is None:
            self.unknown(at, value, self.known.known(kind))
        return found

    def unknown(self, at: At, value: Any, known: list[str]) -> None:
        """A label that the workbook's list has not."""
        shown = [*known[:SHOWN], "…"] if len(known) > SHOWN else known
        self.bad("cbam_template_label", at, value=value, known=shown)

    def truth(self, at: At) -> bool | None:
        """TRUE or FALSE; LibreOffice saves them as 1 and 0 where the cell has a number format."""
        value = self.raw(at)
        if value is None or value in (0, 1):
            return None if value is None else bool(value)
        self.unknown(at, value, ["TRUE", "FALSE"])
        return None

    def day(self, at: At) -> str | None:
        """A date as ISO text."""
        value = self.raw(at)
        if isinstance(value, (datetime, date)):
            return value.isoformat()[:10]
        if value is None:
            return None
        try:
            return date.fromisoformat(str(value).strip()).isoformat()
        except ValueError:
            self.bad("cbam_template_date", at, value=value)
            return None

    def listed(self, name: str) -> list[Any]:
        """A code list of the workbook."""
        place = self.known.raw["code_lists"]
        return [label_text(self.book, At(place["sheet"], ref), self.known) for ref in cells_of([place[name]])]

    def uncarried(self) -> Iterator[tuple[At, str, Any]]:
        """Every filled input cell that nobody read: place, name and value."""
        for at, name in self.known.inputs.items():
            if at not in self.used and not self._blank(at):
                yield at, name, self.book.at(at).value
        for sheet, part in self.known.raw["other_inputs"].items():
            for ref in cells_of(part["ranges"]):
                at = At(sheet, ref)
                if not self._blank(at) and self.book.at(at).value != part["preset"].get(ref):
                    yield at, sheet, self.book.at(at).value

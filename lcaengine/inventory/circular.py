"""The circular footprint formula (PEFCR Guidance v6.3, May 2018, eq. 18, p. 112) as exchanges of a line.

    material = (1−R1)·Ev + R1·(A·Erec + (1−A)·Ev·Qsin/Qp) + (1−A)·R2·(ErecEoL − E*v·Qsout/Qp)
    energy   = (1−B)·R3·(E_ER − LHV·X_heat·E_SE,heat − LHV·X_elec·E_SE,elec)
    disposal = (1−R2−R3)·E_D

The first two material terms belong to the production, the rest to the end of life. At the gate (an intermediate product)
A = 1 and R2 = R3 = E_D = 0, so that (1−R1)·Ev + R1·Erec is left.

Modular form: where that is bought as such, with its forming (a bottle of the role's ``target``), only
−(1−A)·R1·(Erec − Ev·Qsin/Qp) is added to the production. Both forms have the same sum.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from lcaengine.rules.template import Circularity


@dataclass(frozen=True)
class Term:
    """``amount`` per kg of material of a process: bought, or handed over where ``waste``. Negative: replaced elsewhere."""

    process: str
    amount: float
    end_of_life: bool
    waste: bool = False
    formulas: tuple[str, ...] = ()


def terms(
    c: Circularity,
    value: Callable[[str], float],
    per_kg: Callable[[str], float],
    R1: float | None,
    gate: bool,
    modular: bool = False,
) -> Iterator[Term]:
    """The terms for one kg; ``value`` evaluates a formula, ``per_kg`` gives MJ/kg, ``R1`` replaces the rule's recycled content.

    Terms of the same process are not merged: each stands for one part of the formula. Zero terms are left out.
    """
    found = (*_production(c, value, R1, gate, modular), *(() if gate else _end_of_life(c, value, per_kg)))
    yield from (term for term in found if term.amount)


def _production(
    c: Circularity, value: Callable[[str], float], given: float | None, gate: bool, modular: bool
) -> Iterator[Term]:
    R1 = value(c.R1) if given is None else given
    A = 1.0 if gate else value(c.A)
    used = ((c.R1,) if given is None else ()) + (() if gate else (c.A,))
    if not modular:
        yield Term(c.ev, 1 - R1, False, formulas=used)
    yield Term(c.erec, R1 * (A - 1) if modular else R1 * A, False, formulas=used)
    yield Term(c.ev, 0.0 if gate else R1 * (1 - A) * value(c.quality_in), False, formulas=(*used, c.quality_in))


def _end_of_life(c: Circularity, value: Callable[[str], float], per_kg: Callable[[str], float]) -> Iterator[Term]:
    A, R2, R3, B = (value(text) for text in (c.A, c.R2, c.R3, c.B))
    back, recovered = (1 - A) * R2, (1 - B) * R3
    other = c.ev_star is not None and c.ev_star != c.ev
    quality = 1.0 if other else value(c.quality_out)
    yield Term(c.erec_eol or c.erec, back, True, formulas=(c.A, c.R2))
    yield Term(c.ev_star or c.ev, -back * quality, True, formulas=(c.A, c.R2, *(() if other else (c.quality_out,))))
    if c.energy:
        heating = per_kg(c.lhv)
        yield Term(c.energy, recovered, True, waste=True, formulas=(c.R3, c.B))
        for process, efficiency in ((c.heat, c.x_heat), (c.power, c.x_power)):
            if process:
                yield Term(
                    process, -recovered * heating * value(efficiency), True, formulas=(c.R3, c.B, c.lhv, efficiency)
                )
    for route in c.disposal:
        yield Term(
            route.target, (1 - R2 - R3) * value(route.share), True, waste=True, formulas=(c.R2, c.R3, route.share)
        )

"""The foreground inventory: unit processes of one product, every exchange with its line, rule id and evidence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from lcaengine.bom import Bom
from lcaengine.problems import Problem
from lcaengine.rules import Rule
from lcaengine.units import Quantity

Kind = Literal["product", "waste", "foreground", "emission"]
Data = Literal["primary", "secondary", "default"]


class Exchange(NamedTuple):
    """An input, a waste handed over, or an emission of one run of a foreground process; ``amount`` as ``kind`` says.

    ``product``: bought from the background; ``waste``: handed to a treatment; ``foreground``: from another process of the
    inventory; ``emission``: an elementary flow. ``market_target`` is the product bought under the market-based method.
    """

    process: str
    kind: Kind
    target: str
    amount: float
    unit: str
    stage: str
    line: str
    activity: str
    rule_id: str
    data: Data
    matched_by: str
    where: str = ""
    parameters: tuple[str, ...] = ()
    market_target: str | None = None


@dataclass(frozen=True, slots=True)
class ForegroundProcess:
    """One run makes ``amount`` of its product. ``biogenic_carbon``: kg in that product; None: it keeps all it gets.

    ``shared``: co-products take a part of the burden, so that its carbon comes in by share and leaves by content.
    """

    id: str
    name: Mapping[str, str]
    stage: str
    amount: float
    unit: str
    biogenic_carbon: float | None
    shared: bool = False


@dataclass(frozen=True, slots=True)
class Assumption:
    """A parameter of the rule as used: its default, or the value given."""

    rule_id: str
    parameter: str
    name: Mapping[str, str]
    value: float
    unit: str
    status: str
    evidence: str
    source: str


@dataclass(frozen=True, slots=True)
class Warned:
    """Something to review; the calculation went on. ``problem`` holds the texts.

    ``held``: the lanes in which it is so, where the inventory is of many bills (`lcaengine.batch`); None: all.
    """

    problem: Problem
    rule_id: str = ""
    held: Any = None

    def as_dict(self) -> dict[str, Any]:
        """Both languages at once: a stored result is read in either."""
        zh, en = self.problem.as_dict("zh"), self.problem.as_dict("en")
        body = {**en, **{key: {"zh": zh[key], "en": en[key]} for key in ("message", "next_action")}}
        return {**body, "rule_id": self.rule_id} if self.rule_id else body


@dataclass(frozen=True, slots=True)
class LineShown:
    """What a result says of a line, in the stage that buys it.

    ``quantity`` is per run of its foreground process; ``sources`` are the background processes with their shares.
    """

    id: str
    foreground: str
    stage: str
    name: Mapping[str, str]
    quantity: Quantity | None
    data: Data
    matched_by: str
    sources: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True)
class Inventory:
    """A bill of materials under a rule; amounts per ``declared_unit`` of the rule.

    ``divisors``: value of each ``per`` of the rule, in its unit; ``choices``: the option of each choice.
    """

    bom: Bom
    rule: Rule
    boundary: str
    declared_unit: Quantity
    processes: tuple[ForegroundProcess, ...]
    exchanges: tuple[Exchange, ...]
    final: str
    lines: Mapping[str, LineShown]
    assumptions: tuple[Assumption, ...]
    warnings: tuple[Warned, ...]
    divisors: Mapping[str, float] = field(default_factory=dict)
    choices: Mapping[str, str] = field(default_factory=dict)

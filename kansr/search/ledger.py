"""The formulas found so far."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import sympy

from kansr.formula.constants import Template
from kansr.formula.forms import constant_apart
from kansr.formula.rewrite import complexity
from kansr.kan.network import Network
from kansr.results import Stage
from kansr.search.cutting import cut
from kansr.search.finishing import Finished, Finisher
from kansr.search.guard import Fault, guarded
from kansr.search.lens import Lens
from kansr.search.limits import NO_LIMITS, Limits
from kansr.search.score import ROUNDING
from kansr.search.table import Table

__all__ = ["CLEAN", "FaultsOnly", "Found", "Ledger", "Listener", "Origin"]

# A formula with a mean square error below this (over the target's variance) explains clean data completely.
CLEAN = 1e-16
# With more constants a formula may come this close to another function by their choice.
_FEW = 5
# Rows that the many small refits of finishing are made on.
_SAMPLE = 500
# An expression with more nodes explains nothing, whatever its error.
_TOO_LONG = 400
# A line in more columns is only fitted.
_MANY = 50
# Up to so many nodes a formula that is longer than the user allows is cut: beyond, it takes too long.
_CUTTABLE = 60


@dataclass(frozen=True)
class Origin:
    """Where a formula comes from.

    Attributes:
        named: The network with a function of the library on every edge.
        splines: The pruned network that was named.
        lens: How both see the table.
        inputs: The columns that it sees, in order, or products of powers of columns.
        factor: What the target was divided by before.
    """

    named: Network
    splines: Network
    lens: Lens
    inputs: Sequence[sympy.Expr]
    factor: sympy.Expr = sympy.S.One


@dataclass(frozen=True)
class Found:
    """A finished formula.

    Attributes:
        finished: The formula with its constants and description length.
        held_error: Mean square error on the held rows, over the target's variance there.
        origin: The networks that it was read from; None for a formula that came from none.
    """

    finished: Finished
    held_error: float
    origin: Origin | None = None

    @property
    def complexity(self) -> int:
        """Nodes of the expression tree."""
        return complexity(self.finished.expression)


class Listener:
    """What the search tells while it runs; this one ignores it."""

    def stage(self, stage: Stage, detail: str = "") -> None:
        """The search turned to `stage`."""

    def found(self, found: Found) -> None:
        """A better formula than all before."""

    def network(self, edges: int, rmse: float) -> None:
        """A network was trained."""

    def fault(self, fault: Fault) -> None:
        """A candidate was given up."""


class FaultsOnly(Listener):
    """Of the search for one part only the faults are told."""

    def __init__(self, listener: Listener) -> None:
        self._listener = listener

    def fault(self, fault: Fault) -> None:
        """Passed on."""
        self._listener.fault(fault)


class Ledger:
    """Finishes formulas and keeps them.

    Attributes:
        found: The formulas that may be offered.
        refused: Those that the user's limits leave out; nothing is decided by them.
    """

    def __init__(
        self,
        table: Table,
        closing: Callable[[], bool],
        listener: Listener,
        limits: Limits = NO_LIMITS,
        *,
        shifted: bool = False,
    ) -> None:
        """Starts with a constant and a linear formula: there is something to show from the first second on.

        Args:
            table: The rows.
            closing: True ends the finishing of a formula where it is.
            listener: Is told of each better formula.
            limits: Which formulas may be offered.
            shifted: Whether the target is the law's only up to an unknown constant.
        """
        self.found: list[Found] = []
        self.refused: list[Found] = []
        self._limits = limits
        self._table = table
        self._listener = listener
        self._finisher = Finisher(table.rows(), table.rows(_SAMPLE), closing)
        self._shift = sympy.Float(1e-3 * float(table.y.std())) if shifted else sympy.S.Zero
        self._begin(table)
        self.baselines = len(self.found)

    def _begin(self, table: Table) -> None:
        """A constant and a linear formula; at the very least some constant, even if no error can be computed."""
        mean, spread = float(table.y.mean()), float(table.y.std())
        with guarded("fitting a constant", self._listener.fault):
            self._add(self._finisher.fit(sympy.Float(mean), self._finisher.rows))
        if not self.found:
            template = Template.of(sympy.Float(float(table.y.median())))
            self.found.append(Found(Finished(template, math.inf, math.inf), math.inf))
        with guarded("fitting a line", self._listener.fault):
            slopes = [
                sympy.Float(1e-3 * spread / float(column.std())) * symbol
                for symbol, column in zip(table.symbols, table.x.T, strict=True)
                if float(column.std()) > 0
            ]
            line = sympy.Add(sympy.Float(mean), *slopes)
            # with hundreds of columns more than a fit would take all the time
            self._add(self._finisher(line) if len(slopes) <= _MANY else self._finisher.rough(line))

    def add(
        self,
        expression: sympy.Expr,
        origin: Origin | None,
        believed: Callable[[float], bool],
        meaning: Mapping[sympy.Symbol, sympy.Expr] = MappingProxyType({}),
    ) -> bool:
        """Takes in the expression of a named network.

        Args:
            expression: In the columns' symbols.
            origin: The networks it was read from, if it was.
            believed: Whether a formula with this error is taken for right and so worth finishing; any other one is
                only fitted: some of its names are wrong.
            meaning: What other symbols stand for. They are finished as one: no constant comes in between.

        Returns:
            Whether it may be offered.
        """
        with guarded("finishing", self._listener.fault):
            return self._take_in(expression, origin, believed, meaning)
        return False

    def _take_in(
        self,
        expression: sympy.Expr,
        origin: Origin | None,
        believed: Callable[[float], bool],
        meaning: Mapping[sympy.Symbol, sympy.Expr],
    ) -> bool:
        if complexity(expression) > _TOO_LONG:
            return False
        if self._shift:  # a small constant is seen by no network, yet without it no name is right
            expression = constant_apart(expression) + self._shift
        finisher = self._finisher.knowing(meaning) if meaning else self._finisher
        rough = finisher.rough(expression)
        finished = finisher(rough.expression) if believed(rough.mse) else rough
        if meaning:
            finished = self._finisher.translated(finished, meaning)
        return self._add(finished, origin)

    def _add(self, finished: Finished, origin: Origin | None = None) -> bool:
        held_error = self._table.formula_error(finished.template)
        if not math.isfinite(finished.length + held_error):
            return False
        found = Found(finished, held_error, origin)
        if not self._limits.admit(finished.expression):
            self._refuse(found)
            return False
        better = all(finished.length < f.finished.length for f in self.found)
        self.found.append(found)
        if better:
            self._listener.found(found)
        return True

    def _refuse(self, found: Found) -> None:
        """Keeps a formula apart; of one that is only too long and better than all before, a short form is taken in."""
        self.refused.append(found)
        if self._limits.nodes is None or found.complexity > _CUTTABLE:
            return
        rivals = (*self.found, *(f for f in self.refused if not self._limits.foreign(f.finished.expression)))
        if found is min(rivals, key=lambda f: f.finished.length):
            short = cut(found.finished, self._limits.nodes, self._finisher)
            if short is not None:
                self._add(short, found.origin)

    @property
    def best(self) -> Found:
        """The formula with the shortest description."""
        return min(self.found, key=lambda f: f.finished.length)

    def explains_all(self) -> bool:
        """Whether a formula is exact, on rows that did not fit it too."""
        return any(f.finished.mse < _proof(f) and f.held_error < 100 * CLEAN for f in self.found)


def _proof(found: Found) -> float:
    """The error below which a formula cannot be a mere imitation: with many constants nothing but rounding."""
    return CLEAN if len(found.finished.template.symbols) <= _FEW else 4 * ROUNDING

"""Laws in parts: where groups of columns contribute on their own, each part is a small search of its own.

Divide and conquer: the other parts are taken away from the target (or divided out of it) as far as they are known, at
first as polynomials, later as the formulas found for them. So each search has the columns of one part only, and a
target with little noise: what the others were estimated wrongly. Once all parts but one are known exactly, so is the
target of the last one. This is backfitting (J. H. Friedman & W. Stuetzle, JASA 76, 1981) with formulas for smoothers.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import sympy
import torch
from torch import Tensor

from kansr.formula.rewrite import complexity
from kansr.kan.structure import Op
from kansr.results import Stage
from kansr.search.budget import Budget
from kansr.search.guard import guarded
from kansr.search.ledger import Found, Ledger, Listener
from kansr.search.lens import Lens, TargetView
from kansr.search.noise_test import NoiseTest, is_short
from kansr.search.offsets import product_offset
from kansr.search.separation import Separation, joined, separate
from kansr.search.table import Table

__all__ = ["PartSearch", "PartTarget", "Parts"]

# Estimates with a larger error are no help, unless networks on all columns are hardly better.
_TRUSTED, _NO_WORSE = 0.02, 1.5
# Share of the time left that may be spent on parts; and once all but one are known, for what networks on all columns
# would have to find then is so much more.
_SHARE, _SHARE_OF_LAST = 0.45, 0.7
# Searches for each part.
_ROUNDS = 2
# A formula takes an estimate's place if the error of all parts together grows by no more than this factor, and another
# formula's place if it falls to this.
_AS_GOOD, _BETTER = 1.5, 0.9
# A mean square error that counts as none, over the target's variance.
_EXACT = 1e-18


@dataclass(frozen=True)
class PartTarget:
    """What is known of the target in the table of one part.

    Attributes:
        op: Whether the other parts were taken away from it or divided out.
        error: Mean square of what they were estimated wrongly, over the target's variance, as far as that is known.
        exact: Whether there may be no such error, for formulas give all of them.
    """

    op: Op
    error: float
    exact: bool


PartSearch = Callable[[Table, Budget, PartTarget], Sequence[Found]]


@dataclass(eq=False)
class _Part:
    """What is known of one part.

    Attributes:
        columns: Its columns' numbers.
        values: On the training rows, `(n,)`.
        values_held: On the held rows, `(m,)`.
        formula: The formula that gives these; None while they are an estimate.
        makeshift: The best formula found, where it explains less than the estimate.
        searches: How often one was looked for.
    """

    columns: list[int]
    values: Tensor
    values_held: Tensor
    formula: sympy.Expr | None = None
    makeshift: sympy.Expr | None = None
    searches: int = 0


class Parts:
    """Finds a law part by part, if it has parts."""

    def __init__(
        self,
        table: Table,
        ledger: Ledger,
        noise_test: NoiseTest,
        budget: Budget,
        listener: Listener,
        search: PartSearch,
    ) -> None:
        """Gets ready.

        Args:
            table: The rows.
            ledger: Takes the formulas in.
            noise_test: Judges them on noisy data.
            budget: When to end.
            listener: Is told what happens.
            search: Gives the formulas for the table of a part, best first.
        """
        self._table = table
        self._ledger, self._noise_test = ledger, noise_test
        self._budget, self._listener, self._search = budget, listener, search
        self._op = Op.SUM
        self._parts: list[_Part] = []

    def solved(self, network_error: float) -> bool:
        """Whether the law has parts, and the formulas found for them explain everything.

        Args:
            network_error: Of the best network on all columns: the estimates should not be much worse.
        """
        separation = separate(self._table, self._budget.expired)
        if separation is None or separation.error > max(_TRUSTED, _NO_WORSE * network_error):
            return False
        self._begin(separation)
        left = self._budget.left()
        end = (1 - _SHARE) * left
        while (part := self._next()) is not None and self._budget.left() > end:
            self._listener.stage(Stage.SEPARATE, ", ".join(str(self._table.symbols[j]) for j in part.columns))
            if part.searches and [p for p in self._parts if p.formula is None] == [part]:
                end = (1 - _SHARE_OF_LAST) * left
            to_come = sum(_ROUNDS - p.searches for p in self._parts if p.formula is None)
            with guarded("a part", self._listener.fault):
                self._improve(part, self._budget.part((self._budget.left() - end) / max(to_come, 1)))
            if all(p.formula is not None for p in self._parts) and self._offer():
                return True
        # what was found of the parts is more than networks would find of the whole
        return any(p.formula is None for p in self._parts) and self._offer()

    def _begin(self, separation: Separation) -> None:
        self._op = separation.op
        each = zip(separation.groups, separation.values, separation.values_held, strict=True)
        self._parts = [_Part(columns, values, values_held) for columns, values, values_held in each]

    def _next(self) -> _Part | None:
        """The part to be searched next: each once, small ones first; then those with none or the longest formula."""

        def rank(part: _Part) -> tuple[int, bool, int]:
            length = len(part.columns) if part.formula is None else -complexity(part.formula)
            return part.searches, part.formula is not None, length

        return min((part for part in self._parts if part.searches < _ROUNDS), key=rank, default=None)

    def _improve(self, part: _Part, budget: Budget) -> None:
        """Looks for a formula for one part."""
        part.searches += 1
        table = self._alone(part)
        held = table.held_rows()
        error = float(held.weigh(table.y_held - part.values_held).square().mean())
        constant = self._constant(table, error)
        before = error / held.variance()
        if not math.isfinite(before):
            return
        shifted = replace(table, y=table.y - constant, y_held=table.y_held - constant)
        known = all(p.formula is not None for p in self._parts if p is not part)
        # the error of a formula that is to be replaced tells nothing of the target's
        target = PartTarget(self._op, before if part.formula is None else 0.0, known)
        found = next(iter(self._search(shifted, budget, target)), None)
        if found is None or not found.finished.expression.free_symbols:
            return
        expression = found.finished.expression + sympy.Float(constant, 17)
        template = found.finished.template
        allowed = before * (_AS_GOOD if part.formula is None else _BETTER)
        if shifted.formula_error(template) > max(allowed, _EXACT):
            part.makeshift = expression
            return
        left = shifted.residuals(template)
        part.formula = expression
        part.values, part.values_held = table.y - left.y, table.y_held - left.y_held

    def _constant(self, table: Table, error: float) -> float:
        """What is best taken off a part of a sum, of which the constant is not known."""
        if self._op is not Op.SUM:
            return 0.0
        found = product_offset(Lens.of(table.x, table.y, TargetView.RAW).inputs(table.x), table.y, error)
        return float(table.y.mean()) if found is None else found

    def _alone(self, part: _Part) -> Table:
        """The rows with the other parts taken away from the target, and only the columns of this one."""
        # for a search of its own the columns are what they are, whatever they were made of
        table = replace(self._table.only(part.columns), meaning={}, unit=None)
        others = [p for p in self._parts if p is not part]
        rest = joined(self._op, torch.stack([p.values for p in others]))
        rest_held = joined(self._op, torch.stack([p.values_held for p in others]))
        if self._op is Op.SUM:
            return replace(table, y=table.y - rest, y_held=table.y_held - rest_held, factor=sympy.S.One)
        divided = replace(table, y=table.y / rest, y_held=table.y_held / rest_held, factor=sympy.S.One)
        return divided.weighted(rest, rest_held)

    def _offer(self) -> bool:
        """Hands all parts in as one formula; whether it explains everything."""
        formulas = [part.formula or part.makeshift for part in self._parts]
        if None in formulas:
            return False
        law = sympy.Add(*formulas) if self._op is Op.SUM else sympy.Mul(*formulas)
        complete = all(part.formula is not None for part in self._parts)
        self._ledger.add(self._table.factor * law, None, lambda mse: complete, self._table.meaning)
        if not complete and self._noise_test.passed():  # what is missing has no influence: it is the law all the same
            self._ledger.add(self._table.factor * law, None, lambda mse: True, self._table.meaning)
        return self._ledger.explains_all() or (self._noise_test.passed() and is_short(self._ledger.best))

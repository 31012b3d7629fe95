"""Laws that need no network: exact algebraic relations, and short ratios where there is noise."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import chain, islice
from typing import TypeAlias

import sympy
from torch import Tensor

from kansr.results import Stage
from kansr.search.budget import Budget
from kansr.search.decays import decays
from kansr.search.factors import power_factors, power_law
from kansr.search.guard import guarded
from kansr.search.ledger import CLEAN, Ledger, Listener
from kansr.search.noise_test import NoiseTest, is_short
from kansr.search.ratios import Ratio, ratios
from kansr.search.relations import paired_relations, relations
from kansr.search.screening import surely_relevant
from kansr.search.table import Table

__all__ = ["Shortcuts"]

# A power law with a larger mean square error, over the target's variance, is none.
_LAW = 0.1

_Relations: TypeAlias = Callable[[Tensor, Tensor, Sequence[sympy.Symbol], Callable[[], bool]], Iterator[sympy.Expr]]


class Shortcuts:
    """What is tried beside the networks; each method tells whether it has explained everything.

    Attributes:
        table: The rows; once `first` was called, divided by the columns that are mere factors.
    """

    def __init__(
        self,
        table: Table,
        ledger: Ledger,
        noise_test: NoiseTest,
        budget: Budget,
        listener: Listener,
        *,
        exact: bool = True,
    ) -> None:
        """Gets ready.

        Args:
            table: The rows.
            ledger: Takes the formulas in.
            noise_test: Judges them on noisy data.
            budget: When to end.
            listener: Is told what happens.
            exact: Whether the target may be exact; where it is known not to be, it has no exact relations.
        """
        self._exact = exact
        self.table = table
        self._ledger, self._noise_test = ledger, noise_test
        self._budget, self._listener = budget, listener
        self._ratios: Iterator[list[Ratio]] = iter(())
        self._shortest = math.inf

    def first(self) -> bool:
        """What takes no longer than the simplest network: relations, and ratios of the columns themselves."""
        for shortcut in (partial(self._related, relations), self._separated, self._is_power_law):
            with guarded("a shortcut", self._listener.fault):
                if shortcut():
                    return True
        table = self.table
        arguments = (table.x, table.y, table.symbols, table.weight, self._hurried)
        self._ratios = chain(ratios(*arguments), decays(*arguments))
        return self._approximated(1)

    def more_ratios(self) -> bool:
        """Ratios with functions of the columns and of pairs of them."""
        return self._approximated(None)

    def pairs(self) -> bool:
        """Relations with functions of pairs of columns."""
        with guarded("a shortcut", self._listener.fault):
            return self._related(paired_relations)
        return False

    def _separated(self) -> bool:
        """Divides out the columns that are mere factors, and looks for relations between the others."""
        factors = power_factors(self.table.x, self.table.y, self.table.weight)
        if not 0 < len(factors) < self.table.x.shape[1]:
            return False
        self.table = self.table.divided(factors)
        return self._related(relations)

    def _is_power_law(self) -> bool:
        law = power_law(self.table.x, self.table.y, self.table.symbols, self.table.weight)
        if law is not None:
            self._ledger.add(self.table.factor * law, None, lambda mse: mse < _LAW, self.table.meaning)
        return self._noise_test.passed() and is_short(self._ledger.best)

    def _related(self, relations: _Relations) -> bool:
        if not self._exact:
            return False
        self._listener.stage(Stage.RELATE)
        # an irrelevant column makes so many more monomials that the right ones may find no room
        sure = surely_relevant(self.table.x, self.table.y)
        tables = [self.table.only(sure)] if len(sure) < self.table.x.shape[1] else []
        for table in [*tables, self.table]:
            for law in relations(table.x, table.y, table.symbols, self._budget.expired):
                self._ledger.add(table.factor * law, None, lambda mse: mse < CLEAN, table.meaning)
                if self._ledger.explains_all():
                    return True
        return False

    def _approximated(self, most: int | None) -> bool:
        """Tries so many sets of atoms, or all."""
        with guarded("a shortcut", self._listener.fault):
            return self._tried_ratios(most)
        return False

    def _tried_ratios(self, most: int | None) -> bool:
        self._listener.stage(Stage.RELATE)
        for offered in islice(self._ratios, most):
            for ratio in offered:
                if self._hurried():
                    return False
                expression = self.table.factor * ratio.expression()
                if ratio.length >= self._shortest:
                    continue
                if self._ledger.add(expression, None, lambda mse: True, self.table.meaning):
                    self._shortest = ratio.length
            if self._noise_test.passed() and is_short(self._ledger.best):
                return True
        return False

    def _hurried(self) -> bool:
        """Whether the time that is left is the networks'."""
        return self._budget.late() or self._budget.expired()

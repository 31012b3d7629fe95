"""When a formula leaves nothing but noise."""

from __future__ import annotations

from collections.abc import Callable

import torch

from kansr.results import Stage
from kansr.search.guard import guarded
from kansr.search.ledger import Found, Ledger, Listener
from kansr.search.lens import Lens, TargetView
from kansr.search.structures import probes
from kansr.search.table import Table
from kansr.search.training import TRAINING_ROWS, train_structure

__all__ = ["NoiseTest", "is_short"]

# Networks that explain no more than this share of what a formula leaves show that only noise is left.
_UNEXPLAINED = 0.98
# With a larger error a formula explains so little that the search goes on, whatever networks make of the rest.
_EXPLAINS_LITTLE = 0.5
# Formulas with more nodes than these, for each column and in addition, may imitate a simpler one: with no constant to
# be fitted, and with one. With more constants any may.
_NODES = ((4, 10), (3, 8))


class NoiseTest:
    """The test on the best formula of a ledger, made once for each.

    Two small networks are trained on what the formula leaves. If neither predicts anything of that on the held rows,
    there is nothing left to be found, at whatever level the noise is: no threshold has to be known.

    Args:
        table: All columns.
        ledger: The formulas.
        generator: Source of the networks' starts.
        expired: True ends the training; the test is then failed.
        listener: Is told of the test.
    """

    def __init__(
        self,
        table: Table,
        ledger: Ledger,
        generator: torch.Generator,
        expired: Callable[[], bool],
        listener: Listener,
    ) -> None:
        self._table, self._ledger = table, ledger
        self._generator, self._expired, self._listener = generator, expired, listener
        self._tested: Found | None = None
        self._passed = False

    def passed(self) -> bool:
        """Whether the best formula so far leaves nothing but noise."""
        best = self._ledger.best
        if best is not self._tested:
            self._tested = best
            self._passed = False
            if best.held_error <= _EXPLAINS_LITTLE:
                with guarded("testing for noise", self._listener.fault):
                    self._passed = self.only_noise(self._table.residuals(best.finished.template))
        return self._passed

    def only_noise(self, left: Table) -> bool:
        """Whether nothing can be learned from the rows of a table; never with too few rows to set some aside."""
        if not left.holds_out:
            return False
        self._listener.stage(Stage.TEST)
        lens = Lens.of(left.x, left.y, TargetView.RAW)
        rows = left.seen(lens, TRAINING_ROWS)
        for structure in probes(left.x.shape[1]):
            trained = train_structure(structure, rows, self._generator, self._expired)
            # a network that the clock cut off proves nothing
            if trained is None or self._expired() or left.network_error(trained.network, lens) < _UNEXPLAINED:
                return False
        return True


def is_short(found: Found) -> bool:
    """Whether a simpler formula that does the same is not to be expected."""
    constants = len(found.finished.template.symbols)
    if constants >= len(_NODES):
        return False
    for_each, more = _NODES[constants]
    return found.complexity <= for_each * len(found.finished.expression.free_symbols) + more

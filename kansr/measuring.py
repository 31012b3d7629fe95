"""Formulas measured on every part of a table: their errors, and the errors of their constants."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import TypeVar

import numpy as np
import sympy
import torch
from numpy.typing import NDArray
from torch import Tensor

from kansr.choice import Option
from kansr.config import FitConfig
from kansr.data import Dataset, folds
from kansr.formula.constants import TableRows, Template
from kansr.formula.evaluate import evaluate
from kansr.formula.rows import BLOCK
from kansr.results import Candidate, Constant, Metrics
from kansr.search.guard import Tell, guarded
from kansr.search.ledger import Found
from kansr.search.robust import FORMULA_ROUNDS, huber_factors
from kansr.search.table import Table

__all__ = ["Judge", "beyond_squares", "deciding"]

_T = TypeVar("_T")
# Of a target that varies by more or less than this the squares of errors are beyond float64.
_LEAST, _LARGEST = 1e-140, 1e140


class Judge:
    """Measures formulas on every part of the table, as their written form would give them."""

    def __init__(
        self, dataset: Dataset, config: FitConfig, names: Mapping[str, str], tell: Tell, *, cross_validates: bool = True
    ) -> None:
        """Gets ready.

        Args:
            dataset: The table.
            config: The merged configuration.
            names: A symbol for each column.
            tell: Is told of what could not be measured.
            cross_validates: Whether a formula is fitted again and again if no rows were set aside.
        """
        self.symbols = [sympy.Symbol(names[f], real=True) for f in dataset.features]
        self._cross_validates = cross_validates
        self._dataset = dataset
        self._tell = tell
        self._weight = dataset.weight
        self._robust: NDArray[np.float64] | None = None
        self._seed = config.seed
        self._sigma = config.sigma is not None
        self._known: dict[sympy.Expr, tuple[Candidate, Option]] = {}

    @cached_property
    def _order(self) -> NDArray[np.int64]:
        """The training rows in random order: samples of them are its first rows."""
        return np.random.default_rng(self._seed).permutation(self._dataset.split.train)

    def column(self, symbol: sympy.Symbol) -> str:
        """The name in the table of the column that a symbol stands for."""
        return self._dataset.features[self.symbols.index(symbol)]

    def input(self, expression: sympy.Expr) -> str:
        """The name of an input of a network: a column's own name, or a product of powers of columns."""
        return self.column(expression) if expression in self.symbols else str(expression)

    def exponents(self, expression: sympy.Expr) -> list[float]:
        """The exponents of all features in a product of powers of some."""
        powers = expression.as_powers_dict()
        return [float(powers.get(symbol, 0)) for symbol in self.symbols]

    def table(self) -> Table:
        """The rows that the search works on."""
        split = self._dataset.split
        order = self._order
        x, y = torch.from_numpy(self._dataset.x[order]), torch.from_numpy(self._dataset.y[order])
        weight = self._relative_weight(order)
        if not len(split.validation):
            return Table(x, y, x, y, self.symbols, weight, weight)
        held = split.validation
        x_held, y_held = torch.from_numpy(self._dataset.x[held]), torch.from_numpy(self._dataset.y[held])
        return Table(x, y, x_held, y_held, self.symbols, weight, self._relative_weight(held))

    def _relative_weight(self, rows: NDArray[np.int64]) -> Tensor | None:
        """Factor on the residual of each of the rows, rms one on the training rows."""
        weight, known = self._rows(rows).plain().weight, self._rows(self._order).plain().weight
        return None if weight is None or known is None else weight / known.square().mean().sqrt()

    def reweigh(self, factors: tuple[Tensor, Tensor] | None) -> None:
        """Takes factors on the residuals of the table's training and held rows, in its order; None takes them back."""
        self._take(None if factors is None else (self._order, *factors))

    def reweigh_by(self, found: Found, expired: Callable[[], bool]) -> Found:
        """Takes factors on all residuals from what a formula leaves, which is fitted to them in turn, and returns it.

        As `kansr.search.robust.factors_by_formula` does it on a table in memory.
        """
        template, y, split = found.finished.template, self._dataset.y, self._dataset.split
        known = self._dataset.weight
        for number in range(FORMULA_ROUNDS):
            if number:
                template, _ = template.fit(self.training, settling=True, expired=expired)
            left = self.predicted(template.expression()) - y
            if known is not None:
                left *= known
            train, held = (torch.from_numpy(left[rows]) for rows in (split.train, split.validation))
            self._take((split.train, huber_factors(train), huber_factors(held, train)))
        return replace(found, finished=replace(found.finished, template=template))

    def _take(self, robust: tuple[NDArray[np.int64], Tensor, Tensor] | None) -> None:
        """Takes numbers of the training rows with their factors, and those of the validation rows."""
        self._known.clear()
        self._robust, self._weight = None, self._dataset.weight
        if robust is not None:
            order, factors, factors_held = robust
            self._robust = np.ones(len(self._dataset.y))
            held = self._dataset.split.validation
            self._robust[order] = factors.numpy()
            self._robust[held] = factors_held.numpy()[: len(held)]
            self._weight = self._robust if self._weight is None else self._weight * self._robust

    def candidate(self, found: Found) -> Candidate:
        """Everything that is reported about a formula."""
        return self._measured(found)[0]

    def option(self, found: Found) -> Option:
        """Everything that decides whether a formula is chosen."""
        return self._measured(found)[1]

    @property
    def training(self) -> TableRows:
        """The rows that constants are fitted to, with their weights."""
        return self._rows(self._dataset.split.train)

    @property
    def robust(self) -> bool:
        """Whether rows that stand far off count less."""
        return self._robust is not None

    def defined(self, template: Template) -> bool:
        """Whether a formula has a value on all rows that may decide anything."""
        finite = np.isfinite(self.predicted(template.expression()))
        return bool(finite[self._dataset.split.train].all() and finite[self._dataset.split.validation].all())

    def metrics(self, template: Template) -> Mapping[str, Metrics]:
        """Errors of a formula on each part."""
        return self._errors(template)[0]

    def noise(self, best: Found, network_error: float) -> float:
        """Standard deviation of the target's noise: what neither the best formula nor the best network explains."""
        held = self.table().held_rows()
        return min(deciding(self.candidate(best).metrics).rmse, math.sqrt(network_error * held.variance()))

    def _measured(self, found: Found) -> tuple[Candidate, Option]:
        expression = found.finished.expression
        if expression not in self._known:
            metrics, held = self._errors(found.finished.template)
            constants = self._constants(found.finished.template)
            length = found.finished.length
            candidate = Candidate(expression, found.complexity, length, metrics, constants)
            self._known[expression] = candidate, Option(found.complexity, length, held)
        return self._known[expression]

    def _errors(self, template: Template) -> tuple[Mapping[str, Metrics], NDArray[np.float64]]:
        """Errors on each part, and on each row of the part that decides, over the target's standard deviation there.

        The first are errors of the target, all alike; the second are weighted as the rows are.

        The parts are `train`, `validation` and `test`, or `train` and `cross_validation`. Constants were fitted to the
        first, so another one decides if there is one; `test` never does.
        """
        split, y = self._dataset.split, self._dataset.y
        predicted = self.predicted(template.expression())
        named = {"train": split.train, "validation": split.validation, "test": split.test}
        parts = {part: rows for part, rows in named.items() if len(rows)}
        values = {part: predicted[rows] for part, rows in parts.items()}
        if set(parts) == {"train"} and self._cross_validates:
            parts["cross_validation"], values["cross_validation"] = np.arange(len(y)), self._cross_validated(template)
        metrics = {part: _metrics(values[part], y[rows]) for part, rows in parts.items()}
        held = self._rows(deciding(parts)).plain()
        unit = _unit(held.y.numpy())
        scaled = replace(held, y=held.y / unit)
        errors = held.weigh(torch.from_numpy(deciding(values)) / unit - scaled.y)
        return metrics, errors.numpy() / max(math.sqrt(scaled.variance()), 1e-150)

    def _cross_validated(self, template: Template) -> NDArray[np.float64]:
        """Each row predicted by the same form with constants fitted to the other rows."""
        predicted = np.full(len(self._dataset.y), np.nan)
        for rows, held in folds(len(self._dataset.y), self._seed):
            with guarded("cross-validation", self._tell):
                fitted, _ = template.fit(self._rows(rows))
                predicted[held] = self.predicted(fitted.expression())[held]
        return predicted

    def predicted(self, expression: sympy.Expr) -> NDArray[np.float64]:
        """What a formula gives for each row of the table, as its written form is evaluated."""
        predicted = np.empty(len(self._dataset.y))
        for start in range(0, len(predicted), BLOCK):
            block = slice(start, start + BLOCK)
            columns = {s.name: c[block] for s, c in self._columns.items() if s in expression.free_symbols}
            predicted[block] = evaluate(expression, columns)
        return predicted

    @cached_property
    def _columns(self) -> Mapping[sympy.Symbol, NDArray[np.float64]]:
        return dict(zip(self.symbols, self._dataset.x.T, strict=True))

    def _rows(self, rows: NDArray[np.int64]) -> TableRows:
        return TableRows(self._columns, self._dataset.y, self._weight, rows)

    def _constants(self, template: Template) -> tuple[Constant, ...]:
        # measurement errors are known in the target's units, weights only up to a factor
        errors: Sequence[float | None] = [None] * len(template.symbols)
        with guarded("standard errors", self._tell):
            errors = template.standard_errors(self.training, known=1.0 if self._sigma else 0.0)
        values = zip(template.values.tolist(), errors, strict=True)
        return tuple(Constant(f"c{i}", value, error) for i, (value, error) in enumerate(values))

    def notes(self, template: Template) -> Iterator[str]:
        """What the user should know of how the errors of the chosen formula were measured."""
        split = self._dataset.split
        if not (len(split.test) or len(split.validation)) and self._cross_validates:
            yield (
                f"{len(self._dataset.y)} rows are too few to set some aside: the error is also given by leave-one-out "
                "cross-validation (constants refitted each time, the form kept)"
            )
        if self._robust is not None:
            rows = np.concatenate([split.train, split.validation])
            light = int((self._robust[rows] ** 2 < 0.5).sum())
            yield f"--loss huber: {light} of {len(rows)} rows count less than half"
        freedom = len(split.train) - len(template.symbols)
        if self._sigma and freedom > 0:
            chi2 = template.squares(self.training) / freedom
            yield f"chi-square per degree of freedom: {chi2:.3g} on the training rows"


def _metrics(predicted: NDArray[np.float64], y: NDArray[np.float64]) -> Metrics:
    unit = _unit(y)
    error = predicted / unit - y / unit
    if not np.isfinite(error).all():
        error = np.where(np.isfinite(error), error, np.inf)
    with np.errstate(over="ignore"):
        rmse = float(np.sqrt(np.mean(error**2)))
    spread = float((y / unit).std())
    return Metrics(
        r2=1 - (rmse / spread) ** 2 if spread > 0 else math.nan,
        rmse=unit * rmse,
        nrmse=rmse / spread if spread > 0 else math.inf,
        mae=unit * float(np.mean(np.abs(error))),
        max_abs=unit * float(np.max(np.abs(error))),
        rows=len(y),
    )


def _unit(y: NDArray[np.float64]) -> float:
    """What to divide by before squares are taken: one, unless the squares would be beyond float64."""
    size = float(np.abs(y).max())
    return 1.0 if _LEAST < size < _LARGEST or size == 0 else size


def beyond_squares(y: NDArray[np.float64]) -> Iterator[str]:
    """A note where nothing can be found because squares of errors are zero or infinite."""
    with np.errstate(under="ignore"):
        spread = float(np.ptp(y / 2))
    if not _LEAST < spread < _LARGEST:
        yield f"the target varies too {'little' if spread < 1 else 'much'} to square its errors: choose another unit"


def deciding(parts: Mapping[str, _T]) -> _T:
    """What belongs to the rows that decide between formulas: those that fitted no constant where there are any."""
    return next(parts[part] for part in ("validation", "cross_validation", "train") if part in parts)

"""The rows that a search works on, and errors on them in the table's own units."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import count

import sympy
import torch
from torch import Tensor

from kansr.formula.constants import Rows, Template
from kansr.kan.network import Network
from kansr.search.factors import product
from kansr.search.lens import Lens
from kansr.search.sample import Sample

__all__ = ["Table"]


@dataclass(frozen=True)
class Table:
    """Rows in random order, so that the first ones are a sample.

    Attributes:
        x: Training inputs in the table's units, `(n, d)`.
        y: Training target, `(n,)`.
        x_held: Inputs of the rows that decide between formulas, `(m, d)`; the training rows where there are none.
        y_held: Their target, `(m,)`.
        symbols: A symbol for each column.
        weight: Factor on each training row's residual, rms one, `(n,)`; None where all count alike.
        weight_held: The same for the rows that decide.
        factor: What was divided out of the target: a formula for it still has to be multiplied by this.
        meaning: What stands for those columns that were made of others.
        unit: What mean square errors on the held rows are divided by; None for the target's variance there. With it
            tables whose targets were divided by different factors are compared in units of the first one.
    """

    x: Tensor
    y: Tensor
    x_held: Tensor
    y_held: Tensor
    symbols: Sequence[sympy.Symbol]
    weight: Tensor | None = None
    weight_held: Tensor | None = None
    factor: sympy.Expr = sympy.S.One
    meaning: Mapping[sympy.Symbol, sympy.Expr] = field(default_factory=dict)
    unit: float | None = None

    @property
    def inputs(self) -> list[sympy.Expr]:
        """What each column is, in the symbols of the user's table."""
        return [self.meaning.get(symbol, symbol) for symbol in self.symbols]

    @property
    def holds_out(self) -> bool:
        """Whether the held rows are others than the training rows."""
        return self.x_held is not self.x

    def only(self, columns: Sequence[int]) -> Table:
        """The same rows with some of the columns."""
        symbols = [self.symbols[j] for j in columns]
        x = self.x[:, columns]
        return replace(self, x=x, x_held=self.x_held[:, columns] if self.holds_out else x, symbols=symbols)

    def divided(self, exponents: Mapping[int, float]) -> Table:
        """The same rows with the target divided by powers of columns, and without these columns."""
        return self.grouped(exponents, [{j: 1.0} for j in range(self.x.shape[1]) if j not in exponents])

    def grouped(self, exponents: Mapping[int, float], groups: Sequence[Mapping[int, float]]) -> Table:
        """The same rows with the target divided by powers of columns, and with products of powers as columns.

        Weights make errors of the quotient count as much as those of the target itself.

        Args:
            exponents: Of the columns in what is divided out.
            groups: The exponents of the columns in each new column.
        """
        factor, factor_held = product(self.x, exponents), product(self.x_held, exponents)
        x = torch.stack([product(self.x, group) for group in groups], 1)
        inputs = [self._expression(group) for group in groups]
        fresh = self._fresh_symbols()
        symbols = [u if u.is_Symbol else next(fresh) for u in inputs]
        return replace(
            self,
            x=x,
            x_held=torch.stack([product(self.x_held, group) for group in groups], 1) if self.holds_out else x,
            symbols=symbols,
            y=self.y / factor,
            y_held=self.y_held / factor_held,
            weight=_scaled(factor, self.weight),
            weight_held=_scaled(factor_held, self.weight_held),
            factor=self.factor * self._expression(exponents),
            unit=self.error_unit / _mean_square(factor_held, self.weight_held),
            meaning={symbol: u for symbol, u in zip(symbols, inputs, strict=True) if not u.is_Symbol},
        )

    def _fresh_symbols(self) -> Iterator[sympy.Symbol]:
        used = {symbol.name for u in self.inputs for symbol in u.free_symbols}
        names = (f"_v{k}" for k in count())
        return (sympy.Symbol(name, real=True) for name in names if name not in used)

    def _expression(self, exponents: Mapping[int, float]) -> sympy.Expr:
        return sympy.Mul(*(self.inputs[j] ** sympy.Rational(p) for j, p in exponents.items()))

    def weighted(self, factor: Tensor, factor_held: Tensor) -> Table:
        """The same rows with more factors on their residuals, `(n,)` and `(m,)`."""
        weight, weight_held = _scaled(factor, self.weight), _scaled(factor_held, self.weight_held)
        return replace(self, weight=weight, weight_held=weight_held, unit=None)

    def rows(self, most: int | None = None) -> Rows:
        """The first training rows, all by default."""
        weight = None if self.weight is None else self.weight[:most]
        return Rows(dict(zip(self.symbols, self.x[:most].T, strict=True)), self.y[:most], weight)

    def held_rows(self) -> Rows:
        """The rows that decide between formulas."""
        return Rows(dict(zip(self.symbols, self.x_held.T, strict=True)), self.y_held, self.weight_held)

    def seen(self, lens: Lens, most: int) -> Sample:
        """What a network sees of the first training rows."""
        weight = lens.weight(self.y, self.weight)
        whole = Sample(lens.inputs(self.x), lens.target(self.y), weight)
        return whole.head(most)

    def network_error(self, network: Network, lens: Lens) -> float:
        """Mean square error of a network on the held rows, in the table's unit."""
        return self.held_error(self.predicted(network, lens), sum(network.sizes))

    def predicted(self, network: Network, lens: Lens) -> Tensor:
        """What a network gives for the held rows, `(m,)`."""
        return lens.restore(network(lens.inputs(self.x_held))[0])

    def held_error(self, predicted: Tensor, parameters: int) -> float:
        """Mean square error of a prediction for the held rows, `(m,)`, in the table's unit."""
        held = self.held_rows()
        # where the same rows fitted the parameters, each of them has used up one
        rows = len(held.y) if self.holds_out else max(len(held.y) - parameters, 1)
        return _finite(float(held.weigh(predicted - held.y).square().sum()) / rows / self.error_unit)

    @property
    def error_unit(self) -> float:
        """What mean square errors on the held rows are divided by."""
        return self.held_rows().variance() if self.unit is None else self.unit

    def formula_error(self, template: Template) -> float:
        """Mean square error of a formula on the held rows, in the table's unit."""
        residual, _ = template.residuals(self.held_rows(), template.values)
        return self.held_error(self.y_held + residual, len(template.symbols))

    def residuals(self, template: Template) -> Table:
        """The same rows with what a formula leaves unexplained as their target."""
        y, y_held = (-template.residuals(rows, template.values)[0] for rows in (self.rows(), self.held_rows()))
        return replace(self, y=y, y_held=y_held, unit=None)

    def unexplained(self, network: Network, lens: Lens) -> Table:
        """The same rows with what a network leaves unexplained as their target."""
        y, y_held = (lens.restore(network(lens.inputs(x))[0]) for x in (self.x, self.x_held))
        return replace(self, y=self.y - y, y_held=self.y_held - y_held, unit=None)


def _scaled(factor: Tensor, weight: Tensor | None) -> Tensor:
    scaled = factor.abs() if weight is None else factor.abs() * weight
    return scaled / scaled.square().mean().sqrt()


def _mean_square(factor: Tensor, weight: Tensor | None) -> float:
    return float((factor if weight is None else factor * weight).square().mean())


def _finite(error: float) -> float:
    return error if math.isfinite(error) else math.inf

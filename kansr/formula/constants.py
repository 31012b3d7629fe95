"""The constants of a formula: fitted to rows, and their standard errors."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import sympy
import torch
from torch import Tensor

from kansr.formula.dual import evaluate_dual
from kansr.train.levenberg_marquardt import levenberg_marquardt, never, residual_problem

__all__ = ["Rows", "Template"]


@dataclass(frozen=True)
class Rows:
    """Rows in the table's own units.

    Attributes:
        columns: Values of each feature, `(n,)`.
        y: The target, `(n,)`.
        weight: Factor on each row's residual, `(n,)`; None where all count alike.
    """

    columns: Mapping[sympy.Symbol, Tensor]
    y: Tensor
    weight: Tensor | None = None

    def values(self, expression: sympy.Expr) -> Tensor:
        """An expression without constants to be fitted, on every row, `(n,)`."""
        value, _ = evaluate_dual(expression, self.columns, {}, torch.empty(0, dtype=torch.float64))
        return value.expand(len(self.y))

    def knowing(self, meaning: Mapping[sympy.Symbol, sympy.Expr]) -> Rows:
        """The same rows with columns for more symbols, each given by an expression in the others."""
        more = {symbol: self.values(expression) for symbol, expression in meaning.items()}
        return replace(self, columns={**self.columns, **more})

    def weigh(self, values: Tensor) -> Tensor:
        """Residuals or their derivatives, `(..., n)`, as they count."""
        return values if self.weight is None else values * self.weight

    def variance(self) -> float:
        """Mean square of the weighted distances of the target from its weighted mean; never zero."""
        if self.weight is None:
            return max(float(self.y.var(correction=0)), 1e-300)
        squares = self.weight.square()
        return max(float((squares * (self.y - (squares @ self.y) / squares.sum()).square()).mean()), 1e-300)


@dataclass(frozen=True)
class Template:
    """An expression with its floats taken out: each becomes a constant that can be fitted.

    Attributes:
        form: The expression with a symbol for every constant.
        symbols: Those symbols.
        values: Their values, `(p,)`.
    """

    form: sympy.Expr
    symbols: tuple[sympy.Symbol, ...]
    values: Tensor

    @classmethod
    def of(cls, expression: sympy.Expr) -> Template:
        """Every float is a constant; whole numbers and ratios belong to the form."""
        symbols: list[sympy.Symbol] = []
        values: list[float] = []

        def take(node: sympy.Expr) -> sympy.Expr:
            if node.is_Float:
                # a sign of its own keeps SymPy from merging or reordering what carries the constant
                symbols.append(sympy.Symbol(f"_c{len(symbols)}", real=True))
                values.append(float(node))
                return symbols[-1]
            if node.is_Atom:
                return node
            return node.func(*(take(a) for a in node.args), evaluate=False) if node.has(sympy.Float) else node

        return cls(take(expression), tuple(symbols), torch.tensor(values, dtype=torch.float64))

    def expression(self, values: Tensor | None = None) -> sympy.Expr:
        """The expression with the constants put back."""
        values = self.values if values is None else values
        numbers = {s: sympy.Float(float(v), 17) for s, v in zip(self.symbols, values, strict=True)}
        return self.form.xreplace(numbers)

    def residuals(self, rows: Rows, values: Tensor) -> tuple[Tensor, Tensor]:
        """Residuals `(n,)` and their derivatives by the constants, `(p, n)`."""
        n = len(rows.y)
        positions = {s: i for i, s in enumerate(self.symbols)}
        value, derivatives = evaluate_dual(self.form, rows.columns, positions, values)
        if derivatives is None:
            derivatives = torch.zeros(len(values), n, dtype=torch.float64)
        return value.expand(n) - rows.y, derivatives.expand(len(values), n)

    def fit(self, rows: Rows, *, iterations: int = 30, expired: Callable[[], bool] = never) -> tuple[Template, float]:
        """Fits the constants by least squares.

        Returns:
            The fitted template and its mean square error over the target's variance, both weighted as the rows are
            (infinite where it fails).
        """
        variance = rows.variance()
        scale = variance**-0.5
        if not self.symbols:
            mse = float(rows.weigh(self.residuals(rows, self.values)[0]).square().mean() / variance)
            return self, mse if mse == mse else float("inf")

        def linearize(parameters: Tensor) -> tuple[Tensor, Tensor]:
            residual, derivatives = self.residuals(rows, parameters[0])
            return rows.weigh(residual)[None, :] * scale, rows.weigh(derivatives)[None] * scale

        fit = levenberg_marquardt(
            residual_problem(linearize),
            self.values[None, :],
            iterations=iterations,
            damping=1e-6,
            goal=1e-28,
            stall=0.01,
            patience=4,
            expired=expired,
        )
        return Template(self.form, self.symbols, fit.parameters[0]), float(fit.loss[0])

    def standard_errors(self, rows: Rows, known: float = 0.0) -> list[float | None]:
        """Standard errors from the Gauss-Newton covariance; None where the rows do not determine a constant.

        Args:
            rows: What the constants were fitted to.
            known: Variance of a weighted residual as far as it is known beforehand: one if weights are inverse
                measurement errors. A larger scatter counts in its place (R. T. Birge, Phys. Rev. 40, 1932).
        """
        residual, derivatives = map(rows.weigh, self.residuals(rows, self.values))
        n, p = len(rows.y), len(self.values)
        if p == 0 or n <= p or not bool(derivatives.isfinite().all()):
            return [None] * p
        size = derivatives.square().sum(1).sqrt()
        if not bool((size > 0).all()):
            return [None] * p
        # columns of length one: the condition number then says what is determined, whatever the units
        _, s, v = torch.linalg.svd((derivatives / size[:, None]).T, full_matrices=False)
        if not float(s.min()) > 1e-10 * float(s.max()):
            return [None] * p
        sigma2 = (residual.square().sum() / (n - p)).clamp_min(known)
        errors = (sigma2 * (v.T / s).square().sum(1)).sqrt() / size
        return [float(e) for e in errors]

"""The constants of a formula: fitted to rows, and their standard errors."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import sympy
import torch
from torch import Tensor

from kansr.formula.dual import evaluate_dual
from kansr.formula.rows import Blocks, Rows, TableRows
from kansr.train.levenberg_marquardt import HOPELESS, blockwise_problem, levenberg_marquardt, never

__all__ = ["Blocks", "Rows", "TableRows", "Template"]

# A fit to many rows ends once a step gains less than this in the squares summed over the noise's variance, or after so
# many steps in a row without any gain: each step takes long.
_GAIN, _REJECTED = 1e-3, 3


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

    def squares(self, rows: Blocks) -> float:
        """Sum of the squared residuals, weighted as the rows are; not finite where one is not."""
        blocks = rows.blocks(self.form.free_symbols)
        return sum(float(b.weigh(self.residuals(b, self.values)[0]).square().sum()) for b in blocks)

    def error(self, rows: Blocks) -> float:
        """Mean square error over the target's variance, both weighted as the rows are; infinite where it has none."""
        mse = self.squares(rows) / len(rows) / rows.variance()
        return mse if math.isfinite(mse) else math.inf

    def fit(
        self, rows: Blocks, *, iterations: int = 30, settling: bool = False, expired: Callable[[], bool] = never
    ) -> tuple[Template, float]:
        """Fits the constants by least squares.

        Args:
            rows: What to fit them to.
            iterations: At most so many steps.
            settling: Whether they are nearly right, and the rows so many that no step may be wasted.
            expired: True ends the fit where it is.

        Returns:
            The fitted template and its mean square error over the target's variance, both weighted as the rows are
            (infinite where it fails).
        """
        if not self.symbols:
            return self, self.error(rows)
        scale = rows.variance() ** -0.5

        def linearize(parameters: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
            for block in rows.blocks(self.form.free_symbols):
                residual, derivatives = self.residuals(block, parameters[0])
                yield block.weigh(residual)[None, :] * scale, block.weigh(derivatives)[None] * scale

        fit = levenberg_marquardt(
            blockwise_problem(linearize, len(rows)),
            self.values[None, :],
            iterations=iterations,
            damping=1e-6,
            goal=1e-28,
            stall=_GAIN / len(rows) if settling else 0.01,
            patience=1 if settling else 4,
            rejections=_REJECTED if settling else HOPELESS,
            expired=expired,
        )
        return Template(self.form, self.symbols, fit.parameters[0]), float(fit.loss[0])

    def rounded(
        self, rows: Blocks, mse: float, errors: Sequence[float | None], floor: float
    ) -> tuple[Template, float] | None:
        """The fewest digits for every constant that leave the error where it is, and that error.

        Args:
            rows: What the constants were fitted to.
            mse: Mean square error over the target's variance.
            errors: Standard errors of the constants.
            floor: An error that is as good as none.

        Returns:
            None if no digit can be spared.
        """
        found: tuple[Template, float] | None = None
        for digits in (2, 1, 0):
            values = self.values.clone()
            for i, error in enumerate(errors):
                if error and math.isfinite(error):
                    places = digits - math.floor(math.log10(error))
                    values[i] = round(float(values[i]), places)
            shorter = Template.of(self.expression(values))
            error_then = shorter.error(rows)
            if error_then > max(mse * (1 + 1 / len(rows)), floor):
                break
            found, mse = (shorter, error_then), error_then
        return found

    def standard_errors(self, rows: Blocks, known: float = 0.0) -> list[float | None]:
        """Standard errors from the Gauss-Newton covariance; None where the rows do not determine a constant.

        Args:
            rows: What the constants were fitted to.
            known: Variance of a weighted residual as far as it is known beforehand: one if weights are inverse
                measurement errors. A larger scatter counts in its place (R. T. Birge, Phys. Rev. 40, 1932).
        """
        n, p = len(rows), len(self.values)
        if p == 0 or n <= p:
            return [None] * p
        derivatives, squares = self._condensed(rows)
        if derivatives is None:
            return [None] * p
        size = derivatives.square().sum(1).sqrt()
        if not bool((size > 0).all()):
            return [None] * p
        # columns of length one: the condition number then says what is determined, whatever the units
        _, s, v = torch.linalg.svd((derivatives / size[:, None]).T, full_matrices=False)
        if not float(s.min()) > 1e-10 * float(s.max()):
            return [None] * p
        sigma2 = (squares / (n - p)).clamp_min(known)
        errors = (sigma2 * (v.T / s).square().sum(1)).sqrt() / size
        return [float(e) for e in errors]

    def _condensed(self, rows: Blocks) -> tuple[Tensor | None, Tensor]:
        """Weighted derivatives by the constants, and the sum of the squared residuals.

        Of several blocks the derivatives are condensed to a triangle with the same singular values and directions (G.
        Golub, Numer. Math. 7, 1965), as exact as all of them together. None where one is not finite.
        """
        condensed: Tensor | None = None
        squares = torch.zeros((), dtype=torch.float64)
        for block in rows.blocks(self.form.free_symbols):
            residual, derivatives = map(block.weigh, self.residuals(block, self.values))
            if not bool(derivatives.isfinite().all()):
                return None, squares
            squares = squares + residual.square().sum()
            if condensed is None:
                condensed = derivatives
            else:
                condensed = torch.linalg.qr(torch.cat([condensed, derivatives], 1).T, mode="r").R.T
        return condensed, squares

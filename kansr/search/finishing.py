"""Finishing: from the raw expression of a named network to the formula that is shown.

Constants are refitted in the original units on all training rows; then terms are dropped and constants snapped to
simple numbers as long as the description length falls; last, what is left is rounded to what the data support.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import sympy

from kansr.formula.constants import Blocks, Rows, Template
from kansr.formula.deadline import TimeIsUp, within
from kansr.formula.forms import cheapest
from kansr.formula.rewrite import canonical, complexity
from kansr.search.codec import storable
from kansr.search.journal import recorded
from kansr.search.score import ROUNDING, constants_length, description_length, whole_length

__all__ = ["Finished", "Finisher", "settled"]

# Up to so many constants all single simplifications are compared; with more, the first that helps is taken.
_FEW = 10
# How often a shorter form is looked for, which depends on the constants that are left.
_FORMS = 3
# Seconds for rewriting a formula once: milliseconds as a rule.
_PATIENCE = 2.0
# Constants known to this relative precision may be roots or ratios with pi; of others nobody could tell.
_EXACT = 1e-8


@storable
@dataclass(frozen=True)
class Finished:
    """A formula with fitted constants.

    Attributes:
        template: The formula and its constants.
        mse: Mean square error over the target's variance, on the training rows.
        length: Description length.
    """

    template: Template
    mse: float
    length: float

    @property
    def expression(self) -> sympy.Expr:
        """The formula with its constants in place."""
        return self.template.expression()


@dataclass(frozen=True)
class Finisher:
    """Finishes expressions on given rows.

    Attributes:
        rows: All training rows, in the table's units.
        sample: Some of them, for the many trial fits.
        closing: True ends the finishing where it is.
    """

    rows: Rows
    sample: Rows
    closing: Callable[[], bool]

    @recorded
    def __call__(self, expression: sympy.Expr) -> Finished:
        """The shortest description found of the same law."""
        best = self.fit(self.canonical(expression), self.sample)
        best = self._shorten(best)
        for _ in range(_FORMS):
            form = self._cheapest(best.expression)
            if complexity(form) >= complexity(best.expression):
                break
            best = self._shorten(self.fit(form, self.sample))  # its constants are others: some may be simple, or zero
        return self.refit(best.expression)

    def knowing(self, meaning: Mapping[sympy.Symbol, sympy.Expr]) -> Finisher:
        """The same with columns for more symbols, each given by an expression in the others."""
        return replace(self, rows=self.rows.knowing(meaning), sample=self.sample.knowing(meaning))

    @recorded
    def translated(self, finished: Finished, meaning: Mapping[sympy.Symbol, sympy.Expr]) -> Finished:
        """The same formula with what its symbols stand for in their place."""
        expression = finished.expression.xreplace(dict(meaning))
        return self.refit(min(self._cheapest(expression), expression, key=complexity))

    def positive(self, expression: sympy.Expr) -> bool:
        """Whether a part of an expression is positive on all rows."""
        return bool((self.rows.values(expression) > 0).all())

    def canonical(self, expression: sympy.Expr, changed: Mapping[sympy.Expr, sympy.Expr] | None = None) -> sympy.Expr:
        """The canonical form of an expression, some parts replaced first; the expression itself if that takes too long.

        Replacing alone may take for ever: with a number in the place of a column SymPy computes `sin(exp(1e7))`.
        """
        try:
            return within(_PATIENCE, lambda: canonical(expression.xreplace(changed or {}), self.positive))
        except TimeIsUp:
            return expression

    def _cheapest(self, expression: sympy.Expr) -> sympy.Expr:
        """The shortest equivalent form, if it's found in time."""
        try:
            return within(_PATIENCE, lambda: cheapest(expression, self.positive))
        except TimeIsUp:
            return expression

    @recorded
    def refit(self, expression: sympy.Expr) -> Finished:
        """The expression with its constants fitted to all rows and rounded."""
        return self._round(self.fit(expression, self.rows))

    @recorded
    def rough(self, expression: sympy.Expr) -> Finished:
        """The expression with fitted constants and nothing else done to it."""
        return self.fit(self.canonical(expression), self.rows)

    def fit(self, expression: sympy.Expr, rows: Rows) -> Finished:
        """The expression with its constants refitted."""
        template, mse = Template.of(expression).fit(rows, expired=self.closing)
        return self._scored(template, mse, rows)

    def _scored(self, template: Template, mse: float, rows: Rows) -> Finished:
        errors = _blurred(template.standard_errors(rows), mse)
        # all lengths are for all rows: a trial on the sample stands for a trial on all of them
        return Finished(template, mse, _length(template, mse, errors, len(rows), len(self.rows)))

    def _shorten(self, best: Finished) -> Finished:
        """Takes simplifications as long as the description gets shorter: a bold one, else the best single one."""
        while not self.closing():
            many = len(best.template.symbols) > _FEW
            bold = self._best_of(self._bold(best), best, first=True)
            shorter = bold or self._best_of(self._single(best), best, first=many)
            if shorter is None:
                break
            best = shorter
        return best

    def _best_of(self, trials: Iterable[sympy.Expr], best: Finished, *, first: bool = False) -> Finished | None:
        """The trial with the shortest description, if any is shorter than the best so far."""
        found: Finished | None = None
        tried: set[sympy.Expr] = set()
        for trial in trials:
            if self.closing() or (first and found):
                break
            if trial in tried:
                continue
            tried.add(trial)
            candidate = self.fit(trial, self.sample)
            if candidate.length < (found or best).length:
                found = candidate
        return found

    def _near(self, best: Finished) -> list[tuple[float, int, sympy.Expr]]:
        """Simple numbers that the data do not object to: distance in units of what is allowed, constant, number."""
        template = best.template
        errors = template.standard_errors(self.sample)
        near = []
        for i, (value, error) in enumerate(zip(template.values.tolist(), errors, strict=True)):
            exact = error is not None and error < _EXACT * abs(value)
            for number in _simple(value) + (_roots(value) if exact else []):
                distance = abs(value - float(number))
                allowed = max(4 * (error or 0.0), 1e-6 * max(abs(value), abs(float(number))))
                if distance <= allowed or error is None:
                    near.append((distance / (allowed or 1.0), i, number))
        return sorted(near, key=lambda item: (item[0], sympy.default_sort_key(item[2])))

    def _bold(self, best: Finished) -> Iterator[sympy.Expr]:
        """Several constants replaced at once: all that may be simple numbers, and all that may be zero."""
        every: dict[int, sympy.Expr] = {}
        zeros: dict[int, sympy.Expr] = {}
        for _, i, number in self._near(best):
            every.setdefault(i, number)
            if number == 0:
                zeros[i] = number
        for numbers in (every, zeros):
            if len(numbers) > 1:
                yield self._with(best.template, numbers)

    def _single(self, best: Finished) -> Iterator[sympy.Expr]:
        """One constant replaced by a simple number, or a term left out."""
        expression = best.expression
        for total in sorted(expression.atoms(sympy.Add), key=sympy.default_sort_key):
            for term in total.args:
                if term.is_number and not term.has(sympy.Float):  # once snapped, it is no constant any more
                    yield self.canonical(expression, {total: total - term})
        near = self._near(best)
        for _, i, number in near:
            yield self._with(best.template, {i: number})
        for i, value in enumerate(best.template.values.tolist()):
            yield self._with(best.template, {i: sympy.Integer(0)})
            # an exponent that noise or a wrong neighbour has pushed away from its half or whole number
            root = sympy.Rational(round(2 * value), 2) if math.isfinite(value) else sympy.Integer(0)
            if 0 < abs(root) <= 4 and 0.02 < abs(value - float(root)) <= 0.1:
                yield self._with(best.template, {i: root})

    def _with(self, template: Template, numbers: dict[int, sympy.Expr]) -> sympy.Expr:
        values = {
            symbol: numbers.get(i, sympy.Float(float(value), 17))
            for i, (symbol, value) in enumerate(zip(template.symbols, template.values, strict=True))
        }
        form = self.canonical(template.form, values)
        return template.expression() if form == template.form else form

    def _round(self, finished: Finished) -> Finished:
        """Fewest digits for every constant that leave the error where it is."""
        errors = _blurred(finished.template.standard_errors(self.rows), finished.mse)
        rounded = finished.template.rounded(self.rows, finished.mse, errors, ROUNDING)
        return finished if rounded is None else self._scored(*rounded, self.rows)


def settled(template: Template, rows: Blocks, expired: Callable[[], bool]) -> Finished:
    """A formula with constants that are nearly right, fitted to many rows and rounded in as few passes as it takes.

    Args:
        template: The formula.
        rows: The rows.
        expired: True ends the fit where it is.
    """
    template, mse = template.fit(rows, settling=True, expired=expired)
    errors = _blurred(template.standard_errors(rows), mse)
    template, mse = template.rounded(rows, mse, errors, ROUNDING) or (template, mse)
    if len(template.values) != len(errors):  # a constant was rounded to nothing
        errors = _blurred(template.standard_errors(rows), mse)
    return Finished(template, mse, _length(template, mse, errors, len(rows), len(rows)))


def _blurred(errors: Sequence[float | None], mse: float) -> list[float | None]:
    """Standard errors that allow for rounding, which leaves an error of its own: no constant is known better."""
    blur = max(1.0, math.sqrt(ROUNDING / mse)) if mse > 0 else 1.0
    return [e * blur if e else e for e in errors]


def _length(template: Template, mse: float, errors: Sequence[float | None], fitted: int, rows: int) -> float:
    """Description length of `rows` rows by a formula whose constants were fitted to so many of them."""
    constants = constants_length(template.values.tolist(), errors, fitted)
    numbers = [node for node in sympy.preorder_traversal(template.form) if node.is_Rational]
    constants += sum(whole_length(int(number.p), int(number.q)) for number in numbers)
    return description_length(mse, rows, constants, complexity(template.form))


def _simple(value: float) -> list[sympy.Expr]:
    """Simple numbers near a value: whole numbers, halves, thirds and quarters, quarters of pi."""
    if not math.isfinite(value):
        return []
    numbers: list[sympy.Expr] = []
    for denominator in (1, 2, 3, 4):
        numerator = round(value * denominator)
        if abs(numerator) <= 24:
            numbers.append(sympy.Rational(numerator, denominator))
    quarter = round(value / math.pi * 4)
    if 0 < abs(quarter) <= 8:
        numbers.append(sympy.pi * quarter / 4)
    return list(dict.fromkeys(n for n in numbers if abs(value - float(n)) <= 0.05 * max(abs(value), 1.0)))


def _roots(value: float) -> list[sympy.Expr]:
    """Roots of simple ratios, and ratios with pi or its root, near a value that is known precisely."""
    numbers: list[sympy.Expr] = []
    for unit in (sympy.Integer(1), sympy.pi, 1 / sympy.pi, sympy.pi**2, sympy.pi**-2):
        square = value * value / float(unit)
        for denominator in (1, 2, 3, 4, 6, 8, 9, 16, 32, 36, 64):
            numerator = round(square * denominator)
            if 0 < numerator <= 64 and abs(square * denominator - numerator) < 1e-6 * numerator:
                numbers.append(sympy.sign(value) * sympy.sqrt(sympy.Rational(numerator, denominator) * unit))
                break
    return numbers

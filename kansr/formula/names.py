"""Names of columns as symbols, and expressions as text: exact for files, readable for people."""

# ruff: noqa: N802 (SymPy finds the methods of a printer by the names of its classes)

from __future__ import annotations

import keyword
import re
import unicodedata
from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet

import sympy
from sympy.core.alphabets import greeks
from sympy.printing.latex import LatexPrinter
from sympy.printing.precedence import PRECEDENCE
from sympy.printing.pretty.pretty_symbology import greek_unicode
from sympy.printing.str import StrPrinter

from kansr.formula.parse import CONSTANTS, FUNCTIONS, ON_REQUEST

__all__ = [
    "format_expression",
    "latex_expression",
    "latex_name",
    "symbol_names",
    "unicode_expression",
    "unicode_name",
]

# What `parse_expression` reads as something else, and the names that `sympy.sympify` writes around a number
# before it looks at the caller's symbols.
_RESERVED = {*FUNCTIONS, *CONSTANTS, "Integer", "Float", "Rational", "Symbol", "Function", "__debug__"} - ON_REQUEST
_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
_LATEX_ESCAPES = {c: f"\\{c}" for c in "&%$#_{}"} | {"~": r"\textasciitilde{}", "^": r"\textasciicircum{}"}
_LATEX_ESCAPES["\\"] = r"\textbackslash{}"


def symbol_names(columns: Sequence[str], functions: Iterable[str] = ()) -> dict[str, str]:
    """A symbol for each column: the column's own name where formulas can hold it, else the nearest that they can.

    `a`, `E`, `θ` stay; `lambda` becomes `lambda_`, `mass (kg)` becomes `mass_kg`.

    Args:
        columns: Distinct column names.
        functions: SymPy's names of the functions that formulas may hold besides the standard ones.
    """
    reserved = _RESERVED.union(functions)
    names = {column: column for column in columns if _is_symbol(column, reserved)}
    taken = set(names)
    for column in columns:
        if column not in names:
            names[column] = _free(_sanitised(column, reserved), taken)
            taken.add(names[column])
    return {column: names[column] for column in columns}


def _is_symbol(name: str, reserved: AbstractSet[str]) -> bool:
    # Python compares identifiers in this normal form: `µ` (micro) would be looked up as `μ` (mu).
    normal = unicodedata.normalize("NFKC", name) == name
    return normal and name.isidentifier() and not keyword.iskeyword(name) and name not in reserved


def _sanitised(column: str, reserved: AbstractSet[str]) -> str:
    letters = (c if f"x{c}".isidentifier() else "_" for c in unicodedata.normalize("NFKC", column))
    name = re.sub("_+", "_", "".join(letters)).strip("_") or "x"
    if not name.isidentifier():
        name = f"x_{name}"
    return name if _is_symbol(name, reserved) else f"{name}_"


def _free(name: str, taken: Iterable[str]) -> str:
    number, free = 2, name
    while free in taken:
        free, number = f"{name.rstrip('_')}_{number}", number + 1
    return free


class _ExactPrinter(StrPrinter):  # type: ignore[misc]
    """SymPy syntax in which each float has the fewest digits that give it back, and `E` can only be a column."""

    def _print_Float(self, expr: sympy.Float) -> str:
        return repr(float(expr))

    def _print_Exp1(self, expr: sympy.Expr) -> str:
        return "exp(1)"


def format_expression(expr: sympy.Expr) -> str:
    """`expr` in SymPy syntax, such that `parse_expression` and `sympy.sympify` give back the same numbers."""
    return str(_ExactPrinter().doprint(expr))


class _UnicodePrinter(StrPrinter):  # type: ignore[misc]
    """One line for the terminal."""

    def __init__(self, digits: int) -> None:
        super().__init__()
        self.digits = digits

    def _print_Symbol(self, expr: sympy.Symbol) -> str:
        return unicode_name(expr.name)

    def _print_Float(self, expr: sympy.Float) -> str:
        mantissa, _, exponent = f"{float(expr):.{self.digits}g}".partition("e")
        if not exponent:
            return mantissa
        power = "10" + str(int(exponent)).translate(_SUPERSCRIPTS)
        return {"1": power, "-1": f"-{power}"}.get(mantissa, f"{mantissa}*{power}")

    def _print_Pi(self, expr: sympy.Expr) -> str:
        return "π"

    def _print_Exp1(self, expr: sympy.Expr) -> str:
        return "e"

    def _print_Abs(self, expr: sympy.Abs) -> str:
        return f"|{self._print(expr.args[0])}|"

    def _print_besselj(self, expr: sympy.besselj) -> str:
        return f"J{str(expr.order).translate(_SUBSCRIPTS)}({self._print(expr.argument)})"

    def _print_gamma(self, expr: sympy.gamma) -> str:
        return f"Γ({self._print(expr.args[0])})"

    def _print_loggamma(self, expr: sympy.loggamma) -> str:
        return f"logΓ({self._print(expr.args[0])})"

    def _print_LambertW(self, expr: sympy.LambertW) -> str:
        return f"W({self._print(expr.args[0])})"

    def _print_Pow(self, expr: sympy.Pow, rational: bool = False) -> str:
        base, exponent = expr.base, expr.exp
        if exponent.is_Rational and exponent.is_negative:
            return f"1/{self.parenthesize(base**-exponent, PRECEDENCE['Mul'], strict=True)}"
        if exponent == sympy.Rational(1, 2):
            return f"√{self._atom(base)}"
        if exponent.is_Integer:
            return self._atom(base) + str(exponent).translate(_SUPERSCRIPTS)
        return f"{self._atom(base)}^{self._atom(exponent)}"

    def _atom(self, expr: sympy.Expr) -> str:
        """`expr` in parentheses unless it is one name, plain number or function call."""
        text = str(self._print(expr))
        plain_number = expr.is_Number and expr >= 0 and re.fullmatch("[0-9.]+", text)
        return text if expr.is_Symbol or expr.is_NumberSymbol or expr.is_Function or plain_number else f"({text})"


def unicode_expression(expr: sympy.Expr, digits: int = 6) -> str:
    """`expr` on one line to read, such as `365.25·a^(3/2)`, with constants rounded to `digits`."""
    return str(_UnicodePrinter(digits).doprint(expr)).replace("*", "·")


def unicode_name(name: str) -> str:
    """`theta_1` as θ₁; other names as they are."""
    match = re.fullmatch(r"([A-Za-z]+)_?(\d*)_?", name)
    if match is None:
        return name
    stem, number = match.groups()
    if stem in greek_unicode:
        return str(greek_unicode[stem]) + number.translate(_SUBSCRIPTS)
    return stem + number.translate(_SUBSCRIPTS) if number and len(stem) == 1 else name


class _LatexPrinter(LatexPrinter):  # type: ignore[misc]
    def __init__(self, digits: int) -> None:
        super().__init__({"ln_notation": True, "inv_trig_style": "full"})
        self.digits = digits

    def _print_Symbol(self, expr: sympy.Symbol, style: str = "plain") -> str:
        return latex_name(expr.name)

    def _print_Float(self, expr: sympy.Float) -> str:
        mantissa, _, exponent = f"{float(expr):.{self.digits}g}".partition("e")
        if not exponent:
            return mantissa
        power = f"10^{{{int(exponent)}}}"
        return {"1": power, "-1": f"-{power}"}.get(mantissa, rf"{mantissa} \cdot {power}")

    def _print_loggamma(self, expr: sympy.loggamma, exp: str | None = None) -> str:
        text = rf"\ln{{\Gamma\left({self._print(expr.args[0])}\right)}}"
        return text if exp is None else rf"\left({text}\right)^{{{exp}}}"


def latex_expression(expr: sympy.Expr, target: str, digits: int = 6) -> str:
    """`target = expr` in LaTeX's mathematics mode, with constants rounded to `digits`."""
    return f"{latex_name(target)} = {_LatexPrinter(digits).doprint(expr)}"


def latex_name(name: str) -> str:
    r"""One letter or Greek name as a symbol, with its subscript; words upright: `\mathrm{mass}`."""
    match = re.fullmatch(r"([A-Za-z]+?)_?(\d*)_?", name)
    if match is None:
        words = re.fullmatch(r"([A-Za-z]+)_([A-Za-z0-9]+)", name)
        if words and (len(words[1]) == 1 or words[1].lower() in greeks):
            return f"{_latex_stem(words[1])}_{{{_latex_stem(words[2])}}}"
        return rf"\mathrm{{{_escaped(name)}}}" if len(name) > 1 or name in _LATEX_ESCAPES else name
    stem, number = match.groups()
    return _latex_stem(stem) + (f"_{{{number}}}" if number else "")


def _latex_stem(stem: str) -> str:
    if stem in greeks or stem[0].lower() + stem[1:] in greeks:
        return str(sympy.latex(sympy.Symbol(stem)))
    return stem if len(stem) == 1 or stem.isdigit() else rf"\mathrm{{{stem}}}"


def _escaped(text: str) -> str:
    return "".join(r"\ " if c.isspace() else _LATEX_ESCAPES.get(c, c) for c in text)

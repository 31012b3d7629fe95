"""Names of columns as symbols, and expressions as text: exact for files, readable for people."""

# ruff: noqa: N802 (SymPy finds the methods of a printer by the names of its classes)

from __future__ import annotations

import keyword
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet

import sympy
from sympy.core.alphabets import greeks
from sympy.printing.latex import LatexPrinter
from sympy.printing.precedence import PRECEDENCE
from sympy.printing.pretty.pretty_symbology import greek_unicode
from sympy.printing.str import StrPrinter

from kansr.formula.letters import LETTER, latex_letters
from kansr.formula.parse import CONSTANTS, FUNCTIONS, ON_REQUEST
from kansr.formula.units import quantity

__all__ = [
    "format_expression",
    "is_symbol",
    "latex_expression",
    "latex_name",
    "symbol_names",
    "unicode_equation",
    "unicode_expression",
    "unicode_name",
]

# What `parse_expression` reads as something else, and the names that `sympy.sympify` writes around a number
# before it looks at the caller's symbols.
_RESERVED = {*FUNCTIONS, *CONSTANTS, "Integer", "Float", "Rational", "Symbol", "Function", "__debug__"} - ON_REQUEST
_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
# A word, and the number that is its subscript; the `_` at the end only sets a symbol apart from a reserved name.
_NUMBERED = re.compile(rf"((?:{LETTER})+?)_?([0-9]*)_?")


def symbol_names(columns: Sequence[str], functions: Iterable[str] = ()) -> dict[str, str]:
    """A symbol for each column: the column's own name where formulas can hold it, else the nearest that they can.

    `a`, `E`, `θ` stay; `lambda` becomes `lambda_`. A unit is left out, unless two columns would be the same without:
    `mass [kg]` becomes `mass`, but `T (K)` beside `T (degC)` becomes `T_K`.

    Args:
        columns: Distinct column names.
        functions: SymPy's names of the functions that formulas may hold besides the standard ones.
    """
    reserved = _RESERVED.union(functions)
    names = {column: column for column in columns if _is_symbol(column, reserved)}
    taken = set(names)
    short = {column: _sanitised(quantity(column), reserved) for column in columns}
    uses = Counter(short.values())
    for column in columns:
        if column not in names:
            alone = uses[short[column]] == 1
            names[column] = _free(short[column] if alone else _sanitised(column, reserved), taken)
            taken.add(names[column])
    return {column: names[column] for column in columns}


def is_symbol(name: str) -> bool:
    """Whether a formula may hold `name` as the symbol of a column."""
    return _is_symbol(name, _RESERVED)


def _is_symbol(name: str, reserved: AbstractSet[str]) -> bool:
    # Python compares identifiers in this normal form: `µ` (micro) would be looked up as `μ` (mu).
    normal = unicodedata.normalize("NFKC", name) == name
    # `sympify` splits names at accents that are characters of their own.
    normal = normal and re.fullmatch(r"\w+", name) is not None
    return normal and name.isidentifier() and not keyword.iskeyword(name) and name not in reserved


def _sanitised(column: str, reserved: AbstractSet[str]) -> str:
    letters = (c if f"x{c}".isidentifier() and c.isalnum() else "_" for c in unicodedata.normalize("NFKC", column))
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

    def __init__(self, digits: int, names: Mapping[str, str]) -> None:
        super().__init__()
        self.digits = digits
        self.names = names

    def _print_Symbol(self, expr: sympy.Symbol) -> str:
        return self.names.get(expr.name, expr.name)

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
    names = _distinct(_symbols(expr), unicode_name, str)
    return str(_UnicodePrinter(digits, names).doprint(expr)).replace("*", "·")


def unicode_equation(expr: sympy.Expr, target: str, digits: int = 6) -> str:
    """`target = expr` on one line to read; the target without its unit."""
    return f"{unicode_name(_left_side(target, expr))} = {unicode_expression(expr, digits)}"


def unicode_name(name: str) -> str:
    """`theta_1` as θ₁; other names as they are."""
    match = _NUMBERED.fullmatch(name)
    if match is None:
        return name
    stem, number = match.groups()
    if stem in greek_unicode:
        return str(greek_unicode[stem]) + number.translate(_SUBSCRIPTS)
    return stem + number.translate(_SUBSCRIPTS) if number and len(stem) == 1 else name


def _symbols(expr: sympy.Expr) -> list[str]:
    return sorted(symbol.name for symbol in expr.free_symbols)


def _distinct(names: Iterable[str], pretty: Callable[[str], str], plain: Callable[[str], str]) -> dict[str, str]:
    """How to show each name: prettily, unless two would look the same (`a1` and `a_1`)."""
    shown = {name: pretty(name) for name in names}
    uses = Counter(shown.values())
    return {name: text if uses[text] == 1 else plain(name) for name, text in shown.items()}


def _left_side(target: str, expr: sympy.Expr) -> str:
    """The target's name without its unit, unless a symbol on the other side is called so."""
    short = quantity(target)
    return target if short in _symbols(expr) else short


class _LatexPrinter(LatexPrinter):  # type: ignore[misc]
    def __init__(self, digits: int, names: Mapping[str, str]) -> None:
        super().__init__({"ln_notation": True, "inv_trig_style": "full"})
        self.digits = digits
        self.names = names

    def _print_Symbol(self, expr: sympy.Symbol, style: str = "plain") -> str:
        return self.names[expr.name]

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
    """`target = expr` in LaTeX's mathematics mode, with constants rounded to `digits`; nothing but ASCII."""
    names = _distinct(_symbols(expr), latex_name, _upright)
    return f"{latex_name(_left_side(target, expr))} = {_LatexPrinter(digits, names).doprint(expr)}"


def latex_name(name: str) -> str:
    r"""One letter or Greek name as a symbol, with its subscript; words upright: `\mathrm{mass}`."""
    if match := _NUMBERED.fullmatch(name):
        stem, number = match.groups()
        return _latex_stem(stem) + (f"_{{{number}}}" if number else "")
    words = re.fullmatch(rf"((?:{LETTER})+)_((?:{LETTER}|[0-9])+)", name)
    if words and (_is_letter(words[1]) or words[1].lower() in greeks or _difference(words[1])):
        return f"{_latex_stem(words[1])}_{{{_latex_stem(words[2])}}}"
    return _upright(name)


def _latex_stem(stem: str) -> str:
    if stem in greeks or stem[0].lower() + stem[1:] in greeks:
        return str(sympy.latex(sympy.Symbol(stem)))
    if sign := _difference(stem):
        return f"{latex_letters(sign)} {_latex_stem(stem[1:])}"
    return latex_letters(stem) if _is_letter(stem) or stem.isdecimal() else _upright(stem)


def _difference(stem: str) -> str:
    """The Greek letter in front of a Latin one, as in `ΔT`: a symbol of its own."""
    return stem[0] if re.fullmatch("[Α-Ωα-ω][A-Za-z]+", stem) else ""


def _is_letter(text: str) -> bool:
    return re.fullmatch(LETTER, text) is not None


def _upright(name: str) -> str:
    return rf"\mathrm{{{latex_letters(name)}}}"

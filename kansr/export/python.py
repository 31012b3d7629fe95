"""A Python module that needs NumPy only, and SciPy for special functions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import sympy
from sympy.printing.numpy import SciPyPrinter

from kansr.formula.names import format_expression
from kansr.results import Constant, Metrics, Summary

__all__ = ["to_python"]

# Names that the module needs for itself.
_RESERVED = ("np", "scipy", "predict", "lambert_w", "float")
_OF_SCIPY = (sympy.erf, sympy.gamma, sympy.loggamma, sympy.LambertW, sympy.besselj)
_LAMBERT_W = '''
def lambert_w(u):
    """Principal branch of Lambert's W, NaN where it is not real."""
    w = scipy.special.lambertw(u)
    return np.where(w.imag == 0, w.real, np.nan)[()]

'''


class _Printer(SciPyPrinter):  # type: ignore[misc]
    """NumPy's functions as `np.sqrt`; SciPy is printed only for what NumPy lacks, such as `erf`.

    Special functions are those that `kansr.formula.evaluate` takes: real, and NaN outside their domains.
    """

    def _module_format(self, fqn: str, register: bool = True) -> str:
        return str(super()._module_format(fqn, register)).replace("numpy.", "np.")

    def _print_Float(self, expr: sympy.Float) -> str:  # noqa: N802 (SymPy's name)
        return repr(float(expr))

    def _print_Pi(self, expr: sympy.Expr) -> str:  # noqa: N802
        return "np.pi"

    def _print_Exp1(self, expr: sympy.Expr) -> str:  # noqa: N802
        return "np.e"

    def _print_besselj(self, expr: sympy.besselj) -> str:
        return self._special(f"j{expr.order}", expr.argument)

    def _print_loggamma(self, expr: sympy.loggamma) -> str:
        return self._special("loggamma", expr.args[0])

    def _print_LambertW(self, expr: sympy.LambertW) -> str:  # noqa: N802
        return f"lambert_w({self._print(expr.args[0])})"

    def _special(self, name: str, argument: sympy.Expr) -> str:
        return f"{self._module_format(f'scipy.special.{name}')}({self._print(argument)})"


def to_python(summary: Summary) -> str:
    """A module with one function `predict`, whose arguments are the columns that the formula uses."""
    expression = summary.result.best.expression
    columns = {s: c for c, s in summary.result.symbols.items()}
    used = {symbol.name for symbol in expression.free_symbols}
    # A constant still needs an argument to know the number of rows.
    symbols = [symbol for symbol in columns if symbol in used] or list(columns)
    arguments = _arguments(symbols)
    renamed = expression.xreplace({s: sympy.Symbol(arguments[s.name], real=True) for s in expression.free_symbols})
    code = _Printer({"fully_qualified_modules": True}).doprint(renamed)
    if not used:
        code = f"np.full_like({next(iter(arguments.values()))}, {code})"
    lines = [
        f'"""{_plain(summary.result.target)} = {_plain(format_expression(renamed))}',
        "",
        *map(_plain, _provenance(summary)),
        '"""',
        "",
        "import numpy as np",
        *(["import scipy.special"] if renamed.has(*_OF_SCIPY) else []),
        "",
        *(_LAMBERT_W.splitlines() if renamed.has(sympy.LambertW) else []),
        "",
        *_function(summary.result.target, arguments, columns, code),
    ]
    return "\n".join(line.rstrip() for line in lines) + "\n"


def _arguments(symbols: Sequence[str]) -> dict[str, str]:
    """Each symbol as the name of an argument that hides nothing the module needs."""
    arguments: dict[str, str] = {}
    for symbol in sorted(symbols, key=_RESERVED.__contains__):
        name = symbol
        while name in _RESERVED or name in arguments.values():
            name += "_"
        arguments[symbol] = name
    return {symbol: arguments[symbol] for symbol in symbols}


def _function(target: str, arguments: Mapping[str, str], columns: Mapping[str, str], code: str) -> Iterable[str]:
    yield f"def predict({', '.join(arguments.values())}):"
    yield f'    """{_plain(target)} from numbers or arrays.'
    yield ""
    yield "    Args:"
    for symbol, argument in arguments.items():
        yield f"        {argument}: The column '{_plain(columns[symbol])}', in the units of the table."
    yield '    """'
    for argument in arguments.values():
        yield f"    {argument} = np.asarray({argument}, dtype=float)"
    yield f"    return {code}"


def _provenance(summary: Summary) -> Iterable[str]:
    table, best = summary.table, summary.result.best
    yield f"Fitted by kansr {summary.version} to {table.source} (SHA-256 {table.sha256[:16]}...)."
    yield "All columns and errors are in the units of that table."
    yield ""
    yield from (_error_line(part.replace("_", "-"), metrics) for part, metrics in best.metrics.items())
    if best.constants:
        yield ""
        yield from (_constant_line(constant) for constant in best.constants)
    if table.ranges:
        yield ""
        yield "It was fitted to these ranges:"
        yield from (f"    {name}: {low:.6g} to {high:.6g}" for name, (low, high) in table.ranges.items())


def _error_line(part: str, m: Metrics) -> str:
    return f"{part}: RMSE {m.rmse:.4g}, MAE {m.mae:.4g}, largest error {m.max_abs:.4g}, R2 {m.r2:.8g} ({m.rows} rows)"


def _constant_line(constant: Constant) -> str:
    error = "" if constant.stderr is None else f" +- {constant.stderr:.2g} (standard error)"
    return f"{constant.name} = {constant.value!r}{error}"


def _plain(text: str) -> str:
    """Text of the user's that can neither end a docstring nor a line."""
    shown = "".join(c if c.isprintable() else " " for c in text)
    return shown.replace("\\", "\\\\").replace('"', '\\"')

"""Special functions through the command line: asked for by name, recovered, and read by other programs."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sympy
from numpy.typing import NDArray
from scipy import special

Array = NDArray[np.float64]
KANSR = (sys.executable, "-W", "error", "-c", "from kansr.cli.main import main; main()")

# function to ask for, column, its range, the law
LAWS: dict[str, tuple[str, str, tuple[float, float], Callable[[Array], Array]]] = {
    "Bessel": ("J0", "x", (0.0, 5.0), lambda x: 2 * special.j0(3 * x)),
    "error function": ("erf", "x", (-2.0, 2.0), lambda x: 1.2 * special.erf(1.5 * x) + 0.3),
    "Lambert": ("W", "x", (0.0, 100.0), lambda x: special.lambertw(x).real),
    "a column with the function's name": ("gamma", "gamma", (0.2, 4.0), lambda x: 0.5 * special.gamma(x + 1)),
}


def run(folder: Path, *arguments: str) -> str:
    done = subprocess.run([*KANSR, *arguments], cwd=folder, capture_output=True, encoding="utf-8", check=True)
    return done.stdout


@pytest.fixture(scope="module", params=LAWS)
def fitted(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """The name of a law, and the folder with its table and its run."""
    function, column, (low, high), law = LAWS[request.param]
    folder = tmp_path_factory.mktemp("special")
    x = np.random.default_rng(3).uniform(low, high, 200)
    rows = np.column_stack([x, law(x)])
    np.savetxt(folder / "law.csv", rows, fmt="%.17g", delimiter=",", header=f"{column},y", comments="")
    run(folder, "fit", "law.csv", "--functions", f"standard,{function}", "--time-limit", "30", "--out", "run", "-q")
    return request.param, folder


def test_the_law_is_recovered_and_read_by_sympy(fitted: tuple[str, Path]) -> None:
    name, folder = fitted
    _, column, (low, high), law = LAWS[name]
    found: dict[str, Any] = json.loads((folder / "run" / "formula.json").read_text())
    assert found["complexity"] <= 8
    assert found["outcome"] == "converged"
    symbol = sympy.Symbol(found["symbols"][column], real=True)
    expression = sympy.sympify(found["expression"], locals={symbol.name: symbol})
    assert expression.free_symbols == {symbol}
    x = np.linspace(low, high, 97)[1:]
    values = sympy.lambdify([symbol], expression, ["scipy", "numpy"])(x)
    np.testing.assert_allclose(values, law(x), rtol=1e-7, atol=1e-7)


def test_the_run_predicts_and_exports(fitted: tuple[str, Path]) -> None:
    name, folder = fitted
    _, column, (low, high), law = LAWS[name]
    x = np.linspace(low, high, 9)[1:]
    np.savetxt(folder / "new.csv", x, fmt="%.17g", header=column, comments="")
    printed = np.array([line.split(",") for line in run(folder, "predict", "run", "new.csv").split()[1:]], dtype=float)
    np.testing.assert_allclose(printed[:, 1], law(x), rtol=1e-7, atol=1e-7)
    module: dict[str, Any] = {}
    exec(compile((folder / "run" / "formula.py").read_text(), "formula.py", "exec"), module)  # noqa: S102
    np.testing.assert_allclose(module["predict"](x), printed[:, 1], rtol=1e-13, atol=1e-15)
    assert run(folder, "show", "run") != ""

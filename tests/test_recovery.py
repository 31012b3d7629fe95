"""Known laws, recovered through the command line: a table in, the right formula out."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sympy
from numpy.typing import NDArray

from kansr.formula.evaluate import evaluate
from kansr.formula.parse import parse_expression

Array = NDArray[np.float64]
KANSR = (sys.executable, "-W", "error", "-c", "from kansr.cli.main import main; main()")
SAMPLES = Path(__file__).parent.parent / "sample_data"
ROWS = 300


@dataclass(frozen=True)
class Law:
    """A law with the ranges of its columns and the number of nodes that a person would need for it."""

    function: Callable[..., Array]
    ranges: dict[str, tuple[float, float]]
    complexity: int

    def table(self, n: int, seed: int) -> tuple[dict[str, Array], Array]:
        """Rows of the features and of the target."""
        generator = np.random.default_rng(seed)
        columns = {name: generator.uniform(low, high, n) for name, (low, high) in self.ranges.items()}
        return columns, self.function(*columns.values())

    def write(self, path: Path) -> Path:
        """A CSV with the target as the last column."""
        columns, y = self.table(ROWS, 3)
        rows = np.column_stack([*columns.values(), y])
        header = ",".join([*columns, "target"])
        np.savetxt(path, rows, fmt="%.17g", delimiter=",", header=header, comments="")
        return path


LAWS = {
    "line": Law(lambda a, b: 2 * a - 3 * b + 0.5, {"a": (1, 5), "b": (-2, 2)}, 8),
    "kinetic energy": Law(lambda m, v: 0.5 * m * v**2, {"m": (1, 5), "v": (1, 5)}, 6),
    "decay": Law(lambda t: 3 * np.exp(-0.7 * t) + 1, {"t": (0, 4)}, 8),
    "wave": Law(lambda t: 1.5 * np.sin(2 * t + 0.3), {"t": (0, 6)}, 8),
    "lens": Law(lambda d, b, n: 1 / (1 / d + n / b), {"d": (1, 5), "b": (1, 5), "n": (1, 5)}, 14),
    "ratio of powers": Law(lambda q, r, e: q**2 / (4 * np.pi * e * r**2), {"q": (1, 3), "r": (1, 5), "E": (1, 5)}, 12),
    "the KAN paper's first": Law(lambda x, y: np.exp(np.sin(np.pi * x) + y**2), {"I": (-1, 1), "gamma": (-1, 1)}, 9),
    "relativistic": Law(lambda m, v: m / np.sqrt(1 - v**2 / 9), {"N": (1, 5), "lambda": (0.5, 2.5)}, 15),
}


def run(arguments: list[str], folder: Path) -> dict[str, Any]:
    """`formula.json` of a fit, which must also be what `--json` prints."""
    done = subprocess.run(
        [*KANSR, "fit", *arguments, "--threads", "1", "--json", "--out", str(folder)],
        capture_output=True,
        text=True,
        check=True,
    )
    found = json.loads((folder / "formula.json").read_text())
    assert json.loads(done.stdout) == found
    assert found["acceptable"] is True
    return dict(found)


def predict(found: dict[str, Any], columns: dict[str, Array]) -> Array:
    """Values of the expression, read from its text."""
    symbols = found["symbols"]
    expression = parse_expression(found["expression"], symbols.values())
    return evaluate(expression, {symbols[name]: column for name, column in columns.items()})


@pytest.fixture(scope="module", params=LAWS)
def recovered(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Law, dict[str, Any]]:
    """Each law with what a fit of its table gives."""
    law = LAWS[request.param]
    folder = tmp_path_factory.mktemp("recovery")
    return law, run([str(law.write(folder / "law.csv")), "--time-limit", "30"], folder / "run")


def test_the_law_is_recovered(recovered: tuple[Law, dict[str, Any]]) -> None:
    law, found = recovered
    columns, truth = law.table(500, 77)
    error = predict(found, columns) - truth
    assert np.abs(error).max() < 1e-7 * truth.std()
    assert found["complexity"] <= 1.3 * law.complexity
    assert found["outcome"] == "converged"


def test_the_expression_reproduces_the_reported_errors(recovered: tuple[Law, dict[str, Any]], tmp_path: Path) -> None:
    law, found = recovered
    columns, truth = law.table(ROWS, 3)
    error = predict(found, columns) - truth
    reported = found["metrics"]
    rows = sum(reported[part]["rows"] for part in ("train", "validation", "test"))
    assert rows == ROWS
    # over all rows: the parts' sums of squares and of magnitudes add up
    squares = sum(reported[part]["rmse"] ** 2 * reported[part]["rows"] for part in reported)
    magnitudes = sum(reported[part]["mae"] * reported[part]["rows"] for part in reported)
    smallest = 1e-14 * float(truth.std())
    assert math.sqrt(squares) == pytest.approx(math.sqrt(float(error @ error)), rel=1e-9, abs=smallest)
    assert magnitudes == pytest.approx(float(np.abs(error).sum()), rel=1e-9, abs=smallest)
    largest = max(reported[part]["max_abs"] for part in reported)
    assert largest == pytest.approx(float(np.abs(error).max()), rel=1e-9, abs=smallest)


def check_errors(found: dict[str, Any], x: dict[str, Array], y: Array) -> None:
    """The errors of a table whose rows are all in `train`, from the text of the expression."""
    error = predict(found, x) - y
    assert set(found["metrics"]) == {"train", "cross_validation"}
    reported = found["metrics"]["train"]
    assert reported["rmse"] == pytest.approx(float(np.sqrt(np.mean(error**2))), rel=1e-9)
    assert reported["mae"] == pytest.approx(float(np.abs(error).mean()), rel=1e-9)
    assert reported["max_abs"] == pytest.approx(float(np.abs(error).max()), rel=1e-9)
    assert reported["r2"] == pytest.approx(1 - float(error @ error) / float(((y - y.mean()) ** 2).sum()), rel=1e-9)


def test_hubbles_line_comes_out_the_same_with_the_same_seed(tmp_path: Path) -> None:
    arguments = [str(SAMPLES / "hubble1929.csv"), "--seed", "5", "--time-limit", "25"]
    first, second = (run(arguments, tmp_path / name) for name in ("one", "two"))
    assert first["outcome"] != "time_limit"
    assert first == second
    rows = np.loadtxt(SAMPLES / "hubble1929.csv", delimiter=",", skiprows=1)
    check_errors(first, {"D": rows[:, 0]}, rows[:, 1])
    expression = parse_expression(first["expression"], ["D"])
    slope = expression.diff(sympy.Symbol("D", real=True))
    assert slope.is_number
    assert 380 < float(slope) < 500


def test_keplers_third_law(tmp_path: Path) -> None:
    found = run([str(SAMPLES / "kepler.csv")], tmp_path / "run")
    a = sympy.Symbol("a", real=True)
    ratio = sympy.simplify(parse_expression(found["expression"], ["a"]) / a ** sympy.Rational(3, 2))
    assert ratio.is_number
    assert float(ratio) == pytest.approx(365.25, rel=2e-3)
    rows = np.loadtxt(SAMPLES / "kepler.csv", delimiter=",", skiprows=1)
    check_errors(found, {"a": rows[:, 0]}, rows[:, 1])


def test_a_formula_as_the_user_wants_it(tmp_path: Path) -> None:
    options = ["--exclude", "exp,log", "--max-complexity", "3", "--choose", "best", "--time-limit", "20"]
    found = run([str(SAMPLES / "kepler.csv"), *options], tmp_path / "run")
    assert found["complexity"] <= 3
    assert parse_expression(found["expression"], ["a"]).free_symbols == {sympy.Symbol("a", real=True)}
    assert found["choice"] == "best"
    assert found["reason"].startswith("least error, with 3 nodes")
    assert any(note.startswith("--max-complexity leaves out a better formula: 5 nodes") for note in found["notes"])
    assert f"\nChosen: {found['reason']}.\n" in (tmp_path / "run" / "report.md").read_text()

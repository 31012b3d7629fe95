"""Column names as people write them, through every output and back, as feature and as target."""

from __future__ import annotations

import importlib.util
import json
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd
import pytest
import sympy

from kansr.config import FitConfig
from kansr.export import to_json, to_latex, to_python, to_sympy
from kansr.formula.evaluate import evaluate
from kansr.formula.names import symbol_names
from kansr.report.markdown import to_markdown
from kansr.results import Summary
from kansr.rundir import RunDirectory, predict, read_run
from tests import examples
from tests.formula.test_letters import check
from tests.test_security import call

NAMES = [
    *("mass [kg]", "T (K)", "T(K)", "v / m/s", "wave speed [m/s]", "rate (1/s)", "θ", "ΔT", "θ_1", "x\u0302", "é", "Å"),
    *("ａｂｃ", "𝜃", "質量", "скорость", "מסה", "🚀", "👩\u200d🔬", "µ", "a\u202eb", "a\u200bb"),
    *(
        "lambda",
        "class",
        "None",
        "True",
        "def",
        "print",
        "float",
        "np",
        "predict",
        "scipy",
        "self",
        "match",
        "__debug__",
    ),
    *("E", "I", "S", "N", "O", "Q", "C", "pi", "gamma", "beta", "zeta", "exp", "sin", "Abs", "oo", "nan", "zoo", "re"),
    *("Integer", "Float", "Symbol", "besselj", "LambertW", "a_b", "a^2", "50%", "$x", "#1", "x\\y", "{", "}", "~", "&"),
    *(
        "\\input{/etc/passwd}",
        "\\end{document}",
        '"""',
        "'",
        "a\nb",
        "<b>",
        "a|b",
        "`x`",
        "1st",
        "_",
        "__class__",
        "x;y",
    ),
    *("=1+1", "@SUM(A1)", "+x", "-x", "a,b", 'say "hi"', "import os", "x" * 300, "$(rm)", "%n", "a\tb"),
]
OTHER = "other column"
X, Z = np.array([1.5, 2.0, 2.5]), np.array([0.5, 0.25, 2.0])


def as_feature(name: str) -> tuple[Summary, np.ndarray[tuple[int], np.dtype[np.float64]]]:
    symbols = symbol_names([name, OTHER])
    expression = f"2.5*{symbols[name]}**(3/2)*exp(-{symbols[OTHER]}) + {symbols[name]}"
    return summary(expression, (name, OTHER), "P"), 2.5 * X**1.5 * np.exp(-Z) + X


def summary(expression: str, features: tuple[str, ...], target: str) -> Summary:
    found = examples.summary(examples.result(expression, features, target))
    ranges = dict.fromkeys(features, (0.0, 9.0))
    return replace(found, table=replace(found.table, features=features, target=target, ranges=ranges))


def module(code: str, folder: Path) -> ModuleType:
    """Our own output, imported as a user would."""
    path = folder / "exported_formula.py"
    path.write_text(code, encoding="utf-8")
    spec = importlib.util.spec_from_file_location("exported_formula", path)
    assert spec is not None
    assert spec.loader is not None
    found = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(found)
    return found


def commands_of_sympy(latex: str) -> str:
    """The formula without what SymPy's printer adds to names."""
    for command in (r"\left", r"\right", r"\frac", r"\sqrt", r"\ln"):
        latex = latex.replace(command, "")
    return latex


@pytest.mark.parametrize("name", NAMES)
def test_a_feature_survives_every_format(name: str, tmp_path: Path) -> None:
    found, expected = as_feature(name)
    arguments = module(to_python(found), tmp_path).predict(X, Z)
    np.testing.assert_allclose(arguments, expected, rtol=1e-13)
    content = json.loads(to_json(found))
    assert list(content["symbols"]) == [name, OTHER]
    symbols = {symbol: sympy.Symbol(symbol, real=True) for symbol in content["symbols"].values()}
    read = sympy.sympify(content["expression"], locals=symbols)
    assert read == found.result.best.expression
    assert to_sympy(found) == content["expression"] + "\n"
    np.testing.assert_allclose(evaluate(read, dict(zip(symbols, (X, Z), strict=True))), expected, rtol=1e-13)
    check(commands_of_sympy(to_latex(found).rstrip("\n")))


@pytest.mark.parametrize("name", NAMES)
def test_a_target_survives_every_format(name: str, tmp_path: Path) -> None:
    found = summary("2.5*a**(3/2)", ("a",), name)
    assert module(to_python(found), tmp_path).predict(4.0) == 20
    assert json.loads(to_json(found))["target"] == name
    check(commands_of_sympy(to_latex(found).rstrip("\n")))
    title, *_, table = [line for line in to_markdown(found).splitlines() if line.startswith(("# ", "|"))]
    assert title.startswith("# ")
    assert table.replace("\\|", "").count("|") == 6


@pytest.mark.parametrize("name", [name for name in NAMES if name.isprintable()])
def test_a_run_folder_gives_the_names_back_and_predict_finds_the_columns(name: str, tmp_path: Path) -> None:
    found, expected = as_feature(name)
    found = replace(found, result=replace(found.result, target=f"{name}!"))
    with RunDirectory(tmp_path / "run", FitConfig(data="x.csv")) as folder:
        folder.finish(found, "")
    run = read_run(tmp_path / "run")
    assert run.summary == found
    frame = pd.DataFrame({OTHER: Z, "note": ["a", "b", "c"], name: X})
    frame.to_csv(tmp_path / "new.csv", index=False)
    np.testing.assert_allclose(predict(run, str(tmp_path / "new.csv")).values, expected, rtol=1e-13)


def test_all_names_together_have_symbols_of_their_own(tmp_path: Path) -> None:
    symbols = symbol_names(NAMES)
    assert len(set(symbols.values())) == len(NAMES)
    found = summary(" + ".join(f"{i + 2}*{s}" for i, s in enumerate(symbols.values())), tuple(NAMES), "P")
    values = np.arange(1.0, len(NAMES) + 1)
    expected = sum((i + 2) * value for i, value in enumerate(values))
    assert module(to_python(found), tmp_path).predict(*values) == expected
    latex = to_latex(found)
    check(latex.rstrip("\n"))
    terms = latex.partition(" = ")[2].strip().split(" + ")
    assert len({term.lstrip("0123456789 ") for term in terms}) == len(NAMES)


def test_a_real_fit_with_names_of_all_kinds(tmp_path: Path) -> None:
    rows = np.random.default_rng(3).uniform(1, 3, (60, 3))
    columns = ["lambda", "T (K)", "E", "Δp [Pa]"]
    law = 2.5 * rows[:, 0] * rows[:, 1] ** 2 / rows[:, 2]
    pd.DataFrame(np.column_stack([rows, law]), columns=columns).to_csv(tmp_path / "data.csv", index=False)
    run = tmp_path / "run"
    status, out, err = call("fit", str(tmp_path / "data.csv"), "--out", str(run), "--time-limit", "20", "--json")
    assert status == 0, err
    content = json.loads(out)
    assert content["symbols"] == {"lambda": "lambda_", "T (K)": "T", "E": "E"}
    assert content["latex"].startswith(r"\Delta p = ")
    assert {s.name for s in read_run(run).summary.result.best.expression.free_symbols} == {"lambda_", "T", "E"}
    check(commands_of_sympy((run / "formula.tex").read_text().rstrip("\n")))
    np.testing.assert_allclose(predict(read_run(run), str(tmp_path / "data.csv")).values, law, rtol=1e-9)
    assert "T = np.asarray(T, dtype=float)" in (run / "formula.py").read_text()
    assert "Δp = " in call("show", str(run))[1]

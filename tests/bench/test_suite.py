"""What a suite file may hold, and how a mistake in it is told."""

from __future__ import annotations

from pathlib import Path

import pytest
import sympy

from kansr.bench import read_suite
from kansr.errors import ConfigError, DataError

SAMPLE = Path(__file__).parents[2] / "sample_data" / "suite.yaml"
X = "{name: x, low: 0, high: 1}"


def write(folder: Path, text: str) -> Path:
    path = folder / "laws.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_sample_suite_is_read() -> None:
    suite = read_suite(SAMPLE)
    assert [problem.id for problem in suite.problems] == ["free-fall", "projectile", "absorption"]
    fall = suite.problems[0]
    h, g = (sympy.Symbol(name, real=True) for name in "hg")
    assert fall.expression == sympy.sqrt(2 * h / g)
    assert (fall.ranges["h"].dist, fall.ranges["g"].high) == ("loguniform", 25)


def test_all_kinds_of_tables(tmp_path: Path) -> None:
    text = """
units: whatever
problems:
- {id: 1, formula: "harmonic(x)", train: {x: {dist: linspace, low: 1, high: 6, n: 6, step: 1}}, test: {}, ops: [add]}
- {id: b, formula: x**2 - y, vars: [{name: x}, {name: y}], file: t.csv, target_column: z}
- {id: c, scipy: "jv(x, 1)", vars: [{name: x, low: 0, high: 1}]}
- {id: d, formula: "2*E", vars: [{name: E, low: 1e-3, high: 9, dist: integer, sign: both, units: [0, 1]}], note: hm}
"""
    suite = read_suite(write(tmp_path, text))
    grid, given, drawn = suite.problems
    assert suite.name == "laws"
    assert suite.skipped == ("c",)
    assert (grid.id, grid.is_grid, grid.rows) == ("1", True, 6)
    assert (given.file, given.target_column, given.names) == (tmp_path / "t.csv", "z", ("x", "y"))
    assert (drawn.names, drawn.is_grid, drawn.ranges["E"].low) == (("E",), False, 0.001)


def test_a_choice_of_problems(tmp_path: Path) -> None:
    lines = [f"- {{id: law{i}, formula: x, vars: [{X}]}}" for i in range(5)]
    suite = read_suite(write(tmp_path, "\n".join(["problems:", *lines, "- {id: s, scipy: 'jv(x, 1)'}"])))
    assert [p.id for p in suite.select(every=2, offset=1).problems] == ["law1", "law3"]
    assert [p.id for p in suite.select(("law4", "law0")).problems] == ["law0", "law4"]
    assert suite.select(("law1", "s")).skipped == ("s",)
    assert suite.select(("law1",)).skipped == ()
    with pytest.raises(ConfigError, match="no problem 'lw1'") as caught:
        suite.select(("lw1",))
    assert caught.value.hint == "did you mean 'law1'?"
    with pytest.raises(ConfigError, match="--offset 5"):
        suite.select(offset=5)
    with pytest.raises(DataError, match="no problem has a formula"):
        suite.select(("s",))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("problems: [", "laws.yaml, line 1: not YAML"),
        ("- a", "it needs a list of 'problems'"),
        ("problems: 3", "it needs a list of 'problems'"),
        ("problems:\n- law", "problem number 1: not a mapping"),
        (f"problems:\n- {{formula: x, vars: [{X}]}}", "problem number 1: id: field required"),
        (f"problems:\n- {{id: a, vars: [{X}]}}", "problem 'a': formula: field required"),
        ("problems:\n- {id: a, formula: x}", "problem 'a': it needs either vars or train"),
        (f"problems:\n- {{id: a, formula: x, vars: [{X}, {X}]}}", "problem 'a': 'x' cannot be the name"),
        ("problems:\n- {id: a, formula: x, vars: [{name: x y, low: 0, high: 1}]}", "'x y' cannot be the name"),
        ("problems:\n- {id: a, formula: x, vars: [{name: x, low: 0, hihg: 1}]}", "unknown key, did you mean 'high'?"),
        (
            "problems:\n- {id: a, formula: x, vars: [{name: x, low: 0, high: one}]}",
            "vars.0.high: should be a valid num",
        ),
        ("problems:\n- {id: a, formula: x, vars: [{name: x, low: 0, high: .inf}]}", "vars.0.high: should be a finite"),
        ("problems:\n- {id: a, formula: x, vars: [{name: x, low: 2, high: 1}]}", "low (2) is not below high (1)"),
        (f"problems:\n- {{id: a, formula: x, vars: [{X[:-1]}, dist: normal}}]}}", "vars.0.dist: should be 'uniform'"),
        (f"problems:\n- {{id: a, formula: x, vars: [{X[:-1]}, dist: loguniform}}]}}", "loguniform needs low above 0"),
        ("problems:\n- {id: a, formula: x, train: {x: {low: 0, high: 1}}}", "train needs n"),
        ("problems:\n- {id: a, formula: x, file: t.csv}", "problem 'a': vars: field required"),
        (f"problems:\n- {{id: a, formula: x + y, vars: [{X}]}}", "problem 'a': not a formula: 'x + y' holds"),
        (f"problems:\n- {{id: a, formula: x.real, vars: [{X}]}}", "holds something that is no arithmetic"),
        ("problems:" + 2 * f"\n- {{id: a, formula: x, vars: [{X}]}}", "problem 'a' is there twice"),
    ],
)
def test_a_mistake_is_told_with_its_problem(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(DataError) as caught:
        read_suite(write(tmp_path, text))
    assert message in caught.value.message
    assert caught.value.message.startswith(str(tmp_path))
    assert caught.value.hint


def test_nothing_in_a_suite_is_run(tmp_path: Path) -> None:
    for text in (
        "problems: !!python/object/apply:os.system ['touch run']",
        f"problems:\n- {{id: a, formula: \"open('run', 'w')\", vars: [{X}]}}",
    ):
        with pytest.raises(DataError):
            read_suite(write(tmp_path, text))
    assert [path.name for path in tmp_path.iterdir()] == ["laws.yaml"]

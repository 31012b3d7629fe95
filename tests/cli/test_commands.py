"""The commands, with a search that answers at once."""

from __future__ import annotations

import json
import os
import signal
import sys
import types
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import get_args

import numpy as np
import pytest

import kansr
from kansr.cli import fit as cli_fit
from kansr.cli.fit import Choose
from kansr.cli.main import main
from kansr.config import Loss, Rule
from kansr.results import FitResult
from tests import examples
from tests.cli.calls import call_main

Run = Callable[..., int]


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Commands run in an empty folder with one table."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    examples.write_table(tmp_path)
    return tmp_path


@pytest.fixture
def search(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[..., FitResult]], None]:
    """Replaces the search, whose module need not be imported for that."""

    def install(fit: Callable[..., FitResult]) -> None:
        module = types.ModuleType("kansr.pipeline")
        module.fit = fit  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, "kansr.pipeline", module)
        monkeypatch.setattr(kansr, "pipeline", module, raising=False)

    install(examples.fake_fit())
    return install


@pytest.fixture
def run(search: object, monkeypatch: pytest.MonkeyPatch) -> Iterator[Run]:
    """Runs a command line and gives its exit status."""
    return partial(call_main, monkeypatch)


def test_fit_prints_the_report_and_writes_the_run(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("fit", "kepler.csv", "--out", "out") == 0
    out, err = capsys.readouterr()
    assert "P = 365.25·a^(3/2)" in out
    assert "Run folder: out" in out
    assert err.splitlines()[0].startswith("Read kepler.csv: 5 rows")
    assert "leave-one-out" in err
    assert json.loads(Path("out/formula.json").read_text())["expression"] == "365.25*a**(3/2)"


def test_fit_chooses_a_folder_of_its_own(run: Run) -> None:
    assert run("fit", "kepler.csv", "-q") == 0
    (folder,) = Path("runs").iterdir()
    assert folder.name.endswith("-kepler")


def test_json_is_the_file_and_nothing_else(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("fit", "kepler.csv", "--out", "out", "--json") == 0
    out, err = capsys.readouterr()
    assert out == Path("out/formula.json").read_text()
    assert err == ""


def test_quiet_prints_nothing(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("fit", "kepler.csv", "--quiet", "--out", "out") == 0
    assert capsys.readouterr() == ("", "")


def test_quiet_leaves_the_answer_that_was_asked_for(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("fit", "kepler.csv", "--quiet", "--json", "--out", "out") == 0
    assert capsys.readouterr() == (Path("out/formula.json").read_text(), "")


def test_options_reach_the_search(run: Run, search: Callable[..., None]) -> None:
    seen = []

    def fit(dataset: object, config: object, *rest: object, **options: object) -> FitResult:
        seen.append(config)
        return examples.result()

    search(fit)
    Path("c.yaml").write_text("seed: 3\ntime_limit: 5\n")
    options = ("--config", "c.yaml", "--seed", "4", "--functions", "exp,x^2", "--functions", "log", "--target", "P")
    assert run("fit", "kepler.csv", "-q", "--features", "a", *options) == 0
    (config,) = seen
    assert (config.seed, config.time_limit, config.target) == (4, 5.0, "P")
    assert (config.features, config.functions) == (("a",), ("exp", "x^2", "log"))
    more = ("--exclude", "sin,tan", "--exclude", "exp", "--max-complexity", "9", "--choose", "simplest")
    assert run("fit", "kepler.csv", "-q", *more) == 0
    assert (seen[1].exclude, seen[1].max_complexity, seen[1].choose) == (("sin", "tan", "exp"), 9, "simplest")


def test_the_rules_of_choice_are_those_of_the_configuration() -> None:
    assert {rule.value for rule in Choose} == set(get_args(Rule))
    assert {loss.value for loss in cli_fit.Loss} == set(get_args(Loss))


def test_no_acceptable_formula_is_written_and_told(
    run: Run, search: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    search(examples.fake_fit(replace(examples.result(), acceptable=False)))
    assert run("fit", "kepler.csv", "--out", "out") == 4
    assert "No acceptable formula" in capsys.readouterr().out
    assert Path("out/status.json").exists()


def test_ctrl_c_writes_the_best_so_far(run: Run, search: Callable[..., None]) -> None:
    def fit(*arguments: object, **options: object) -> FitResult:
        os.kill(os.getpid(), signal.SIGINT)
        return examples.fake_fit()(*arguments, **options)

    search(fit)
    before = signal.getsignal(signal.SIGINT)
    assert run("fit", "kepler.csv", "-q", "--out", "out") == 130
    assert json.loads(Path("out/status.json").read_text())["outcome"] == "interrupted"
    assert signal.getsignal(signal.SIGINT) == before


def test_a_second_ctrl_c_ends_at_once_and_leaves_what_can_be_resumed(
    run: Run, search: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    def fit(*arguments: object, **options: object) -> FitResult:
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGINT)
        raise AssertionError("unreachable")

    search(fit)
    assert run("fit", "kepler.csv", "-q", "--out", "out") == 130
    assert not Path("out/status.json").exists()
    assert "hint: 'kansr fit ... --out out --resume' goes on with it" in capsys.readouterr().err.splitlines()
    search(examples.fake_fit())
    assert run("fit", "kepler.csv", "-q", "--out", "out") == 2
    assert "hint: --resume goes on with it" in capsys.readouterr().err
    assert run("fit", "kepler.csv", "-q", "--out", "out", "--resume") == 0
    assert Path("out/status.json").exists()


def test_a_bug_keeps_its_traceback_and_leaves_nothing(
    run: Run, search: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fit(*arguments: object, **options: object) -> FitResult:
        raise ZeroDivisionError

    search(fit)
    monkeypatch.setattr(sys, "argv", ["kansr", "fit", "kepler.csv", "--out", "out"])
    with pytest.raises(ZeroDivisionError):
        main()
    assert not Path("out").exists()


def test_show_repeats_the_report(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    run("fit", "kepler.csv", "--out", "out")
    first = capsys.readouterr().out
    assert run("show", "out") == 0
    second = capsys.readouterr().out
    assert second.startswith("Read kepler.csv: 5 rows")
    assert second.endswith(first)


def test_predict_appends_a_column(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    run("fit", "kepler.csv", "--out", "out", "-q")
    Path("new.csv").write_text("name,a\nEarth,1\nPluto,39.5\n")
    assert run("predict", "out", "new.csv") == 0
    out, err = capsys.readouterr()
    assert out.splitlines()[:2] == ["name,a,P", "Earth,1,365.25"]
    assert "1 of 2 rows extrapolate: 'a'" in err
    assert run("predict", "out", "new.csv", "-o", "predicted.csv") == 0
    assert capsys.readouterr().out == ""
    assert Path("predicted.csv").read_text() == out


@pytest.mark.parametrize("name", ["latex", "sympy", "python", "json"])
def test_export_prints_each_format(run: Run, capsys: pytest.CaptureFixture[str], name: str) -> None:
    run("fit", "kepler.csv", "--out", "out", "-q")
    assert run("export", "out", "--format", name) == 0
    text = capsys.readouterr().out
    files = {"latex": "formula.tex", "python": "formula.py", "json": "formula.json"}
    assert text == (Path("out", files[name]).read_text() if name in files else "365.25*a**(3/2)\n")
    assert run("export", "out", "--format", name, "-o", "file") == 0
    assert Path("file").read_text() == text


def test_functions_lists_the_library(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("functions") == 0
    out = capsys.readouterr().out
    assert "1/(1 + exp(-u))" in out
    assert any(line.split()[:2] == ["J0", "J₀(u)"] and "on request" in line for line in out.splitlines())


def test_version(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--version") == 0
    assert capsys.readouterr().out == f"kansr {kansr.__version__}\n"


@pytest.mark.parametrize("command", ["fit", "predict", "export", "show", "functions", "bench"])
def test_each_command_has_help_with_an_example(run: Run, capsys: pytest.CaptureFixture[str], command: str) -> None:
    assert run(command, "--help") == 0
    assert f" kansr {command}" in capsys.readouterr().out.split("Example")[1]


def test_help_without_arguments(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert run() == 0
    assert "kansr fit data.csv" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("line", "status", "message"),
    [
        ("frobnicate", 2, "No such command 'frobnicate'"),
        ("fit", 2, "Missing argument 'TABLE'"),
        ("fit kepler.csv --sed 1", 2, "No such option: --sed"),
        ("fit kepler.csv --seed one", 2, "Invalid value for '--seed'"),
        ("fit kepler.csv --seed -1", 2, "--seed: should be greater than or equal to 0, not -1"),
        ("fit kepler.csv --time-limit 0", 2, "--time-limit: should be greater than 0"),
        ("fit kepler.csv --threads 0", 2, "--threads: should be greater than 0"),
        ("fit kepler.csv --functions exq", 2, "--functions: there is no function 'exq'"),
        ("fit none.csv --exclude exq", 2, "--exclude: there is no function 'exq'"),
        ("fit none.csv --exclude sin,x", 2, "--exclude: 'x' cannot be left out"),
        ("fit none.csv --exclude 0", 2, "--exclude: '0' cannot be left out"),
        ("fit kepler.csv --max-complexity 0", 2, "--max-complexity: should be greater than or equal to 1, not 0"),
        ("fit kepler.csv --max-complexity few", 2, "Invalid value for '--max-complexity'"),
        ("fit kepler.csv --choose cheapest", 2, "'cheapest' is not one of 'simplest', 'balanced', 'best'"),
        ("fit kepler.csv --config none.yaml", 2, "--config none.yaml: No such file"),
        ("fit kepler.csv --target Q", 2, "'Q'"),
        ("fit kepler.csv --features b", 2, "'b'"),
        ("fit kepler.csv --drop b", 2, "'b'"),
        ("fit kepler.csv --out .", 2, "--out .: the folder is not empty"),
        ("fit kepler.csv --out kepler.csv", 2, "--out kepler.csv: Not a directory"),
        ("fit none.csv", 3, "none.csv: no such file"),
        ("fit text.csv", 3, "text.csv"),
        ("show none", 2, "none: no such run folder"),
        ("show .", 2, ".: not a run folder"),
        ("predict none kepler.csv", 2, "none: no such run folder"),
        ("predict run none.csv", 3, "none.csv: no such file"),
        ("predict run other.csv", 3, "other.csv: no column 'a'"),
        ("predict run kepler.csv -o none/x.csv", 2, "--output none/x.csv: cannot be written"),
        ("export run", 2, "--format"),
        ("export run --format cobol", 2, "'cobol' is not one of"),
    ],
)
def test_a_mistake_is_one_line_with_a_hint(
    run: Run, capsys: pytest.CaptureFixture[str], line: str, status: int, message: str
) -> None:
    Path("text.csv").write_text("a,P\nx,y\nz,w\nu,v\n")
    Path("other.csv").write_text("b,c\n1,2\n3,4\n")
    run("fit", "kepler.csv", "--out", "run", "-q")
    before = sorted(Path().rglob("*"))
    assert run(*line.split()) == status
    out, err = capsys.readouterr()
    first, *rest = err.splitlines()
    assert first.startswith("kansr: error: ")
    assert message in first
    assert len(rest) == 1
    assert rest[0].startswith("hint: ")
    assert out == ""
    assert sorted(Path().rglob("*")) == before


def test_debug_shows_the_traceback(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("fit", "none.csv", "--debug") == 3
    err = capsys.readouterr().err
    assert "Traceback" in err
    assert err.splitlines()[-2].startswith("kansr: error: none.csv")


def test_the_printed_expression_reproduces_the_table(run: Run) -> None:
    from kansr.data import read_columns
    from kansr.formula.evaluate import evaluate
    from kansr.formula.parse import parse_expression

    run("fit", "kepler.csv", "--out", "out", "-q")
    content = json.loads(Path("out/formula.json").read_text())
    columns = read_columns("kepler.csv", ["a", "P"]).features
    expression = parse_expression(content["expression"], content["symbols"].values())
    values = evaluate(expression, {s: columns[c] for c, s in content["symbols"].items()})
    assert np.abs(values / columns["P"] - 1).max() < 0.01


@pytest.mark.parametrize(
    ("line", "message", "hint"),
    [
        ("fit kepler.csv --outt x", "No such option: --outt", "did you mean '--out'?"),
        ("fit kepler.csv --sed 1", "No such option: --sed", "did you mean '--seed'?"),
        ("fit kepler.csv --zzz", "No such option: --zzz", "see 'kansr fit --help'"),
        ("fti kepler.csv", "No such command 'fti'.", "did you mean 'fit'?"),
        ("fit kepler.csv --choose bset", "'bset' is not one of 'simplest', 'balanced', 'best'", "did you mean 'best'?"),
        ("fit kepler.csv --loss hubr", "'hubr' is not one of 'squares', 'huber'", "did you mean 'huber'?"),
        ("export run --format latx", "'latx' is not one of", "did you mean 'latex'?"),
        ("fit kepler.csv --functions sine", "--functions: there is no function 'sine'", "did you mean 'sin'?"),
        ("fit kepler.csv --functions EXP", "--functions: there is no function 'EXP'", "did you mean 'exp'?"),
        ("fit kepler.csv --config c.yaml", "c.yaml: choose: should be", "did you mean 'best'?"),
        ("fit kepler.csv --seed 99999999999999999999", "--seed: should be less than", "the default is 0"),
        ("fit kepler.csv --time-limit inf", "--time-limit: should be a finite number, not inf", "the default is 60"),
        ("fit kepler.csv --threads 1000000", "--threads: should be less than", "the default is 1"),
    ],
)
def test_what_was_meant_is_said(
    run: Run, capsys: pytest.CaptureFixture[str], line: str, message: str, hint: str
) -> None:
    Path("c.yaml").write_text("choose: bset\n")
    assert run(*line.split()) == 2
    error, said = capsys.readouterr().err.splitlines()
    assert error.startswith("kansr: error: ")
    assert message in error
    assert said.startswith(f"hint: {hint}")


@pytest.mark.parametrize(
    "line",
    [
        ("fit", "\x1b[31m\x9b2J\u202e.csv"),
        ("fit", "kepler.csv", "--target", "\x1b[31m\r\n\x07"),
        ("fit", "kepler.csv", "--functions", "\x1b]0;x\x07"),
        ("fit", "kepler.csv", "--choose", "\x1b[31m\u2066"),
        ("fit", "kepler.csv", "--\x1b[31m"),
        ("\x1b[31m\u202e",),
        ("show", "\x1b[31m"),
        ("fit", "kepler.csv", "--target", "x" * 100_000),
        ("fit", "kepler.csv", "--features", "x" * 100_000),
        ("fit", "kepler.csv", "--functions", "x" * 100_000),
        ("fit", "kepler.csv", "--structure", "9" * 100_000),
        ("fit", "kepler.csv", "--seed", "9" * 4000),
        ("fit", "kepler.csv", "--config", "x" * 100_000),
        ("x" * 100_000,),
    ],
)
def test_messages_are_short_and_move_no_cursor(
    run: Run, capsys: pytest.CaptureFixture[str], line: tuple[str, ...]
) -> None:
    assert run(*line) in (2, 3)
    error, hint = capsys.readouterr().err.splitlines()
    assert error.startswith("kansr: error: ")
    assert hint.startswith("hint: ")
    assert len(error) + len(hint) < 1500
    assert error.isprintable()
    assert hint.isprintable()

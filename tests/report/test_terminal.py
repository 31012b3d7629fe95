"""What people read on the terminal and in report.md."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from kansr.functions import LIBRARY, STANDARD
from kansr.report.history import History, Recorders
from kansr.report.markdown import to_markdown
from kansr.report.numbers import r2_text, value_text
from kansr.report.progress import Progress
from kansr.report.terminal import print_functions, print_notes, print_summary, print_table_info
from kansr.results import Constant, FitResult, Outcome, SilentRecorder, Stage
from tests import examples


def console(terminal: bool = False, color: str | None = None) -> Console:
    return Console(file=io.StringIO(), width=80, force_terminal=terminal, color_system=color, highlight=False)


def printed(target: Console) -> str:
    file = target.file
    assert isinstance(file, io.StringIO)
    return file.getvalue()


def report(found: FitResult | None = None, terminal: bool = False) -> str:
    target = console(terminal)
    print_summary(target, examples.summary(found), Path("runs/x"))
    return printed(target)


def test_the_report_says_everything() -> None:
    text = report()
    assert "\nP = 365.25·a^(3/2)\n" in text
    assert "\nLaTeX: P = 365.25 a^{\\frac{3}{2}}\n" in text
    assert "cross-validation   1 - 2.0e-07   0.24   0.2   0.3      5" in text
    assert "c0     365.250 ± 0.021" in text
    assert ">      5   0.24   365.2·a^(3/2)" in text
    assert "       4    216   450.1·a - 120" in text
    assert "\nChosen: least error, with 5 nodes.\n" in text
    assert "explains the data down to the noise, after 1.2 s" in text
    assert text.endswith("Run folder: runs/x\n")


def test_a_reason_that_is_not_known_is_not_told() -> None:
    nameless = replace(examples.result(), reason="")
    assert "Chosen" not in report(nameless)
    assert "Chosen" not in to_markdown(examples.summary(nameless))


def test_a_bad_formula_is_said_to_be_one() -> None:
    found = replace(examples.result(), acceptable=False, outcome=Outcome.TIME_LIMIT)
    text = report(found)
    assert "No acceptable formula" in text
    assert "the time limit was reached" in text


LONG = " + ".join(f"{i}.123456*exp(-{i}.5*a)*sin({i}.25*a)" for i in range(1, 9))


def test_a_long_formula_fits_the_terminal_and_stays_whole_in_a_pipe() -> None:
    found = examples.result(LONG)
    wrapped = report(found, terminal=True).split("\n")
    assert max(len(line) for line in wrapped if "LaTeX" not in line) <= 80
    piped = report(found).split("\n")
    assert next(line for line in piped if line.startswith("P = ")).count("sin") == 8
    # The table of formulas is cut in both.
    assert next(line for line in piped if line.startswith(">")).rstrip().endswith("…")


def test_what_was_read_and_notes() -> None:
    target = console()
    print_table_info(target, examples.summary().table)
    print_notes(target, ("column 'x' left out: text",))
    assert printed(target).split("\n")[:3] == [
        "Read kepler.csv: 5 rows, judged by cross-validation",
        "P from a",
        "Note: column 'x' left out: text",
    ]


def test_a_split_is_counted() -> None:
    target = console()
    table = replace(examples.summary().table, source="-", rows={"train": 70, "validation": 15, "test": 15})
    print_table_info(target, table)
    assert printed(target).startswith("Read standard input: 100 rows: 70 training, 15 validation, 15 test\n")


def test_markup_in_names_is_only_text() -> None:
    found = examples.result("2.0*bold", ("[bold]",), "[red]P")
    assert "[red]P = 2·bold" in report(found)


def test_colours_only_where_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    coloured = console(terminal=True, color="standard")
    print_notes(coloured, ("x",))
    assert "\x1b[33m" in printed(coloured)
    monkeypatch.setenv("NO_COLOR", "1")
    plain = console(terminal=True)
    print_notes(plain, ("x",))
    assert "\x1b[33m" not in printed(plain)


def test_the_library_fits_80_columns() -> None:
    target = console()
    print_functions(target, LIBRARY.values(), STANDARD)
    lines = printed(target).split("\n")
    assert max(map(len, lines)) <= 80
    assert "…" not in printed(target)
    assert [line.split()[0] for line in lines[2:-1]] == list(LIBRARY)
    asked = {line.split()[0] for line in lines if line.endswith("on request")}
    assert asked == set(LIBRARY) - set(STANDARD)


@pytest.mark.parametrize(
    ("r2", "text"), [(1.0, "1"), (1 - 3e-9, "1 - 3.0e-09"), (0.98765, "0.9877"), (-3.0, "-3.0000"), (float("nan"), "-")]
)
def test_r2(r2: float, text: str) -> None:
    assert r2_text(r2) == text


@pytest.mark.parametrize(
    ("value", "stderr", "text"),
    [
        (365.2512345, 0.021, "365.251 ± 0.021"),
        (365.25, None, "365.25"),
        (365.0, 1e-9, "365.0000000000 ± 1e-09"),
        (6.6743e-11, 1.5e-15, "6.67430e-11 ± 1.5e-15"),
        (0.001, 5.0, "0.001 ± 5"),
        (0.0, 0.1, "0 ± 0.1"),
        (2.0, float("nan"), "2"),
        (2.0, 0.0, "2"),
    ],
)
def test_constants(value: float, stderr: float | None, text: str) -> None:
    assert value_text(Constant("c0", value, stderr)) == text


def test_markdown_says_everything() -> None:
    text = to_markdown(examples.summary())
    assert "$$P = 365.25 a^{\\frac{3}{2}}$$" in text
    assert "    365.25*a**(3/2)\n" in text
    assert "| cross-validation | 1 - 2.0e-07 | 0.24 | 0.2 | 0.3 | 5 |" in text
    assert "\nChosen: least error, with 5 nodes.\n" in text
    assert "| chosen | 5 | 0.12 | 0.24 | `365.25*a**(3/2)` |" in text
    assert "- note: one row left out" in text


def test_markdown_escapes_names() -> None:
    assert to_markdown(examples.summary(examples.result(target="a|b\n*c*"))).startswith("# a\\|b \\*c\\* from a\n")


def test_history_keeps_everything() -> None:
    history = History(lambda: 1.5)
    recorder = Recorders(history, SilentRecorder())
    examples.fake_fit()(examples.dataset(), examples.CONFIG, recorder, lambda: False)
    lines = [line.split(",", 1)[1] for line in history.csv().splitlines()]
    assert lines == [
        "event,detail,complexity,description_length,train_rmse,expression",
        "stage,training networks: structure 1 of 3,,,,",
        "best,,5,-19.0,0.12,365.25*a**(3/2)",
        'restart,"{""seed"": 0}",,,,',
    ]


def test_progress_shows_stage_formula_and_time() -> None:
    target = console(terminal=True)
    with Progress(target, "theta_1", lambda: 3.2, 60) as progress:
        progress.stage(Stage.NAME, "edge 2")
        progress.best(examples.result().best)
        progress.event("ignored", value=1)
    text = printed(target)
    assert "3 s of 60 s, naming edges: edge 2" in text
    assert "θ₁ = 365.2·a^(3/2)" in text
    assert "RMSE 0.12" in text


def test_progress_answers_ctrl_c() -> None:
    target = console(terminal=True)
    with Progress(target, "P", lambda: 0.0, 60, interrupted=lambda: True):
        pass
    assert "ending" in printed(target)


@pytest.mark.parametrize("target", [None, console(terminal=False)])
def test_progress_is_silent_elsewhere(target: Console | None) -> None:
    with Progress(target, "P", lambda: 0.0, 60) as progress:
        progress.stage(Stage.TRAIN)
        progress.best(examples.result().best)
    assert target is None or printed(target) == ""

"""The table of a benchmark, line by line while it runs, and its summary."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import asdict
from types import TracebackType

from rich.console import Console
from rich.text import Text

from kansr.bench import Score, Settings, Suite, summarise
from kansr.errors import FormulaError
from kansr.formula.names import unicode_expression
from kansr.formula.parse import CONSTANTS, FUNCTIONS, parse_expression
from kansr.text import visible

__all__ = ["BenchTable", "print_bench_summary", "to_json"]

_STYLES = {"clean": "green", "exact": "yellow", "-": "red"}
# A longer id is cut, so that the formula keeps some room on 80 columns.
_MAX_ID = 18


class BenchTable:
    """Prints a line for each finished problem; on a terminal a count of them stands below.

    Args:
        console: Where to print; lines are cut at its width.
        suite: The problems that are run.
    """

    def __init__(self, console: Console, suite: Suite) -> None:
        self._console = console
        self._id_width = min(max(len(p.id) for p in suite.problems), _MAX_ID)
        self._total = len(suite.problems)
        self._done = 0
        self._status = console.status(self._count())

    def __enter__(self) -> BenchTable:
        self._print(self._cells("id", "", "nrmse", "time", "size") + "formula", style="dim")
        if self._console.is_terminal:
            self._status.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._status.stop()

    def add(self, score: Score) -> None:
        """Prints the line of a problem."""
        mark = "clean" if score.clean else "exact" if score.recovered else "-"
        verdict = score.verdict
        nrmse = f"{verdict.nrmse:.1e}" if verdict else "-"
        size = f"{verdict.complexity}/{verdict.true_complexity}" if verdict else "-"
        line = Text(visible(self._cells(score.id, mark, nrmse, f"{score.wall:.1f} s", size) + _shown(score)))
        line.stylize(_STYLES[mark], self._id_width + 2, self._id_width + 2 + len(mark))
        self._print(line)
        self._done += 1
        self._status.update(self._count())

    def _cells(self, name: str, mark: str, nrmse: str, seconds: str, size: str) -> str:
        name = name if len(name) <= self._id_width else name[: self._id_width - 1] + "…"
        return f"{name:<{self._id_width}}  {mark:<5}  {nrmse:>7}  {seconds:>7}  {size:>7}  "

    def _print(self, line: str | Text, style: str = "") -> None:
        self._console.print(line, style=style, no_wrap=True, overflow="ellipsis")

    def _count(self) -> str:
        return f"{self._done} of {self._total} problems"


def _shown(score: Score) -> str:
    """The formula to read, or why there is none."""
    if score.verdict is None:
        return score.problem
    names = set(re.findall(r"[^\W\d]\w*", score.expression)) - {*FUNCTIONS, *CONSTANTS}
    try:
        return unicode_expression(parse_expression(score.expression, names), digits=4)
    except FormulaError:
        return score.expression


def print_bench_summary(console: Console, suite: Suite, scores: Sequence[Score]) -> None:
    """Prints what the suite came to, in two lines; one more if it was not run to its end."""
    n = len(scores)
    if n < len(suite.problems):
        console.print(f"Interrupted: {n} of {len(suite.problems)} problems were run.", style="yellow")
    if not scores:
        return
    total = summarise(scores)
    found = f"recovered {total.recovered}/{n}, clean {total.clean}/{n}, R² > 0.999 {total.accurate}/{n}"
    wall = f"wall median {total.wall_median:.1f} s, longest {total.wall_max:.1f} s"
    console.print(Text(visible(f"{suite.name}: {found}"), style="bold"))
    console.print(Text(f"{wall}; processor {total.cpu_total:.0f} s; peak memory {total.rss_mb_max} MB"))


def to_json(suite: Suite, settings: Settings, scores: Sequence[Score]) -> str:
    """The settings, the summary and all scores, as JSON."""
    content = {
        "suite": suite.name,
        "skipped": list(suite.skipped),
        "settings": asdict(settings),
        "summary": asdict(summarise(scores)) if scores else None,
        "scores": [score.record(settings) for score in scores],
    }
    return json.dumps(content, indent=2, allow_nan=False) + "\n"

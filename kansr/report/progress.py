"""Live progress of a search on a terminal."""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType

from rich.console import Console, RenderableType
from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from kansr.formula.names import unicode_equation
from kansr.report.numbers import error_text
from kansr.results import Candidate, Stage
from kansr.text import visible

__all__ = ["Progress"]

# A drawing takes a millisecond of the interpreter; more of them a second would slow the search.
_PER_SECOND = 4


class Progress:
    """A recorder that shows the stage, the best formula so far, its error and the time; silent unless on a terminal.

    Args:
        console: Where to draw, if anywhere; the lines are gone when the search ends.
        target: Name of the explained column.
        elapsed: Seconds since the start of the fit.
        time_limit: Seconds that it may take.
        interrupted: Whether the user has asked to end the search.
    """

    def __init__(
        self,
        console: Console | None,
        target: str,
        elapsed: Callable[[], float],
        time_limit: float,
        interrupted: Callable[[], bool] = lambda: False,
    ) -> None:
        self._target = target
        self._elapsed = elapsed
        self._time_limit = time_limit
        self._interrupted = interrupted
        self._stage = ""
        self._best: tuple[str, str] | None = None
        self._spinner = Spinner("dots")
        self._live = Live(
            console=console,
            get_renderable=self._draw,
            refresh_per_second=_PER_SECOND,
            transient=True,
            redirect_stdout=False,
        )
        self._shown = console is not None and console.is_terminal and not console.is_dumb_terminal

    def __enter__(self) -> Progress:
        if self._shown:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._shown:
            self._live.stop()

    def stage(self, stage: Stage, detail: str = "") -> None:
        """Shows the stage from now on."""
        self._stage = visible(": ".join(filter(None, (stage.value, detail))))

    def best(self, candidate: Candidate) -> None:
        """Shows the formula from now on."""
        if self._shown:
            part = next((p for p in ("validation", "train") if p in candidate.metrics), None)
            error = f"RMSE {error_text(candidate.metrics[part].rmse)}" if part else ""
            self._best = (visible(unicode_equation(candidate.expression, self._target, digits=4)), error)

    def event(self, name: str, **values: float | int | str) -> None:
        """Not shown."""

    def _draw(self) -> RenderableType:
        seconds = self._elapsed()
        grid = Table.grid(padding=(0, 1))
        grid.add_column(width=1)
        grid.add_column(no_wrap=True, overflow="ellipsis")
        clock = f"{seconds:.0f} s of {self._time_limit:.0f} s"
        doing = "ending (Ctrl-C again: at once)" if self._interrupted() else self._stage
        grid.add_row(self._spinner, Text(", ".join(filter(None, (clock, doing)))))
        if self._best is not None:
            formula, error = self._best
            grid.add_row("", Text(formula, style="green"))
            grid.add_row("", Text(error, style="dim"))
        return grid

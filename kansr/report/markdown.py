"""`report.md`: the report of a fit as Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from kansr.formula.names import format_expression, latex_expression
from kansr.report.numbers import error_text, part_text, r2_text, value_text
from kansr.results import Candidate, FitResult, Summary
from kansr.text import markdown_text

__all__ = ["to_markdown"]


def to_markdown(summary: Summary) -> str:
    """The whole report."""
    result = summary.result
    lines = [
        f"# {markdown_text(result.target)} from {markdown_text(', '.join(summary.table.features))}",
        "",
        f"$${latex_expression(result.best.expression, result.target)}$$",
        "",
        *(["**Not acceptable**: it explains the target no better than its mean does.", ""] * (not result.acceptable)),
        *_exact(result.best),
        *_errors(result.best),
        *_constants(result.best),
        *_front(result),
        *_origin(summary),
    ]
    return "\n".join(lines) + "\n"


def _exact(best: Candidate) -> Iterable[str]:
    yield "In full precision, in SymPy syntax:"
    yield ""
    yield f"    {format_expression(best.expression)}"
    yield ""


def _errors(best: Candidate) -> Iterable[str]:
    yield "## Errors, in the units of the target"
    yield ""
    rows = [
        (
            markdown_text(part_text(part)),
            r2_text(m.r2),
            error_text(m.rmse),
            error_text(m.mae),
            error_text(m.max_abs),
            str(m.rows),
        )
        for part, m in best.metrics.items()
    ]
    yield from _table(("rows of", "R²", "RMSE", "MAE", "max", "rows"), rows)


def _constants(best: Candidate) -> Iterable[str]:
    if best.constants:
        yield "## Constants, with standard errors"
        yield ""
        yield from _table(("name", "value"), [(markdown_text(c.name), value_text(c)) for c in best.constants])


def _front(result: FitResult) -> Iterable[str]:
    yield "## Simplest formulas for their error"
    yield ""
    if result.reason:
        yield f"Chosen: {markdown_text(result.reason)}."
        yield ""
    rows = [
        (
            "chosen" if candidate == result.best else "",
            str(candidate.complexity),
            *(error_text(m.rmse) for m in candidate.metrics.values()),
            f"`{format_expression(candidate.expression)}`",
        )
        for candidate in result.front
    ]
    parts = (f"RMSE, {markdown_text(part_text(part))}" for part in result.best.metrics)
    yield from _table(("", "complexity", *parts, "formula"), rows)


def _origin(summary: Summary) -> Iterable[str]:
    table = summary.table
    used = ", ".join(f"{count} {markdown_text(part_text(part))}" for part, count in table.rows.items() if count)
    yield "## Where it comes from"
    yield ""
    yield f"- table: {markdown_text(table.source)}, SHA-256 {markdown_text(table.sha256)}"
    yield f"- rows: {table.rows_read} read, {used}"
    yield f"- search: {summary.result.outcome.value}"
    yield f"- kansr {markdown_text(summary.version)}, seed {summary.seed}"
    yield from (f"- note: {markdown_text(note)}" for note in summary.notes)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterable[str]:
    yield _row(head)
    yield _row(["---"] * len(head))
    yield from map(_row, rows)
    yield ""


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"

"""Tables that nobody would write by hand, damaged files, and a command line that must cope with both.

`tests/test_fuzz.py` runs some hundred cases, `benchmarks/fuzz.py` as many as it is told to.
"""

from __future__ import annotations

import bz2
import contextlib
import csv
import gzip
import io
import json
import lzma
import os
import sys
import time
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
from hypothesis import strategies as st
from numpy.typing import NDArray

from kansr.cli import search as cli_search
from kansr.cli.main import main

__all__ = ["Outcome", "WrittenTable", "check", "damaged", "good_files", "kansr", "written_tables"]

_MISSING = ("", "NA", "NaN", "-", "n/a", "#N/A", "null", "?")
_ODD_NAMES = (
    "E",
    "I",
    "lambda",
    "mass [kg]",
    "θ",
    "ΔT",
    "a b",
    "x_1",
    "=1+1",
    "a/b",
    "50%",
    "\\alpha",
    "$x$",
    "pi",
    "N",
)
_ODD_CELLS = st.one_of(
    st.sampled_from(["1e300", "-1e300", "1e400", "inf", "-inf", "1e-320", "9" * 400, "0x1F", "=1+1", "1,2", "1.2.3"]),
    st.sampled_from(["'", '"', '""', "#", "\\", "\t", "−1", "１２", "TRUE", "2020-01-01", "5 kg", "$3", "5%"]),
    st.text(max_size=6),
    st.floats().map(repr),
    st.integers(-(10**25), 10**25).map(str),
)


@dataclass(frozen=True)
class Outcome:
    """How a command ended."""

    status: int
    stdout: str
    stderr: str
    seconds: float


def kansr(*arguments: str, stdin: bytes = b"") -> Outcome:
    """Runs a command line in this process."""
    out, err = io.TextIOWrapper(io.BytesIO(), "utf-8"), io.TextIOWrapper(io.BytesIO(), "utf-8")
    before, before_in, begun = sys.argv, sys.stdin, time.monotonic()
    cli_search.STARTED = begun  # what counts as the start of the process
    sys.argv, sys.stdin = ["kansr", *arguments], io.TextIOWrapper(io.BytesIO(stdin))
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            main()
    except SystemExit as ended:
        status = int(ended.code or 0)
    finally:
        sys.argv, sys.stdin = before, before_in
    out.flush()
    err.flush()
    shown = (stream.buffer.getvalue().decode() for stream in (out, err))  # type: ignore[attr-defined]
    return Outcome(status, *shown, time.monotonic() - begun)


def check(outcome: Outcome, seconds: float, allowed: tuple[int, ...] = (0, 3)) -> None:
    """A command may refuse, in one line with a hint, but neither fail nor hang."""
    assert outcome.status in allowed, outcome
    assert outcome.seconds < seconds, outcome
    assert "Traceback" not in outcome.stderr, outcome
    if outcome.status not in {0, 4}:
        lines = outcome.stderr.splitlines()
        errors = [i for i, line in enumerate(lines) if line.startswith("kansr: error: ")]
        assert len(errors) == 1, outcome
        assert lines[errors[0] + 1].startswith("hint: "), outcome
        assert len(lines) == errors[0] + 2, outcome
    for line in (outcome.stdout + outcome.stderr).split("\n"):
        assert not any(unicodedata.category(c) in {"Cc", "Cs", "Zl", "Zp"} for c in line), outcome


# --- tables whose values are known


@dataclass(frozen=True)
class WrittenTable:
    """A table as a file, with the numbers that were written into it."""

    content: bytes
    values: dict[str, NDArray[np.float64]]


@st.composite
def written_tables(draw: st.DrawFn) -> WrittenTable:
    """A table of numbers in one of the many ways in which people write them."""
    width, rows = draw(st.integers(2, 5)), draw(st.integers(3, 12))
    names = draw(st.lists(st.sampled_from(_ODD_NAMES), min_size=width, max_size=width, unique=True))
    delimiter, decimal = draw(
        st.sampled_from([(",", "."), (";", "."), (";", ","), ("\t", "."), ("\t", ","), ("|", ".")])
    )
    missing = draw(st.sampled_from(_MISSING))
    values, columns = {}, []
    for number, name in enumerate(names):
        # a gap in the first column of a one-digit table may look like anything: it has none
        cents = st.integers(-(10**8), 10**8).map(lambda n: n / 100)
        numbers = draw(st.lists(cents if number == 0 else st.none() | cents, min_size=rows, max_size=rows))
        style = draw(_styles(decimal, delimiter))
        values[name] = np.array([np.nan if n is None else n for n in numbers])
        columns.append([missing if n is None else style(n) for n in numbers])
    stream = io.StringIO()
    writer = csv.writer(
        stream,
        delimiter=delimiter,
        quoting=draw(st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL])),
        lineterminator=draw(st.sampled_from(["\n", "\r\n"])),
    )
    writer.writerow(names)
    writer.writerows(zip(*columns, strict=True))
    remark = draw(st.sampled_from(["", "# a remark\n", "# remark; one, two\n\n"]))
    encoding = draw(st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]))
    pack = draw(st.sampled_from([bytes, gzip.compress, lzma.compress, bz2.compress, _zstd]))
    return WrittenTable(pack((remark + stream.getvalue()).encode(encoding)), values)


def _styles(decimal: str, delimiter: str) -> st.SearchStrategy[Callable[[float], str]]:
    """Ways to write a number with two decimals: plain, with marks between thousands, with a sign or unit."""

    def style(thousands: str, before: str, behind: str) -> Callable[[float], str]:
        def write(number: float) -> str:
            text = f"{number:,.2f}".replace(",", "\0").replace(".", decimal).replace("\0", thousands)
            return f"{before}{text}{behind}"

        return write

    marks = [mark for mark in ("", ".", ",", "'", "\u202f") if mark not in {decimal, delimiter}]
    affixes = st.sampled_from([("", ""), ("$", ""), ("", " €"), ("", "%"), ("", " kg")])
    return st.tuples(st.sampled_from(marks), affixes).map(lambda drawn: style(drawn[0], *drawn[1]))


def _zstd(content: bytes) -> bytes:
    return bytes(pa.compress(content, "zstd", asbytes=True))


# --- damaged files


def good_files() -> dict[str, bytes]:
    """A small table in every kind of file."""
    a = np.arange(1.0, 13.0)
    frame = pd.DataFrame({"name": list("abcdabcdabcd"), "mass [kg]": a, "E": a**2, "y": 2 * a**1.5})
    text = frame.to_csv(index=False)
    buffers = {name: io.BytesIO() for name in ("t.xlsx", "t.parquet", "t.feather")}
    frame.to_excel(buffers["t.xlsx"], index=False)
    frame.to_parquet(buffers["t.parquet"], index=False)
    frame.to_feather(buffers["t.feather"])
    return {
        "t.csv": text.encode(),
        "german.csv": text.replace(",", ";").replace(".", ",").encode(),
        "t.txt": text.replace("mass [kg]", "mass").replace(",", " ").encode("utf-16"),
        "t.csv.gz": gzip.compress(text.encode()),
        "t.csv.zst": _zstd(text.encode()),
        **{name: buffer.getvalue() for name, buffer in buffers.items()},
    }


@st.composite
def damaged(draw: st.DrawFn, content: bytes) -> bytes:
    """A file with some cells or bytes changed, taken out, doubled or put in."""
    if content.isascii() and draw(st.integers(0, 2)):
        return draw(_with_odd_cells(content.decode())).encode("utf-8", "surrogatepass")
    data = bytearray(content)
    for _ in range(draw(st.integers(1, 4))):
        begin = draw(st.sampled_from(range(max(len(data), 1))))
        end = min(begin + draw(st.integers(1, 40)), len(data))
        change = draw(st.sampled_from(["cell", "cell", "text", "byte", "cut", "double", "double", "end"]))
        if change == "byte":
            data[begin : begin + 1] = bytes([draw(st.integers(0, 255))])
        elif change == "text":
            data[begin:begin] = draw(st.text(st.characters(exclude_categories=["Cc"]), max_size=5)).encode(
                "utf-8", "surrogatepass"
            )
        elif change == "cell":
            data[begin:end] = draw(_ODD_CELLS).encode("utf-8", "surrogatepass")
        elif change == "cut":
            del data[begin:end]
        elif change == "double":
            data[begin:begin] = data[begin:end]
        else:
            del data[begin:]
    return bytes(data)


@st.composite
def _with_odd_cells(draw: st.DrawFn, text: str) -> str:
    """A text table with some cells, rows or marks that do not belong there."""
    delimiter = ";" if ";" in text else ","
    rows = [line.split(delimiter) for line in text.splitlines()]
    for _ in range(draw(st.integers(1, 5))):
        row = draw(st.sampled_from(rows))
        place = draw(st.sampled_from(range(len(row))))
        change = draw(st.sampled_from(["cell", "cell", "cell", "repeat", "drop", "column"]))
        if change == "cell":
            row[place] = draw(_ODD_CELLS)
        elif change == "repeat":
            rows.insert(draw(st.integers(1, len(rows))), list(row))
        elif change == "drop" and len(row) > 1:
            del row[place]
        else:
            odd = draw(_ODD_CELLS)
            for other in rows[1:]:
                other[min(place, len(other) - 1)] = odd
    return "".join(delimiter.join(row) + "\n" for row in rows)


def reported_errors_hold(folder: Path, table: Path) -> None:
    """The formula of a run, evaluated from its text on the table that was read, has the errors that it claims."""
    from kansr.config import load_config
    from kansr.data import load
    from kansr.formula.evaluate import evaluate
    from kansr.formula.parse import parse_expression

    content = json.loads((folder / "formula.json").read_text())
    config = load_config(folder / "config.yaml", {"data": os.fspath(table)})
    data = load(config)
    expression = parse_expression(content["expression"], content["symbols"].values())
    columns = {content["symbols"][name]: data.x[:, j] for j, name in enumerate(data.features)}
    rows = data.split.train
    error = evaluate(expression, columns)[rows] - data.y[rows]
    claimed = content["metrics"]["train"]["rmse"]
    rmse = float(np.sqrt(np.mean(error**2)))
    assert np.isclose(rmse, claimed, rtol=1e-6, atol=1e-12 * float(np.abs(data.y).max())), (rmse, claimed)

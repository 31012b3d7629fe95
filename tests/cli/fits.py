"""Fits in processes of their own that can be killed.

The processes are forked from one that has imported everything, so that most of their time is the search's.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
from multiprocessing.context import ForkServerProcess
from pathlib import Path

__all__ = ["KEPLER", "fit", "start"]

KEPLER = Path(__file__).parents[2] / "sample_data" / "kepler.csv"
_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(["kansr.cli.main", "kansr.pipeline", "kansr.rundir", "kansr.report.progress"])


def start(*arguments: object, killed_at: int = 0) -> ForkServerProcess:
    """Starts `kansr` with these arguments.

    Args:
        arguments: Of the command line.
        killed_at: The call of `os.fsync` before which the process kills itself; never for 0.
    """
    process = _CONTEXT.Process(target=_kansr, args=([*map(str, arguments)], killed_at))
    process.start()
    return process


def fit(*arguments: object, killed_at: int = 0) -> int:
    """Fits Kepler's planets and waits for the exit status, which is negative for a signal."""
    process = start("fit", KEPLER, "--quiet", "--time-limit", 1000, *arguments, killed_at=killed_at)
    process.join()
    assert process.exitcode is not None
    return process.exitcode


def _kansr(arguments: list[str], killed_at: int) -> None:
    from kansr.cli.main import main

    sync, calls = os.fsync, iter(range(1, 1_000_000))

    def fsync(descriptor: int) -> None:
        if next(calls) == killed_at:
            os.kill(os.getpid(), signal.SIGKILL)
        sync(descriptor)

    os.fsync = fsync  # type: ignore[assignment]
    sys.argv = ["kansr", *arguments]
    main()

"""One fit as a process of its own, with the time and the memory that it took."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["FitProcess", "Usage"]

# `ru_maxrss` counts kilobytes, on macOS bytes.
_RSS_PER_MB = 1024**2 if sys.platform == "darwin" else 1024


@dataclass(frozen=True)
class Usage:
    """What a process took.

    Attributes:
        wall: Seconds from start to end.
        cpu: Seconds of processor time, of its children too.
        rss_mb: Peak memory in MB.
        exit: Exit status; negative for a signal.
        killed: Whether it was ended from outside, for it took too long.
        message: The error that it printed, or the last line.
    """

    wall: float
    cpu: float
    rss_mb: int
    exit: int
    killed: bool
    message: str


class FitProcess:
    """A running `kansr` with this interpreter and this installation.

    Ctrl-C does not reach it: it has a session of its own, so whoever starts it must end it.

    Args:
        arguments: Of the command line.
        deadline: Seconds after which it is killed.
    """

    def __init__(self, arguments: Sequence[str], deadline: float) -> None:
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the process
        self._started = time.monotonic()
        self._deadline = deadline
        # -P: a folder called `kansr` in the working directory must not be run instead.
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "kansr", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def poll(self) -> Usage | None:
        """What it took, once it has ended; kills it when its time is over."""
        pid, status, usage = os.wait4(self._process.pid, os.WNOHANG)
        killed = not pid and time.monotonic() - self._started > self._deadline
        if killed:
            os.killpg(self._process.pid, signal.SIGKILL)
            pid, status, usage = os.wait4(self._process.pid, 0)
        if not pid:
            return None
        self._process.returncode = os.waitstatus_to_exitcode(status)
        return Usage(
            wall=round(time.monotonic() - self._started, 2),
            cpu=round(usage.ru_utime + usage.ru_stime, 2),
            rss_mb=round(usage.ru_maxrss / _RSS_PER_MB),
            exit=self._process.returncode,
            killed=killed,
            message=self._message(),
        )

    def kill(self) -> None:
        """Ends it at once."""
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._log.close()

    def _message(self) -> str:
        with self._log as log:
            log.seek(0)
            lines = [line.strip() for line in log.read().decode(errors="replace").splitlines() if line.strip()]
        told = [line for line in lines if line.startswith("kansr: error:")]
        return (told or lines or [""])[-1]

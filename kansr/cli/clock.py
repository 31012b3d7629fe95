"""When the process started."""

from __future__ import annotations

import time

__all__ = ["STARTED"]

# On the clock of `time.monotonic`. The processor time used so far is nearly the time since the start: up to here the
# process only imported modules.
STARTED = time.monotonic() - time.process_time()

"""The program in this process."""

from __future__ import annotations

import sys

import pytest

from kansr.cli.main import main

__all__ = ["call_main"]


def call_main(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    """Runs a command line and gives its exit status."""
    monkeypatch.setattr(sys, "argv", ["kansr", *arguments])
    with pytest.raises(SystemExit) as stop:
        main()
    assert isinstance(stop.value.code, int)
    return stop.value.code

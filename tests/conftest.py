"""Shared by all tests."""

from __future__ import annotations

import time

import pytest
import torch

# The matrices of the tests are small: a second thread only waits for the first.
torch.set_num_threads(1)


@pytest.fixture
def generator() -> torch.Generator:
    """A source of random numbers, the same in every run."""
    return torch.Generator().manual_seed(7)


@pytest.fixture(autouse=True)
def begin(monkeypatch: pytest.MonkeyPatch) -> None:
    """Time limits count from the start of the process: for each test that is its own."""
    monkeypatch.setattr("kansr.cli.search.STARTED", time.monotonic())

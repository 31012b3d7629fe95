"""Shared by all tests."""

from __future__ import annotations

import pytest
import torch


@pytest.fixture
def generator() -> torch.Generator:
    """A source of random numbers, the same in every run."""
    return torch.Generator().manual_seed(7)

"""Where the grader is, and the tree in which a false lab is graded (fakes.py)."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from fakes import Tree  # noqa: E402


@pytest.fixture
def tree(tmp_path: Path) -> Iterator[Tree]:
    """Made anew for each test; what it started ends with it."""
    made = Tree(tmp_path)
    yield made
    for pid in made.qemus():
        os.kill(pid, signal.SIGKILL)

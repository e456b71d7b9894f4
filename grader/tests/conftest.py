"""The tree in which a false lab is graded (fakes.py)."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from grader.tests.fakes import Tree


@pytest.fixture
def tree(tmp_path: Path) -> Iterator[Tree]:
    """Made anew for each test; what it started ends with it."""
    made = Tree(tmp_path)
    yield made
    for pid in made.qemus():
        os.kill(pid, signal.SIGKILL)

"""git, by its commands: for `make unlock`, and for publishing the course.

Messages come in English, since some are looked at, and nothing asks questions.
Variables such as GIT_DIR, which a hook that calls make would hand on, are left
out: the folder says which repository is meant.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from tools.machine.errors import Trouble


def git_environment(**more: str) -> dict[str, str]:
    """Ours, without what would lead git elsewhere."""
    kept = {name: text for name, text in os.environ.items() if not name.startswith("GIT_")}
    return kept | {"LC_ALL": "C", "GIT_TERMINAL_PROMPT": "0", "GIT_EDITOR": "true"} | more


def git_run(folder: Path, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
    """Runs it there, with `more` in its environment; the caller looks at how it ended."""
    return subprocess.run(
        ["git", "-C", str(folder), *words],
        env=git_environment(**more),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )


def git(folder: Path, *words: str, **more: str) -> str:
    """What it prints; Trouble when it fails."""
    done = git_run(folder, *words, **more)
    if done.returncode:
        raise Trouble(f"git {' '.join(words)}: {done.stdout.strip()}")
    return done.stdout.rstrip("\n")


def git_object(folder: Path, name: str) -> str:
    """The id of a tag, a commit, ...; empty when there is none of this name."""
    done = git_run(folder, "rev-parse", "--verify", "--quiet", name)
    return "" if done.returncode else done.stdout.strip()

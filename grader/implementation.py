"""Whose files are marked, and what can be wrong with them before anything runs."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from pathlib import Path

from grader.load import Lab, place
from tools.machine.errors import Trouble
from tools.machine.machine import BUILD, ROOT

IMPLEMENTATIONS = ("labs", "solutions")


def is_given_header(word: str) -> bool:
    """Is this path a header of the given kernel?  Any of them may be included."""
    path = (ROOT / word).resolve()
    return path.suffix == ".h" and path.is_relative_to(ROOT / "kernel")


@dataclass(frozen=True)
class Implementation:
    """Whose files are marked: labs, solutions, or those in a directory."""

    lab: Lab
    word: str  # "labs", "solutions"; or the directory's name, for the stage
    files: Path | None = None

    @property
    def stage(self) -> str:
        """The folder in build/."""
        return self.lab.name + ("" if self.word == "labs" else f".{self.word}")

    @property
    def build(self) -> Path:
        """Where it is built."""
        return BUILD / self.stage

    @property
    def source(self) -> Path:
        """Where its files are."""
        return self.files or ROOT / self.word / self.lab.name

    def variables(self) -> list[str]:
        """What make must be given."""
        words = [f"LAB={self.lab.number}"]
        if self.files:
            words += [f"FILES={place(self.files)}", f"NAME={self.word}"]
        elif self.word != "labs":
            words.append(f"IMPL={self.word}")
        return words


def choose_implementation(lab: Lab, word: str, name: str = "") -> Implementation:
    """labs, solutions, or a directory."""
    if word in IMPLEMENTATIONS:
        if not (ROOT / word / lab.name).is_dir():
            raise Trouble(f"there is no {word}/{lab.name}")
        return Implementation(lab, word)
    files = Path(word).absolute()
    if not files.is_dir():
        raise Trouble(f"--impl {word}: this is neither labs, solutions nor a directory")
    if not re.fullmatch(r"[\w./+,@%^~-]+", str(files)):
        raise Trouble(
            f"--impl {ascii(word)}: make can only work in a directory whose path has no blanks "
            "and signs; rename it, or make a link to it"
        )
    if not any((files / file).is_file() for file in lab.files):
        raise Trouble(f"--impl {word}: no {' or '.join(lab.files)} is there")
    if not name:  # the same each time, and another one for each directory
        digest = hashlib.sha256(str(files).encode()).hexdigest()[:6]
        name = re.sub(r"[^\w-]", "-", files.name) + "-" + digest
    return Implementation(lab, name, files)


@dataclass
class Failure:
    """Why the student's files do not build."""

    summary: str
    lines: list[str] = field(default_factory=list)

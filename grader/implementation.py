"""Whose files are marked, and what can be wrong with them before anything runs."""

from __future__ import annotations

import hashlib
import os
import re
import shlex
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

    @property
    def handed_in(self) -> Path:
        """Where a copy is kept of files that come from elsewhere: see intake.py."""
        return self.build / "handed-in"

    @property
    def temporary(self) -> Path:
        """Where the compiler has its temporary files."""
        return self.build / "tmp"

    def variables(self) -> list[str]:
        """What a person gives make."""
        return self.make_variables(self.files)

    def make_variables(self, files: Path | None) -> list[str]:
        """The same, with these files."""
        words = [f"LAB={self.lab.number}"]
        if files:
            words += [shlex.quote(f"FILES={place(files)}"), f"NAME={self.word}"]
        elif self.word != "labs":
            words.append(f"IMPL={self.word}")
        return words


def choose_implementation(lab: Lab, word: str, name: str = "") -> Implementation:
    """labs, solutions, or a directory."""
    if word in IMPLEMENTATIONS:
        if not (ROOT / word / lab.name).is_dir():
            raise Trouble(f"there is no {word}/{lab.name}")
        return Implementation(lab, word)
    files = Path(word).resolve()  # then decide: the folder itself may be a link
    if not files.is_dir():
        raise Trouble(f"--impl {word}: this is neither labs, solutions nor a directory")
    for own in ("solutions", "released"):
        if files.is_relative_to(ROOT / own):
            raise Trouble(f"--impl {word} leads to this course's own {own}: nobody handed that in")
    if not any(os.path.lexists(files / file) for file in lab.files):
        raise Trouble(f"--impl {word}: no {' or '.join(lab.files)} is there")
    return Implementation(lab, stage_word(name, files), files)


def stage_word(name: str, files: Path) -> str:
    """Names a stage: without a name the same each time, and another one for each directory.

    It becomes a part of file names, so other characters than a name's give way to
    "-", and a sum keeps apart what then looks alike.
    """
    word = re.sub(r"[^A-Za-z0-9_.-]", "-", name or files.name)
    if name and word == name:
        return name
    return word + "-" + hashlib.sha256(f"{name} {files}".encode()).hexdigest()[:6]


@dataclass
class Failure:
    """Why the student's files do not build."""

    summary: str
    lines: list[str] = field(default_factory=list)

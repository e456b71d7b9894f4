"""What a student gets: which files of this tree, and which instead of them.

The files of one lab are those in labs/ and handouts/ with its number, as in
labs/03-blocking/ or handouts/figures/03-waiting.svg.  All others are there from
the first lab on, so a later lab only adds files, and its line in LABS.md.

Nothing is published by accident: a folder at the top goes to students when it
is in PUBLISHED, and what is in LEFT_OUT does not.  A document that speaks of
what students do not have is adapted as it is copied (student_text()), or has
its student's form in tools/course/student/, which lies over the rest.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from grader.load import Lab

STUDENT = Path("tools/course/student")
INDEX = "LABS.md"

PUBLISHED = {
    *(".clang-format", ".editorconfig", ".gitattributes", ".gitignore"),
    *("LICENSE", "Makefile", "README.md"),
    *("bench", "docs", "grader", "handouts", "kernel", "labs", "mk", "tools", "user"),
}

# Files, and folders with all that is in them.
LEFT_OUT = {
    "grader/proof",
    "handouts/instructor",
    "tools/check",
    "tools/checks",
    "tools/course/README.md",
    "tools/course/publish.py",
    "tools/course/student",
    "tools/course/tree.py",
    "tools/tests",
}


def is_published(path: Path) -> bool:
    """Does a student get it, with some lab?"""
    if path.parts[0] not in PUBLISHED:
        return False
    return not any(str(folder) in LEFT_OUT for folder in (path, *path.parents))


def lab_number(path: Path) -> int:
    """Of which lab it is; 0 when it is of all."""
    if path.parts[0] in ("labs", "handouts"):
        for part in path.parts[1:]:
            if found := re.match(r"(\d\d)-", part):
                return int(found[1])
    return 0


# ---- documents ----

MAINTAINERS_PART = re.compile(
    r"^<!-- maintainers -->\n.*?^<!-- /maintainers -->\n\n?", re.MULTILINE | re.DOTALL
)
MAINTAINERS_VERB = re.compile(r"^([a-z-]+):.*##m ", re.MULTILINE)


class Adapter:
    """Takes out of a document what students do not have."""

    def __init__(self, source: Path) -> None:
        makefile = (source / "Makefile").read_text(encoding="utf-8")
        self.verbs = {f"make {verb}" for verb in MAINTAINERS_VERB.findall(makefile)}
        self.source = source

    def is_missing(self, word: str, folder: Path) -> bool:
        """Is this file, or this command, none of a student's?"""
        path = folder / word
        return word in self.verbs or ((self.source / path).exists() and not is_published(path))

    def keeps(self, line: str, folder: Path) -> bool:
        """A row of a table goes when nothing that its first cell names is left."""
        if not line.startswith("|"):
            return True
        named = re.findall(r"`([^`]+)`", line.split("|")[1])
        return not named or not all(self.is_missing(word, folder) for word in named)

    def student_text(self, text: str, folder: Path) -> str:
        """A document of this folder, without the maintainers' parts and rows."""
        text = MAINTAINERS_PART.sub("", text)
        return "".join(line for line in text.splitlines(True) if self.keeps(line, folder))


# ---- copying ----


def copy(source: Path, target: Path) -> None:
    """With its mode; a link stays a link."""
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy2(source, target, follow_symlinks=False)


def files_in(folder: Path) -> list[Path]:
    """Every file below, as paths from there, in order."""
    return sorted(
        path.relative_to(folder)
        for path in folder.rglob("*")
        if path.is_symlink() or path.is_file()
    )


def copy_published(source: Path, target: Path, number: int) -> None:
    """The files of the lab with this number, or of all labs: 0."""
    adapter = Adapter(source)
    for path in files_in(source):
        if not is_published(path) or lab_number(path) != number:
            continue
        copy(source / path, target / path)
        if path.suffix == ".md" and not path.is_symlink():
            text = (source / path).read_text(encoding="utf-8")
            (target / path).write_text(adapter.student_text(text, path.parent), encoding="utf-8")


def add_given(source: Path, target: Path) -> None:
    """What all the labs need."""
    copy_published(source, target, 0)
    for path in files_in(source / STUDENT):
        copy(source / STUDENT / path, target / path)


def add_lab(source: Path, target: Path, lab: Lab) -> None:
    """A lab's own files, and its line in the index."""
    copy_published(source, target, lab.number)
    row = f"| {lab.number} | [{lab.title}]({lab.handout}) | `labs/{lab.name}/` | {lab.hours} |\n"
    with open(target / INDEX, "a", encoding="utf-8") as index:
        index.write(row)


def add_released(target: Path, lab: Lab, objects: list[Path]) -> None:
    """The reference's objects, for the labs after this one."""
    for made in objects:
        copy(made, target / "released" / lab.name / made.name)

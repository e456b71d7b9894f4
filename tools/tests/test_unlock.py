"""`make unlock`, on a small course: whatever is wrong is told, and no work is lost."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tools.course.gitcmd import git, git_object
from tools.machine.machine import ROOT

NEEDED = ("tools/__init__.py", "tools/machine/__init__.py", "tools/course/__init__.py")
NEEDED += ("tools/machine/machine.py", "tools/machine/errors.py")
NEEDED += ("tools/course/unlock.py", "tools/course/gitcmd.py")
NEEDED += ("grader/__init__.py", "grader/load.py")

# Gives the mark that stands in the file `mark`; no mark when there is none.
GRADER = """\
import json, pathlib, sys
mark = pathlib.Path("mark")
if not mark.exists():
    sys.exit(2)
result = pathlib.Path(sys.argv[sys.argv.index("--json") + 1])
result.write_text(json.dumps({"points": int(mark.read_text()), "of": 100}))
assert sys.argv[1] == "grade"
print("graded", sys.argv[3])
sys.exit(1)
"""

LAB = """\
number = {number}
title = "Mechanism {number}"
files = ["engine.c"]
[[test]]
name = "works"
exercise = "{number}.1"
points = 100
"""


def write(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def new_repository(folder: Path) -> None:
    git(folder.parent, "init", "--quiet", "--initial-branch=main", str(folder))
    git(folder, "config", "user.name", "Ann")
    git(folder, "config", "user.email", "ann@example.org")


def commit(folder: Path, words: str) -> str:
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "-m", words)
    return git_object(folder, "HEAD")


def publish(folder: Path, number: int) -> None:
    """Adds a lab to a course, with its tag."""
    name = f"labs/{number:02}-mechanism"
    write(folder, {f"{name}/lab.toml": LAB.format(number=number), f"{name}/engine.c": "todo\n"})
    with open(folder / "LABS.md", "a", encoding="utf-8") as index:
        index.write(f"lab {number}\n")
    commit(folder, f"Lab {number}")
    git(folder, "tag", f"lab-{number:02}")


def make_course(folder: Path) -> None:
    """With lab 1."""
    new_repository(folder)
    for file in NEEDED:
        write(folder, {file: (ROOT / file).read_text(encoding="utf-8")})
    given = {"grader/__main__.py": GRADER, "course.toml": "threshold = 60\n"}
    write(folder, given | {".gitignore": "mark\n__pycache__/\n", "LABS.md": "labs\n"})
    shutil.copy(ROOT / "tools/course/student/.gitattributes", folder)
    publish(folder, 1)


class Student:
    """Has a clone of a course."""

    def __init__(self, scratch: Path) -> None:
        self.course, self.folder = scratch / "course", scratch / "student"
        make_course(self.course)
        git(scratch, "clone", "--quiet", str(self.course), str(self.folder))
        git(self.folder, "config", "user.name", "Bo")
        git(self.folder, "config", "user.email", "bo@example.org")

    def has(self, mark: int) -> None:
        write(self.folder, {"mark": f"{mark}\n"})

    def writes(self, files: dict[str, str]) -> str:
        write(self.folder, files)
        return commit(self.folder, "my work")

    def unlock(self, *options: str) -> tuple[int, str]:
        done = subprocess.run(
            [sys.executable, "-m", "tools.course.unlock", *options],
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=False,
        )
        return done.returncode, done.stdout + done.stderr

    def is_refused(self, words: str, *options: str) -> None:
        """It says so, and nothing has changed."""
        before = self.state()
        status, text = self.unlock(*options)
        assert words in text
        assert status == 1
        assert self.state() == before
        assert "Traceback" not in text

    def state(self) -> tuple[str, str, dict[str, bytes]]:
        files = {
            str(path.relative_to(self.folder)): path.read_bytes()
            for path in self.folder.rglob("*")
            if path.is_file() and not {".git", "__pycache__"} & set(path.parts)
        }
        return git_object(self.folder, "HEAD"), git(self.folder, "status", "--porcelain"), files


@pytest.fixture
def student(tmp_path: Path) -> Student:
    """With lab 1, and lab 2 published meanwhile."""
    made = Student(tmp_path)
    publish(made.course, 2)
    return made


def test_enough_points_take_the_next_lab(student: Student) -> None:
    mine = student.writes({"labs/01-mechanism/engine.c": "done\n", "notes.md": "mine\n"})
    student.has(mark=60)
    status, text = student.unlock()
    assert status == 0
    assert "graded 01-mechanism" in text
    assert "Lab 2 is here: Mechanism 2." in text
    assert "handouts/02-mechanism.md" in text
    assert (student.folder / "labs/01-mechanism/engine.c").read_text() == "done\n"
    assert (student.folder / "labs/02-mechanism/engine.c").read_text() == "todo\n"
    assert git(student.folder, "merge-base", mine, "HEAD") == mine


def test_too_few_points_do_not(student: Student) -> None:
    student.has(mark=59)
    student.is_refused("lab 1 has 59 points, and 60 are needed")


def test_no_mark_is_not_zero_points(student: Student) -> None:
    student.is_refused("the grader could not work, so there is no mark")


def test_force_needs_no_mark(student: Student) -> None:
    assert student.unlock("--force")[0] == 0
    assert (student.folder / "labs/02-mechanism").is_dir()


def test_one_after_the_other(student: Student) -> None:
    student.has(mark=100)
    publish(student.course, 3)
    assert "graded 01-mechanism" in student.unlock()[1]
    assert not (student.folder / "labs/03-mechanism").exists()
    assert "graded 02-mechanism" in student.unlock()[1]
    assert (student.folder / "labs/03-mechanism").is_dir()
    assert (student.folder / "LABS.md").read_text() == "labs\nlab 1\nlab 2\nlab 3\n"


def test_the_index_may_have_lines_of_ones_own(student: Student) -> None:
    student.writes({"LABS.md": "labs\nlab 1\nit took me nine hours\n"})
    assert student.unlock("--force")[0] == 0
    lines = (student.folder / "LABS.md").read_text().splitlines()
    assert sorted(lines) == ["it took me nine hours", "lab 1", "lab 2", "labs"]


def test_uncommitted_work(student: Student) -> None:
    write(student.folder, {"labs/01-mechanism/engine.c": "half\n"})
    student.is_refused("changes that are not committed:\n     M labs/01", "--force")
    git(student.folder, "add", "--all")
    student.is_refused("changes that are not committed:\n    M  labs/01", "--force")


def test_new_files_may_stay_as_they_are(student: Student) -> None:
    write(student.folder, {"notes.md": "mine\n"})
    assert student.unlock("--force")[0] == 0
    assert (student.folder / "notes.md").read_text() == "mine\n"


def test_a_new_file_in_the_way(student: Student) -> None:
    write(student.folder, {"labs/02-mechanism/engine.c": "mine\n"})
    student.is_refused("there is no labs/02-mechanism/lab.toml", "--force")
    shutil.rmtree(student.folder / "labs/02-mechanism")
    write(student.folder, {"handouts/02-mechanism.md": "mine\n"})
    write(student.course, {"handouts/02-mechanism.md": "the text\n"})
    commit(student.course, "with its text")
    git(student.course, "tag", "--force", "lab-02")
    student.is_refused("handouts/02-mechanism.md", "--force")


def test_a_committed_file_in_the_way(student: Student) -> None:
    write(student.course, {"handouts/02-mechanism.md": "the text\n"})
    commit(student.course, "with its text")
    git(student.course, "tag", "--force", "lab-02")
    student.writes({"handouts/02-mechanism.md": "mine\n"})
    student.is_refused("files that you have otherwise:\n    handouts/02-mechanism.md", "--force")


def test_on_no_branch(student: Student) -> None:
    git(student.folder, "checkout", "--quiet", "--detach")
    student.is_refused("on no branch", "--force")


def test_nobody_by_name(student: Student, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    student.writes({"notes.md": "one\n"})
    monkeypatch.setenv("HOME", str(tmp_path / "nobody"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "nobody"))
    for key, text in (("user.useConfigOnly", "true"), ("user.name", ""), ("user.email", "")):
        git(student.folder, "config", key, text)
    student.is_refused("git does not know who you are", "--force")


def test_in_the_middle_of_a_merge(student: Student) -> None:
    git(student.folder, "checkout", "--quiet", "-b", "other")
    student.writes({"notes.md": "one\n"})
    git(student.folder, "checkout", "--quiet", "main")
    student.writes({"more.md": "two\n"})
    git(student.folder, "merge", "--quiet", "--no-commit", "other")
    student.is_refused("a merge is under way", "--force")


def test_nothing_more(student: Student) -> None:
    student.unlock("--force")
    student.is_refused("nothing more to unlock: origin has no tag lab-03")
    git(student.folder, "remote", "remove", "origin")
    student.is_refused("there is no tag lab-03 here, and no remote")


def test_the_remote_is_away(student: Student, tmp_path: Path) -> None:
    student.course.rename(tmp_path / "elsewhere")
    student.is_refused("origin cannot be asked: ", "--force")


def test_a_fork_has_the_course_upstream(student: Student, tmp_path: Path) -> None:
    git(tmp_path, "clone", "--quiet", "--no-tags", str(student.folder), str(tmp_path / "fork"))
    git(student.folder, "remote", "set-url", "origin", str(tmp_path / "fork"))
    student.is_refused("origin has no tag lab-02", "--force")
    git(student.folder, "remote", "add", "upstream", str(student.course))
    assert student.unlock("--force")[0] == 0


def test_published_anew(student: Student) -> None:
    shutil.rmtree(student.course)
    make_course(student.course)
    write(student.course, {"other": "start\n"})
    git(student.course, "add", "--all")
    git(student.course, "commit", "--quiet", "--amend", "-m", "Another start")
    publish(student.course, 2)
    student.is_refused("lab-02 does not continue this repository", "--force")


def test_a_lab_that_was_deleted(student: Student) -> None:
    student.unlock("--force")
    git(student.folder, "rm", "-r", "--quiet", "labs/02-mechanism")
    commit(student.folder, "gone")
    student.is_refused("lab-02 is merged already", "--force")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (None, "there is no course.toml"),
        ("", "course.toml has no threshold"),
        ("threshold = sixty\n", "course.toml has no threshold"),
        ("threshold = 160\n", "threshold is 160, and not a number from 0 to 100"),
    ],
)


def test_bad_settings(student: Student, text: str | None, words: str) -> None:
    git(student.folder, "rm", "--quiet", "course.toml")
    student.writes({"x": "y\n"} if text is None else {"course.toml": text})
    student.is_refused(words)


def test_no_repository(student: Student) -> None:
    shutil.rmtree(student.folder / ".git")
    status, text = student.unlock()
    assert (status, "no git repository of its own" in text) == (1, True)

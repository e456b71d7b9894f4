"""Which files students get, and what is left of a document that speaks of more."""

from __future__ import annotations

from pathlib import Path

import pytest

from grader.load import Lab
from tools.course.tree import LEFT_OUT, STUDENT, Adapter, add_given, add_lab, is_published, lab_number
from tools.machine.machine import ROOT

LAB = Lab(Path("labs/02-two"), 2, "The second", "9", ("two.c",), (), ())


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A tree with two labs."""
    texts = {
        "Makefile": "grade: x ## Mark\nsoak: x ##m Mark often\n",
        "solutions/01-one/one.c": "reference\n",
        "labs/01-one/one.c": "starter\n",
        "labs/02-two/two.c": "starter\n",
        "handouts/01-one.md": "text\n",
        "handouts/figures/02-two.svg": "picture\n",
        "handouts/instructor/01-one.md": "answers\n",
        "grader/__main__.py": "",
        "grader/proof/mutants.py": "",
        "grader/proof/mutants/01-one/wrong.patch": "",
        "kernel/ipc/02-two/locked.c": "locked\n",
        "secret/exam.md": "",
        "README.md": "for maintainers\n",
        f"{STUDENT}/README.md": "for students\n",
        f"{STUDENT}/LABS.md": "labs\n",
    }
    for name, text in texts.items():
        path = tmp_path / "source" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path / "source"


def names(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def test_what_is_left_out_exists() -> None:
    assert [name for name in sorted(LEFT_OUT) if not (ROOT / name).exists()] == []


@pytest.mark.parametrize(
    ("path", "number"),
    [
        ("labs/03-blocking/tests/k_x.c", 3),
        ("handouts/03-blocking.md", 3),
        ("handouts/figures/03-waiting.svg", 3),
        ("handouts/README.md", 0),
        ("kernel/ipc/03-blocking/locked.c", 0),
    ],
)


def test_of_which_lab_a_file_is(path: str, number: int) -> None:
    assert lab_number(Path(path)) == number


def test_what_is_not_listed_is_not_published() -> None:
    assert is_published(Path("kernel/mm/page.c"))
    assert is_published(Path("grader/__main__.py"))
    for name in ("secret/exam.md", "solutions/01-one/one.c", ".ci/run", "grader/proof/mutants.py"):
        assert not is_published(Path(name))
    assert not is_published(Path("tools/checks/source.py"))


def test_the_given_files(source: Path, tmp_path: Path) -> None:
    add_given(source, tmp_path / "out")
    expected = {"Makefile", "README.md", "LABS.md", "grader/__main__.py", "kernel/ipc/02-two/locked.c"}
    assert names(tmp_path / "out") == expected
    assert (tmp_path / "out/README.md").read_text() == "for students\n"


def test_a_lab_only_adds_files_and_a_line(source: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    add_given(source, out)
    before = names(out)
    add_lab(source, out, LAB)
    assert names(out) - before == {"labs/02-two/two.c", "handouts/figures/02-two.svg"}
    line = "| 2 | [The second](handouts/02-two.md) | `labs/02-two/` | 9 |\n"
    assert (out / "LABS.md").read_text() == "labs\n" + line


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("one\n<!-- maintainers -->\ntwo\n\nthree\n<!-- /maintainers -->\n\nfour\n", "one\nfour\n"),
        ("| file | what |\n| `proof/mutants.py` | wrong |\n| `__main__.py` | marks |\n", None),
        ("| `proof/mutants.py`, `proof/mutants/` | wrong |\n", ""),
        ("| `__main__.py`, `proof/mutants.py` | both |\n", "| `__main__.py`, `proof/mutants.py` | both |\n"),
        ("| `make soak` | often |\n| `make grade` | once |\n", "| `make grade` | once |\n"),
        ("text with `proof/mutants.py`\n", "text with `proof/mutants.py`\n"),
    ],
)


def test_documents_are_adapted(source: Path, text: str, left: str | None) -> None:
    if left is None:
        left = "| file | what |\n| `__main__.py` | marks |\n"
    assert Adapter(source).student_text(text, Path("grader")) == left

"""lab.toml: every mistake is one line that names file, table, key and the nearest key."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from grader.load import DEFAULT_LIMIT, find_lab, load_lab
from grader.tests.fakes import LAB
from tools.machine.errors import Trouble

FULL = """\
number = 9
title = "Everything"
hours = "8 to 12"
files = ["work.c", "more.c"]
interface = ["printk"]

[[test]]
name = "all_keys"
exercise = "9.1"
points = 100
kind = "kernel"
cpus = [1, 2, 4]
sched = { random = 200, pct = 100, jitter = 100 }
limit_instructions = 2_000_000_000
needs = []
emulators = ["qemu"]
expect = "panic"
panic_says = ["taken at .*work\\\\.c"]
hint = "Look there."

[[test]]
name = "challenge"
exercise = "9.2"
points = 0
extra = 10
"""


def load(tmp_path: Path, text: str):
    folder = tmp_path / "09-fake"
    folder.mkdir(exist_ok=True)
    (folder / "lab.toml").write_text(text)
    return load_lab(folder)


def test_everything_is_read(tmp_path: Path) -> None:
    lab = load(tmp_path, FULL)
    assert (lab.name, lab.suite, lab.number) == ("09-fake", "09", 9)
    test, challenge = lab.tests
    assert test.cpus == (1, 2, 4)
    assert test.limit == 2_000_000_000
    assert test.panic_says == (r"taken at .*work\.c",)
    assert (challenge.points, challenge.extra) == (0, 10)


DEFAULTS = """\
[defaults]
cpus = [1, 2]
sched = { random = 5 }
limit_instructions = 700

[[test]]
"""


def test_defaults_are_of_tests_that_say_nothing_else(tmp_path: Path) -> None:
    text = LAB.replace("[[test]]\n", DEFAULTS, 1)
    text = text.replace("points = 40", "points = 40\ncpus = [4]\nsched = {}\nlimit_instructions = 9")
    first, second = load(tmp_path, text).tests
    assert (first.cpus, first.sched, first.limit) == ((1, 2), {"random": 5}, 700)
    assert (second.cpus, second.sched, second.limit) == ((4,), {}, 9)


def test_of_the_defaults_an_outside_half_has_cpus_alone(tmp_path: Path) -> None:
    text = LAB.replace("[[test]]\n", DEFAULTS, 1).replace("points = 60", 'points = 60\nkind = "peer"')
    (tmp_path / "09-fake/tests").mkdir(parents=True)
    (tmp_path / "09-fake/tests/first.py").write_text("")
    first, second = load(tmp_path, text).tests
    assert (first.cpus, first.sched, first.limit) == ((1, 2), {}, DEFAULT_LIMIT)
    assert second.limit == 700


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("limit_instruction = 9", r'lab.toml: \[defaults\]: unknown key "limit_instruction"; did you mean limit_instructions'),
        ("points = 9", r'\[defaults\]: unknown key "points"; there is cpus, sched, limit_instructions'),
        ("cpus = 2", r"\[defaults\]: cpus must be a list of numbers, and is 2"),
        ("cpus = [9]", r"\[defaults\]: cpus must be numbers from 1 to 8, and is \[9\]"),
        ("sched = { pxt = 1 }", r'\[defaults\]: sched: unknown key "pxt"; did you mean pct'),
        ("limit_instructions = 0", r"\[defaults\]: limit_instructions must be above 0"),
    ],
)


def test_a_mistake_in_the_defaults_is_one_readable_line(
    tmp_path: Path, line: str, words: str
) -> None:
    with pytest.raises(Trouble, match=words) as raised:
        load(tmp_path, LAB.replace("[[test]]\n", f"[defaults]\n{line}\n\n[[test]]\n", 1))
    assert "\n" not in str(raised.value)


def test_the_selector_is_what_the_kernel_reads(tmp_path: Path) -> None:
    test = load(tmp_path, FULL).tests[0]
    full = "09/all_keys:random=200:pct=100:jitter=100:limit=2000000000"
    assert test.selector("09") == full
    assert test.selector("09", seeds=False) == "09/all_keys:limit=2000000000"


def test_a_strategy_without_seeds_is_not_asked_for(tmp_path: Path) -> None:
    text = LAB.replace("points = 60", "points = 60\nsched = { random = 0 }")
    assert "random" not in load(tmp_path, text).tests[0].selector("09")


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        (
            "points = 60",
            "pionts = 60",
            r'\[\[test\]\] 1 \(first\): unknown key "pionts"; did you mean points\?',
        ),
        ("points = 60", "", r'\(first\): the key "points" is missing'),
        ("points = 60", 'points = "60"', r"\(first\): points must be a whole number, and is '60'"),
        ("points = 60", "points = true", "points must be a whole number, and is True"),
        ("points = 60", "points = -60", "points is less than 0"),
        ("points = 60", "points = 0", "it is worth nothing"),
        ("points = 60", "points = 61", "the points of all tests add up to 101, not 100"),
        ("points = 60", "points = 60\ncpus = 2", "cpus must be a list of numbers, and is 2"),
        (
            "points = 60",
            "points = 60\ncpus = [0]",
            r"cpus must be numbers from 1 to 8, and is \[0\]",
        ),
        ("points = 60", "points = 60\ncpus = [2, 2]", "cpus names a number twice"),
        (
            "points = 60",
            "points = 60\nsched = { randm = 3 }",
            'sched: unknown key "randm"; did you mean random',
        ),
        (
            "points = 60",
            "points = 60\nsched = { pct = 'x' }",
            "sched: pct must be a number of seeds",
        ),
        (
            "points = 60",
            'points = 60\nkind = "kernl"',
            'kind = "kernl" is nothing known; did you mean kernel',
        ),
        (
            "points = 60",
            'points = 60\nexpect = "panik"',
            'expect = "panik" is nothing known; did you mean panic',
        ),
        ("points = 60", 'points = 60\npanic_says = ["x"]', 'panic_says needs expect = "panic"'),
        ("points = 60", 'points = 60\nexpect = "panic"\npanic_says = ["("]', r'"\(" is no pattern'),
        (
            "points = 60",
            'points = 60\nexpect = "panic"\ndeadlock_says = ["x"]',
            'deadlock_says needs expect = "deadlock"',
        ),
        (
            "points = 60",
            "points = 60\nlimit_instructions = 0",
            "limit_instructions must be above 0",
        ),
        ("points = 60", "points = 60\nlimit_instruction = 9", "did you mean limit_instructions"),
        ('"9.1"', '"8.1"', r'exercise must look like "9.1", and is "8.1"'),
        ('"second"', '"first"', r"\[\[test\]\] 2 \(first\): another test has this name"),
        ('"second"', '"se cond"', "a name is made of letters, digits and _"),
        ("interface", "interfaces", r'lab.toml: unknown key "interfaces"; did you mean interface'),
        ("[[test]]", "[[tests]]", 'unknown key "tests"; did you mean test'),
        ('["work.c"]', '["../work.c"]', r'files: "\.\./work\.c" is no name of a C file'),
        ("number = 9", "number = 8", "number = 8 in 09-fake"),
        ("number = 9", "number = = 9", r"lab.toml:1:10: Invalid value"),
        ("[[test]]", "[test]", "lab.toml:12:6: Cannot declare"),
    ],
)


def test_a_mistake_is_one_readable_line(tmp_path: Path, old: str, new: str, line: str) -> None:
    assert old in LAB
    with pytest.raises(Trouble) as raised:
        load(tmp_path, LAB.replace(old, new))
    text = str(raised.value)
    assert re.search(line, text), text
    assert "lab.toml" in text
    assert "\n" not in text


def test_a_file_that_is_no_text(tmp_path: Path) -> None:
    folder = tmp_path / "09-fake"
    folder.mkdir()
    (folder / "lab.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(Trouble, match="no UTF-8 text"):
        load_lab(folder)


def test_a_lab_has_three_names(tmp_path: Path) -> None:
    for name in ("01-one", "09-fake"):
        (tmp_path / name).mkdir()
    assert find_lab("", tmp_path).name == "09-fake"
    assert {find_lab(word, tmp_path).name for word in ("1", "01", "01-one")} == {"01-one"}
    with pytest.raises(Trouble, match="there is no lab 3; there is 01-one, 09-fake"):
        find_lab("3", tmp_path)


def test_no_traceback_on_the_command_line(tree) -> None:
    tree.toml(LAB.replace("points = 60", "pionts = 60"))
    done = tree.grade()
    assert done.status == 2
    assert done.err == (
        'grade: labs/09-fake/lab.toml: [[test]] 1 (first): unknown key "pionts"; '
        "did you mean points?\n"
    )
    assert done.out == ""

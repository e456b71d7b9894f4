"""The programs that try the grader: a mutant that is not caught must show; patches and folders."""

from __future__ import annotations

from pathlib import Path

import pytest

from grader.load import Lab, Test
from grader.proof import adversaries, mutants
from grader.proof import trial as proof_trial
from grader.proof.trial import Trial
from grader.verdict import Case, Finding, Outcome, Result, Verdict
from tools.machine.errors import Trouble

TESTS = (Test("depth", "1.1", 50), Test("order", "1.1", 25), Test("lines", "1.2", 25))
LAB = Lab(Path("labs/01-interrupts"), 1, "", "", ("irq.c",), (), TESTS)
PATCH = """\
Mistake: it counts wrong.
Caught-by: {by}
Verdict: {verdict}

--- a/irq.c
+++ b/irq.c
@@ -1 +1 @@
-a
+b
"""


def mutant(tmp_path: Path, by: str = "depth", verdict: str = "WRONG") -> mutants.Mutant:
    path = tmp_path / "counts-wrong.patch"
    path.write_text(PATCH.format(by=by, verdict=verdict))
    return mutants.read_mutant(path, LAB)


def trial(**verdicts: Verdict) -> Trial:
    results = []
    for test in TESTS:
        finding = Finding(Case(test, 1), verdicts.get(test.name, Verdict.PASS))
        results.append(Result(test, [finding], 1))
    return Trial(Outcome(results, 100), "")


def test_the_header(tmp_path: Path) -> None:
    assert mutant(tmp_path).tests == ("depth",)
    assert mutant(tmp_path, "depth, lines").tests == ("depth", "lines")
    assert mutant(tmp_path, "exercise 1.1").tests == ("depth", "order")
    assert mutant(tmp_path, verdict="WRONG|HANG").verdicts == (Verdict.WRONG, Verdict.HANG)


@pytest.mark.parametrize(
    ("by", "verdict", "words"),
    [
        ("dept", "WRONG", "there is no test dept"),
        ("exercise 1.9", "WRONG", "there is no test exercise 1.9"),
        ("depth", "WORNG", "'WORNG' is not a valid Verdict"),
        ("", "WRONG", "the header has no Caught-by:"),
    ],
)


def test_a_header_that_is_wrong(tmp_path: Path, monkeypatch, by, verdict, words) -> None:
    monkeypatch.setattr(mutants, "ROOT", tmp_path)
    with pytest.raises(Trouble, match=words):
        mutant(tmp_path, by, verdict)


def test_a_mutant_that_passes_is_not_caught(tmp_path: Path) -> None:
    good, words = mutants.judge(mutant(tmp_path), trial())
    assert (good, words) == (False, "not seen by depth; all pass")


def test_caught_by_another_test_is_not_caught(tmp_path: Path) -> None:
    good, words = mutants.judge(mutant(tmp_path), trial(order=Verdict.WRONG))
    assert (good, words) == (False, "not seen by depth; WRONG in order")


def test_caught_with_another_verdict_is_a_failure(tmp_path: Path) -> None:
    good, words = mutants.judge(mutant(tmp_path), trial(depth=Verdict.HANG))
    assert (good, words) == (False, "expected WRONG, got HANG in depth")


def test_caught(tmp_path: Path) -> None:
    seen = trial(depth=Verdict.WRONG, lines=Verdict.PANIC)
    assert mutants.judge(mutant(tmp_path), seen) == (True, "WRONG in depth")
    assert not mutants.judge(mutant(tmp_path, "depth, lines"), seen)[0]
    assert mutants.judge(mutant(tmp_path, "depth, lines", "WRONG|PANIC"), seen)[0]


def test_any_test_of_the_exercise_will_do(tmp_path: Path) -> None:
    seen = trial(order=Verdict.WRONG, lines=Verdict.PANIC)
    assert mutants.judge(mutant(tmp_path, "exercise 1.1"), seen) == (True, "WRONG in order")
    assert not mutants.judge(mutant(tmp_path, "exercise 1.2"), seen)[0]


def test_a_patch_that_does_not_apply_is_a_failure(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(mutants, "ROOT", tmp_path)
    monkeypatch.setattr(proof_trial, "BUILD", tmp_path / "build")
    (tmp_path / "solutions/01-interrupts").mkdir(parents=True)
    source = tmp_path / "solutions/01-interrupts/irq.c"
    source.write_text("a\n")
    assert (mutants.apply(mutant(tmp_path), LAB) / "irq.c").read_text() == "b\n"
    source.write_text("c\n")
    with pytest.raises(Trouble, match="the patch does not apply"):
        mutants.apply(mutant(tmp_path), LAB)


def test_an_entry_is_a_folder_or_a_patch(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(proof_trial, "BUILD", tmp_path / "build")
    source, entries = tmp_path / "labs", tmp_path / "adversaries/01-interrupts"
    (source / LAB.name).mkdir(parents=True)
    (source / LAB.name / "irq.c").write_text("a\n")
    (entries / "whole").mkdir(parents=True)
    (entries / "small.patch").write_text("Attack: it cheats.\n\n" + PATCH.partition("\n\n")[2])
    assert proof_trial.files_of(entries / "whole", LAB, source) == entries / "whole"
    folder = proof_trial.files_of(entries / "small.patch", LAB, source)
    assert folder == tmp_path / "build/adversaries/01-interrupts/small"
    assert (folder / "irq.c").read_text() == "b\n"
    assert (source / LAB.name / "irq.c").read_text() == "a\n"


@pytest.mark.parametrize("missing", ["Attack", "Verdict", "Regex"])
def test_an_adversary_s_header(tmp_path: Path, missing: str) -> None:
    fields = {"Attack": "it cheats.", "Verdict": "WRONG", "Regex": "a: b.*"}
    path = tmp_path / "cheat.patch"
    text = "".join(f"{name}: {words}\n" for name, words in fields.items())
    path.write_text(text + "\n" + PATCH.partition("\n\n")[2])
    assert adversaries.read_expect(path) == fields
    path.write_text("".join(f"{name}: {fields[name]}\n" for name in fields if name != missing))
    with pytest.raises(Trouble, match=f"cheat.patch has no {missing}:"):
        adversaries.read_expect(path)
    folder = tmp_path / "cheat"
    folder.mkdir()
    (folder / "expect").write_text("Verdict: WRONG\nRegex: x\n")
    assert adversaries.read_expect(folder)["Regex"] == "x"

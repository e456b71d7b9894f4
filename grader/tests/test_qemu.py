"""Whatever a QEMU does, there is a verdict, and INFRA is never the student's fault."""

from __future__ import annotations

import json
import os
import re
import resource
import shutil
import signal
import subprocess
import xml.etree.ElementTree as xml
from pathlib import Path

import pytest

from grader.tests.fakes import ALL_PASS, LAB, SILENCE
from tools.machine.waiting import LAST_RESORT, wait_until

PANIC_TEXT = """\
say "*** PANIC on CPU 0 in thread 5 (ktest): division by zero, at lab_x+0x3 (labs/09-fake/work.c:7)"
say "Schedule: sched=random seed=4; the same seed repeats it."
say "Registers at the divide error (vector 0, error code 0x0):"
say "  rax 0000000000000000"
say "Backtrace:"
say "  #0 lab_x+0x3 (labs/09-fake/work.c:7)"
say "  #1 test_first+0x10 (labs/09-fake/tests/k_first.c:9)"
say "Locks held:"
say '  CPU 0 holds "fake", taken at lab_x+0x1 (labs/09-fake/work.c:5)'
"""


def test_full_marks(tree) -> None:
    done = tree.grade()
    assert done.status == 0, done.err
    assert done.last == "lab 09-fake: 100/100"
    assert done.verdict("first") == done.verdict("second") == "PASS"
    assert len(done.boots) == 1
    assert "\033" not in done.out


def test_wrong_shows_evidence_and_commands(tree) -> None:
    tree.toml(LAB.replace("points = 60", "points = 60\ncpus = [2]\nsched = { random = 5 }"))
    tree.fake(
        """
        frame ready
        for test in $tests; do
            case $test in
            09/first)
                frame begin 09/first
                say "ok 1 - 09/first"
                say "# depth: expected 2, got 3 (labs/09-fake/tests/k_first.c:12)"
                say "# failed with sched=random seed=3"
                frame end 09/first fail runs=3 sched=random seed=3 ;;
            *) passes $test ;;
            esac
        done
        frame done
        exit 35
        """
    )
    done = tree.grade()
    assert done.status == 1
    assert done.last == "lab 09-fake: 40/100"
    assert done.verdict("first") == "WRONG"
    for text in (
        "depth: expected 2, got 3 (labs/09-fake/tests/k_first.c:12)",
        "points lost: 60",
        "on 2 CPUs with sched=random seed=3, again in a fresh boot",
        "log    build/09-fake/grade/first.log:5",
        "again  make grade LAB=9 TEST=first CPUS=2 SCHED=random SEED=3",
        "debug  make gdb LAB=9 CPUS=2 ICOUNT=1 APPEND='test=09/first sched=random seed=3'",
        "read   handouts/09-fake.md, exercise 9.1",
    ):
        assert text in done.out, done.out
    replay = [line for line in done.boots if "seed=3" in line]
    assert len(replay) == 1
    assert "test=09/first:limit=500000000 sched=random seed=3" in replay[0]


def test_a_seed_that_does_not_fail_again_is_told(tree) -> None:
    tree.toml(LAB.replace("points = 40", "points = 40\nsched = { random = 5 }"))
    tree.fake(
        """
        frame ready
        for test in $tests; do
            frame begin $test
            if [ $test = 09/second ] && [ -z "$schedule" ]; then
                frame end $test fail runs=3 sched=random seed=3
            else
                frame end $test ok runs=1
            fi
        done
        frame done
        """
    )
    done = tree.grade()
    assert done.last == "lab 09-fake: 60/100"
    assert "alone in a fresh boot it passes: this needs the whole mix, as below" in done.out
    assert "again  make grade LAB=9 TEST=first,second CPUS=1\n" in done.out
    assert "APPEND=test=09/first,09/second:random=5\n" in done.out


def test_after_a_panic_the_rest_goes_on(tree) -> None:
    tree.fake(
        """
        frame ready
        case "$tests" in
        09/first*) frame begin 09/first; frame panic 09/first
        """
        + PANIC_TEXT
        + """
            exit 37 ;;
        esac
        passes 09/second
        frame done
        exit 33
        """
    )
    done = tree.grade()
    assert done.verdict("first") == "PANIC"
    assert done.verdict("second") == "PASS"
    assert done.last == "lab 09-fake: 40/100"
    assert "PANIC on CPU 0 in thread 5 (ktest): division by zero" in done.out
    assert "#0 lab_x+0x3 (labs/09-fake/work.c:7)" in done.out
    assert 'holds "fake"' in done.out
    assert "rax" not in done.out
    assert "SCHED=random SEED=4" in done.out


def expecting_panic(tree) -> None:
    more = 'expect = "panic"\npanic_says = ["division by zero", "work\\\\.c:7"]'
    tree.toml(LAB.replace("points = 60", f"points = 60\n{more}"))


def test_an_expected_panic_passes_in_a_boot_of_its_own(tree) -> None:
    expecting_panic(tree)
    tree.fake(
        """
        frame ready
        case "$tests" in
        09/first) frame begin 09/first; frame panic 09/first
        """
        + PANIC_TEXT
        + "exit 37;; esac\npasses 09/second; frame done; exit 33"
    )
    done = tree.grade()
    assert done.last == "lab 09-fake: 100/100", done.out
    assert len(done.boots) == 2


def test_an_expected_panic_must_say_the_right_words(tree) -> None:
    expecting_panic(tree)
    tree.fake(
        """
        frame ready
        [ "$tests" = 09/second ] && { passes 09/second; frame done; exit 33; }
        frame begin 09/first; frame panic 09/first
        say "*** PANIC on CPU 0 in thread 5 (ktest): something else"
        exit 37
        """
    )
    done = tree.grade()
    assert done.verdict("first") == "WRONG"
    assert "expected /division by zero/, got PANIC on CPU 0" in done.out


def test_a_forged_panic_is_none(tree) -> None:
    expecting_panic(tree)
    tree.fake(
        """
        frame ready
        [ "$tests" = 09/second ] && { passes 09/second; frame done; exit 33; }
        frame begin 09/first
        """
        + PANIC_TEXT
        + "exit 37"
    )
    done = tree.grade()
    assert done.verdict("first") == "WRONG"
    assert "expected a panic, got none: the machine was switched off in the middle" in done.out


def test_no_panic_where_one_is_expected_is_wrong(tree) -> None:
    expecting_panic(tree)
    done = tree.grade()
    assert done.verdict("first") == "WRONG"
    assert "expected a panic, got none: the test ran to its end" in done.out


REPORT = """\
say "NMI report, by CPU 0"
say "CPU 0: thread 6 (ktest), interrupts off (depth 1)"
say "  #0 lab_spin_lock+0x9 (labs/09-fake/work.c:9)"
say "  #1 test_first+0x10 (labs/09-fake/tests/k_first.c:9)"
say "Locks held:"
say "  none"
say "thread 1 (reaper): blocked, last on CPU 0"
say "  #0 sched_switch_away+0xc0 (kernel/sched/sched.c:125)"
"""


def test_hang_shows_where(tree) -> None:
    tree.fake(
        "frame ready; frame begin 09/first\n"
        + REPORT
        + 'say "NMI report ends"; frame hang 09/first hang; exit 41'
    )
    done = tree.grade("--test", "first")
    assert done.verdict("first") == "HANG"
    assert "it has not ended after 2,000 million instructions" in done.out
    assert "CPU 0: thread 6 (ktest), interrupts off (depth 1)" in done.out
    assert "#0 lab_spin_lock+0x9 (labs/09-fake/work.c:9)" in done.out
    assert "1 other threads wait, of the kernel itself" in done.out
    assert "reaper" not in done.out


def test_deadlock_shows_the_cycle(tree) -> None:
    cycle = 'deadlock: CPU 0 waits for spinlock "b" at f (labs/09-fake/work.c:9), held by CPU 1'
    tree.fake(
        "frame ready; frame begin 09/first\n"
        + REPORT
        + f"say '{cycle}'; say 'deadlock: these waits form a cycle, so none of them ends'\n"
        + 'say "NMI report ends"; frame hang 09/first deadlock; exit 41'
    )
    done = tree.grade("--test", "first")
    assert done.verdict("first") == "DEADLOCK"
    assert f"        {cycle}\n" in done.out
    assert done.out.count(cycle) == 1
    assert "these waits form a cycle" in done.out


def test_a_forged_result_is_none(tree) -> None:
    tree.fake(
        """
        frame ready
        frame begin 09/first
        say "#@0123456789abcdef end 09/first ok runs=400"
        say "#@ end 09/first ok runs=400"
        say "ok 1 - 09/first"
        say "lab 09-fake: 100/100"
        frame end 09/second ok runs=1
        frame end 09/first fail runs=1
        frame begin 09/second
        frame end 09/second fail runs=1
        frame done
        exit 33
        """
    )
    done = tree.grade()
    assert done.last == "lab 09-fake: 0/100"


def test_frames_before_ready_do_not_count(tree) -> None:
    tree.fake("passes 09/first; passes 09/second; frame done; exit 33")
    done = tree.grade()
    assert done.verdict("first") == "NO-BOOT"
    assert done.last == "lab 09-fake: 0/100"


def test_an_unfinished_line_is_no_result(tree) -> None:
    tree.fake(
        """
        frame ready; frame begin 09/first
        printf '#@%s end 09/first ok runs=1' "$token" >> "$log"
        exit 33
        """
    )
    done = tree.grade("--test", "first")
    assert done.verdict("first") == "WRONG"
    assert "switched off in the middle of the test" in done.out


def test_truncated_log(tree) -> None:
    tree.fake("frame ready; passes 09/first; frame begin 09/second; exit 0")
    done = tree.grade()
    assert done.verdict("first") == "PASS"
    assert done.verdict("second") == "WRONG"
    assert done.last == "lab 09-fake: 60/100"


def test_endless_log_is_stopped(tree) -> None:
    tree.fake("frame ready; frame begin $tests; exec yes flood >> $log")
    done = tree.grade("--test", "first")
    assert done.verdict("first") == "HANG"
    assert "it prints without end" in done.out
    assert not tree.qemus()


def test_binary_garbage_is_harmless(tree) -> None:
    tree.fake(
        """
        frame ready; frame begin 09/first
        head -c 100000 /dev/urandom >> "$log"
        printf '\\033]0;owned\\007\\n# \\033[31mred\\n' >> "$log"
        frame end 09/first fail runs=1
        frame done
        exit 35
        """
    )
    done = tree.grade("--test", "first")
    assert done.verdict("first") == "WRONG"
    assert "\033" not in done.out
    assert "\\x1b[31mred" in done.out


def test_silence_before_ready(tree) -> None:
    tree.fake(SILENCE)
    done = tree.grade("--patience", "1")
    assert done.verdict("first") == "NO-BOOT"
    assert "it hangs before any test: the machine has halted for good" in done.out
    assert done.status == 1
    assert not tree.qemus()


def test_silence_in_a_test_is_a_timeout(tree) -> None:
    tree.fake(
        """
        frame ready
        [ "$tests" = 09/second ] && { passes 09/second; frame done; exit 33; }
        frame begin 09/first
        """
        + SILENCE
    )
    done = tree.grade("--patience", "1")
    assert done.verdict("first") == "TIMEOUT"
    assert done.verdict("second") == "PASS"


def test_killed_once_is_tried_again(tree) -> None:
    tree.fake(f"[ -e {tree.root}/once ] || {{ : > {tree.root}/once; kill -9 $$; }}\n" + ALL_PASS)
    done = tree.grade()
    assert done.last == "lab 09-fake: 100/100"
    assert len(done.boots) == 2


@pytest.mark.parametrize("end", ["kill -9 $$", "kill -SEGV $$", "echo 'bad option' >&2; exit 1"])
@pytest.mark.parametrize("start", ["", "frame ready", "frame ready; frame begin 09/first"])
def test_a_qemu_that_fails_is_nobody_s_fault(tree, start: str, end: str) -> None:
    tree.fake(f"{start}\n{end}")
    done = tree.grade()
    assert done.status == 2
    assert done.verdict("first") == "INFRA"
    assert done.last.startswith("lab 09-fake: no mark, as 2 tests could not be judged: QEMU")
    assert len(done.boots) == 2


def test_a_polite_end_from_outside(tree) -> None:
    tree.fake(
        "frame ready; frame begin 09/first\n"
        "echo 'qemu-system-x86_64: terminating on signal 15 from pid 1 (init)' >&2; exit 0"
    )
    done = tree.grade()
    assert done.status == 2
    assert "QEMU was ended from outside" in done.last


def test_a_test_that_the_kernel_does_not_have(tree) -> None:
    tree.fake(
        """
        frame ready
        case "$tests" in
        *09/first*) say "test=09/first: no such test; there are:"; say "  09/second"; frame done
            exit 35 ;;
        esac
        passes 09/second
        frame done
        exit 33
        """
    )
    done = tree.grade()
    assert done.status == 2
    assert done.verdict("second") == "PASS"
    assert "the kernel has no test 09/first, which lab.toml names" in done.out
    assert len(done.boots) == 2


def test_a_panic_between_tests_is_told(tree) -> None:
    tree.fake(
        """
        frame ready
        case "$tests" in 09/first*) passes 09/first
        """
        + PANIC_TEXT
        + "exit 37;; esac; passes 09/second; frame done"
    )
    done = tree.grade()
    assert done.verdict("first") == "PASS"
    assert done.verdict("second") == "PANIC"


def test_a_skipped_test_is_no_pass(tree) -> None:
    tree.fake("frame ready; frame begin $tests; frame end $tests skip needs more CPUs; frame done")
    done = tree.grade("--test", "first")
    assert done.status == 2
    assert "the kernel skips it: needs more CPUs" in done.out


def test_a_pass_without_a_run_is_no_pass(tree) -> None:
    tree.fake("frame ready; passes $tests 0; frame done; exit 33")
    assert tree.grade("--test", "first").status == 2


def test_missing_qemu(tree) -> None:
    tree.qemu.unlink()
    for name in ("python3", "setpriv"):
        found = shutil.which(name)
        assert found
        (tree.bin / name).symlink_to(found)
    done = tree.grade(env={"PATH": str(tree.bin)})
    assert done.status == 2
    assert done.err == "grade: there is no qemu-system-x86_64 here: `make setup` installs it\n"


def test_each_cpu_count_must_pass(tree) -> None:
    tree.toml(LAB.replace("points = 60", "points = 60\ncpus = [1, 2]"))
    tree.fake(
        """
        frame ready
        for test in $tests; do
            frame begin $test
            case $cpus in 1) frame end $test ok runs=1;; *) frame end $test fail runs=1;; esac
        done
        frame done
        """
    )
    done = tree.grade()
    assert done.last == "lab 09-fake: 40/100"
    assert "on 2 CPUs; it passes on 1" in done.out


def test_challenges_add_extra_points(tree) -> None:
    more = '\n[[test]]\nname = "hard"\nexercise = "9.3"\npoints = 0\nextra = 15\n'
    tree.toml(LAB + more)
    done = tree.grade()
    assert done.last == "lab 09-fake: 100/100"
    assert "extra points, for challenges" in done.out
    assert done.verdict("hard") == "PASS"


def test_chosen_tests_are_no_mark(tree) -> None:
    done = tree.grade("--test", "second")
    assert done.status == 0
    assert done.last == "lab 09-fake: 40/40 in the tests that were chosen"
    done = tree.grade("--test", "secnd")
    assert done.status == 2
    assert done.err == "grade: this lab has no test secnd; did you mean second?\n"


def test_a_seed_alone_tries_every_strategy(tree) -> None:
    tree.toml(LAB.replace("points = 60", "points = 60\nsched = { random = 5, pct = 5 }"))
    done = tree.grade("--test", "first", "--seed", "17")
    assert sorted(line.split("sched=")[1].split()[0] for line in done.boots) == ["pct:3", "random"]
    assert all("seed=17" in line for line in done.boots)


# ---- the disk ----


def test_log_that_may_not_grow(tree) -> None:
    tree.fake(
        'frame ready; frame begin 09/first; head -c 1000000 /dev/zero >> "$log"; kill -XFSZ $$'
    )

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))

    done = tree.grade(preexec_fn=limit)
    assert done.status == 2
    assert "ulimit -f" in done.last


@pytest.mark.skipif(os.geteuid() != 0, reason="mounts a small file system")
def test_full_disk(tree) -> None:
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=128k", "tmpfs", str(tree.stage)], check=False
    )
    if mounted.returncode:
        pytest.skip("may not mount here")
    try:
        (tree.stage / "kernel.elf32").write_text("")
        tree.fake('frame ready; frame begin 09/first; head -c 1000000 /dev/zero >> "$log"; exit 33')
        done = tree.grade()
    finally:
        subprocess.run(["umount", str(tree.stage)], check=True)
    assert done.status == 2
    assert "the disk is full" in done.out + done.err


def test_results_that_cannot_be_written(tree) -> None:
    done = tree.grade("--json", "/dev/null/x.json")
    assert done.status == 2
    assert done.err.startswith("grade: ")
    assert done.err.count("\n") == 1


# ---- stopped from outside ----


def hanging(tree) -> None:
    """The first test passes, the second never ends."""
    tree.fake("frame ready; passes 09/first; frame begin 09/second; while :; do sleep 0.05; done")


def wait_for_marks(file: Path) -> None:
    """Until the file says that the first test has passed."""
    wait_until(
        lambda: file.exists() and json.loads(file.read_text())["points"] == 60,
        lambda: AssertionError("the first test does not pass"),
    )


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_stopped_by_a_person(tree, number: int) -> None:
    hanging(tree)
    process = tree.start()
    tree.wait_boot()
    process.send_signal(number)
    out, err = process.communicate(timeout=LAST_RESORT)
    assert process.returncode == 130
    assert err == "grade: stopped; no QEMU is left behind\n"
    assert "Traceback" not in out + err
    assert not tree.qemus()


def test_stopped_by_a_person_it_tells_what_is_known(tree, tmp_path: Path) -> None:
    head, one, two = LAB.split("[[test]]")
    tree.toml("[[test]]".join([head, two, "\n" + one]))  # the one that never ends is the first
    hanging(tree)
    file = tmp_path / "marks.json"
    process = tree.start("--json", str(file))
    wait_for_marks(file)
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=LAST_RESORT)
    assert "PASS          9.1  first" in out
    assert out.endswith("stopped: 1 of 2 tests have no result, so there is no mark\n")


HANGS = """
frame ready
set -- $tests
frame begin $1
say "NMI report, by CPU 0"; say "CPU 0: thread 6 (ktest), interrupts off"
say "  #0 PLACE (labs/09-fake/work.c:7)"
say "NMI report ends"; frame hang $1 hang; exit 41
"""


def many_tests(tree, count: int) -> None:
    points = [100 - count + 1] + [1] * (count - 1)
    tests = [
        f'[[test]]\nname = "t{n}"\nexercise = "9.1"\npoints = {points[n]}\n' for n in range(count)
    ]
    tree.toml(LAB.split("[[test]]")[0] + "\n".join(tests))


def limits_of(done) -> list[str]:
    """In millions, of the first test of each boot."""
    return [re.search(r"test=\S+?:limit=(\d+)000000\b", line)[1] for line in done.boots]


def test_after_some_hangs_in_a_function_the_next_have_less_time(tree) -> None:
    many_tests(tree, 5)
    tree.fake(HANGS.replace("PLACE", "lab_x+0x3"))
    done = tree.grade()
    assert [done.verdict(f"t{n}") for n in range(5)] == ["HANG"] * 5
    assert limits_of(done) == ["2000", "2000", "200", "200", "200"]
    assert "a tenth of 2,000 million instructions, and is in lab_x+0x3" in done.out
    assert "; as 4 tests before it" in done.out


def test_what_ends_elsewhere_in_less_time_is_tried_with_all_of_it(tree) -> None:
    many_tests(tree, 4)
    fake = HANGS.replace("PLACE", "$place+0x3")
    place = "set -- $tests; place=lab_x; [ $1 != 09/t2 ] || place=lab_y"
    tree.fake(fake.replace("set -- $tests", place))
    done = tree.grade()
    assert limits_of(done) == ["2000", "2000", "200", "2000", "200"]
    assert "2,000 million instructions, and is in lab_y+0x3 (labs/09-fake/work.c:7)\n" in done.out


CHALLENGE = """
[[test]]
name = "extra_one"
exercise = "9.3"
points = 0
extra = 3

[[test]]
name = "extra_two"
exercise = "9.3"
points = 0
extra = 3
"""


def challenged(tree, passing: str) -> None:
    tree.toml(LAB + CHALLENGE)
    tree.fake(
        f"""
        frame ready
        for test in $tests; do
            case $test in
            {passing}) passes $test ;;
            *) frame begin $test; say "# no"; frame end $test fail runs=1 ;;
            esac
        done
        frame done
        exit 35
        """
    )


def test_a_challenge_that_is_not_begun_is_a_line(tree) -> None:
    challenged(tree, "09/first|09/second")
    done = tree.grade()
    assert "challenge     9.3  not begun: none of its 2 tests passes\n" in done.out
    assert "make grade LAB=9 TEST=extra_one,extra_two\n" in done.out
    assert not done.verdict("extra_one")
    assert done.last == "lab 09-fake: 100/100"
    assert tree.grade("--test", "extra_one").verdict("extra_one") == "WRONG"


def test_a_challenge_that_is_begun_is_told_in_full(tree) -> None:
    challenged(tree, "09/first|09/second|09/extra_two")
    done = tree.grade()
    assert done.verdict("extra_one") == "WRONG"
    assert done.verdict("extra_two") == "PASS"


def test_a_test_may_be_named_with_its_suite(tree) -> None:
    done = tree.grade("--test", "09/second")
    assert done.verdict("second") == "PASS"
    assert "test=09/second:" in done.boots[0]


def test_labs_before_that_are_the_student_s_are_named(tree) -> None:
    warning = "a mistake there shows here"
    assert warning in tree.grade(env={"BASE": "labs"}).out
    assert warning not in tree.grade().out


def test_killed_grader_keeps_its_marks(tree, tmp_path: Path) -> None:
    hanging(tree)
    file = tmp_path / "marks.json"
    process = tree.start("--json", str(file))
    wait_for_marks(file)
    process.kill()
    process.communicate()
    marks = json.loads(file.read_text())
    assert marks["finished"] is False
    assert [test["verdict"] for test in marks["tests"]] == ["PASS", "not run"]
    wait_until(lambda: not tree.qemus(), lambda: AssertionError("a QEMU is left behind"))


# ---- for programs ----


def failing(tree) -> None:
    tree.fake(
        """
        frame ready
        frame begin 09/first
        printf '# a <b> & \\001 "c"\\n' >> "$log"
        frame end 09/first fail runs=1
        passes 09/second
        frame done
        exit 35
        """
    )


def test_json(tree, tmp_path: Path) -> None:
    failing(tree)
    file = tmp_path / "out/marks.json"
    tree.grade("--json", str(file))
    marks = json.loads(file.read_text())
    assert marks["finished"] is True
    assert (marks["points"], marks["of"]) == (40, 100)
    first, second = marks["tests"]
    assert first["verdict"] == "WRONG"
    assert first["summary"] == 'a <b> & \\x01 "c"'
    assert first["again"] == "make grade LAB=9 TEST=first CPUS=1"
    assert second == {
        "name": "second",
        "exercise": "9.2",
        "verdict": "PASS",
        "points": 40,
        "of": 40,
        "extra": 0,
        "extra_of": 0,
    }


def test_junit_is_well_formed(tree, tmp_path: Path) -> None:
    failing(tree)
    file = tmp_path / "junit.xml"
    tree.grade("--junit", str(file))
    suite = xml.parse(file).getroot()
    assert suite.attrib == {"name": "09-fake", "tests": "2", "failures": "1", "errors": "0"}
    failure = suite.find("testcase[@name='first']/failure")
    assert failure is not None
    assert failure.attrib["type"] == "WRONG"
    assert "a <b>" in failure.attrib["message"]


def test_tap(tree) -> None:
    failing(tree)
    done = tree.grade("--tap")
    lines = done.out.splitlines()
    assert lines[:3] == ["TAP version 13", "1..2", "not ok 1 - 9.1 first"]
    assert "ok 2 - 9.2 second" in lines
    assert done.status == 1


# ---- on a terminal ----


def on_terminal(tree, **environment: str) -> str:
    """What `grade` prints on a terminal."""
    words = [f"{name}={value}" for name, value in environment.items()]
    command = ["env", "TERM=xterm", *words, *tree.command()]
    line = " ".join(f"'{word}'" for word in command)
    done = subprocess.run(
        ["script", "-qfec", line, str(tree.root / "shown")],
        cwd=tree.root,
        env=tree.environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=LAST_RESORT,
        check=False,
    )
    return done.stdout


@pytest.mark.skipif(not shutil.which("script"), reason="needs script(1)")
def test_colours_and_progress_on_a_terminal(tree) -> None:
    shown = f"grep -q 'tests are done' '{tree.root}/shown'"
    tree.fake(
        f"frame ready; frame begin 09/first; until {shown}; do :; done\n"
        "frame end 09/first ok runs=1\n" + ALL_PASS
    )
    text = on_terminal(tree)
    assert "\033[32mPASS" in text
    assert "tests are done" in text
    assert text.rstrip().splitlines()[-1].endswith("lab 09-fake: 100/100")
    assert "\033" not in on_terminal(tree, NO_COLOR="1")

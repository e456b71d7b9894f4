"""From canned logs of real boots to verdicts, and what is picked as evidence."""

from __future__ import annotations

from pathlib import Path

import pytest

from grader.judge import Ending, Judge, cpu_stuck, tail, where_stuck
from grader.load import Schedule, Test
from grader.protocol import Reader, find_schedule, new_token, read_log
from grader.verdict import Case, Finding, Outcome, Result, Verdict, printable

LOGS = Path(__file__).parent
TOKEN = "0123456789abcdef"


def judged(log: str, status: int, name: str, test: Test | None = None, **ending: object) -> Finding:
    """What is found of that test in a canned log."""
    data = (LOGS / f"canned-{log}.log").read_bytes()
    read = read_log(data, TOKEN)
    span = read.span(f"01/{name}")
    assert span
    case = Case(test or Test(name, "1.1", 3), 1)
    return Judge(read, Ending(status, **ending)).judge(case, span)  # type: ignore[arg-type]


def test_panic() -> None:
    finding = judged("panic", 37, "nesting")
    assert finding.verdict is Verdict.PANIC
    assert finding.summary.startswith("PANIC on CPU 0 in thread 2 (main): division by zero")
    assert finding.summary.endswith("at lab_irq_push+0x22 (labs/01-interrupts/irq.c:22)")
    assert finding.evidence == [
        "Backtrace:",
        "  #0 lab_irq_push+0x22 (labs/01-interrupts/irq.c:22)",
        "  #1 go_down_and_up+0x37 (kernel/ipc/01-interrupts/irq.h:102)",
        "  #2 test_nesting+0x24 (labs/01-interrupts/tests/k_sections.c:50)",
    ]


def test_hang() -> None:
    finding = judged("hang", 41, "nesting")
    assert finding.verdict is Verdict.HANG
    assert finding.evidence[0] == "CPU 0: thread 2 (main), interrupts off (depth 0)"
    assert finding.evidence[-1] == "2 other threads wait, of the kernel itself"
    assert not any("Locks held" in line for line in finding.evidence)


LOOP = """\
NMI report, by CPU 0
CPU 0: thread 2 (main), interrupts off (irq_push() depth 1)
  #0 lab_futex_requeue+0x40 (labs/03-blocking/futex.c:240, in list.h:36)
  #1 test_futex_requeue+0x64 (labs/03-blocking/tests/k_futex_requeue.c:32)
Locks held:
  CPU 0 holds spinlock "futex", taken at lab_futex_requeue+0x5d (labs/03-blocking/futex.c:247)
thread 4 (caller): ready, last on CPU 0
  #0 lab_futex_wait+0x190 (labs/03-blocking/futex.c:107)
  #1 caller_run+0x20 (labs/03-blocking/tests/k_lab03.c:122)
NMI report ends
"""


def hung(report: str) -> Finding:
    frames = f"#@{TOKEN} ready\n#@{TOKEN} begin 03/x\n{report}#@{TOKEN} hang 03/x hang\n"
    log = read_log(frames.encode(), TOKEN)
    return Judge(log, Ending(41)).judge(Case(Test("x", "3.3", 1), 1), log.spans[0])


def test_a_hang_is_where_a_cpu_runs_and_not_where_threads_wait() -> None:
    finding = hung(LOOP)
    assert finding.summary.endswith(
        ", and is in lab_futex_requeue+0x40 (labs/03-blocking/futex.c:240, in list.h:36)"
    )
    waits = LOOP.replace("lab_futex_requeue+0x40", "f+1").replace("futex.c:240, in ", "")
    assert hung(waits).summary == "it has not ended after 2,000 million instructions"


def test_the_locks_that_are_held_stand_before_all_threads() -> None:
    threads = LOOP.split("thread 4")[1].replace("NMI report ends\n", "")
    many = LOOP.replace("NMI report ends", ("thread 5" + threads) * 20 + "NMI report ends")
    held = [line for line in hung(many).evidence if 'holds spinlock "futex"' in line]
    assert len(held) == 1


def test_a_cpu_that_waits_for_a_lock_is_not_the_one_that_loops() -> None:
    waits = 'CPU 0 waits for spinlock "a" at f+1 (kernel/f.c:1), held by CPU 1 since g+1'
    heads = [waits, "CPU 0: thread 2 (main), interrupts off", "  #0 lab_spin_lock+0x8 (labs/x)"]
    heads += ["CPU 1: thread 3 (b), interrupts off", "  #0 lab_work+0x9 (kernel/include/list.h:3)"]
    assert cpu_stuck(heads) == ("1", "lab_work+0x9 (kernel/include/list.h:3)")
    assert cpu_stuck(heads[:3])[0] == "0"


def test_deadlock_begins_with_the_cycle() -> None:
    finding = judged("deadlock", 41, "attach_errors")
    assert finding.verdict is Verdict.DEADLOCK
    assert finding.summary.startswith('deadlock: CPU 0 waits for spinlock "irq" at lab_irq_attach')
    assert "held by CPU 0 since lab_irq_attach" in finding.summary
    assert finding.evidence[0] == "deadlock: these waits form a cycle, so none of them ends"


def expecting_deadlock(says: str) -> Test:
    return Test("attach_errors", "1.1", 3, expect="deadlock", deadlock_says=(says,))


def test_an_expected_deadlock_passes() -> None:
    finding = judged("deadlock", 41, "attach_errors", expecting_deadlock("spinlock .irq."))
    assert finding.verdict is Verdict.PASS


def test_an_expected_deadlock_must_be_told_in_the_right_words() -> None:
    finding = judged("deadlock", 41, "attach_errors", expecting_deadlock("philosopher"))
    assert finding.verdict is Verdict.WRONG
    assert "expected /philosopher/, got deadlock: CPU 0 waits" in finding.summary


def test_no_deadlock_where_one_is_expected_is_wrong() -> None:
    finding = judged("deadlock", 41, "nesting", expecting_deadlock("irq"))
    assert finding.verdict is Verdict.WRONG
    assert finding.summary.startswith("expected a deadlock, got none: interrupts are on")


def test_the_test_before_it_keeps_its_own_verdict() -> None:
    finding = judged("deadlock", 41, "nesting")
    assert finding.verdict is Verdict.WRONG
    assert finding.summary.startswith("interrupts are on after irq_push() number 1 (labs/")


@pytest.mark.parametrize(
    ("status", "more", "verdict"),
    [
        (0, {"triple_fault": True}, Verdict.TRIPLE_FAULT),
        (-9, {"endless": 5_000_000}, Verdict.HANG),
        (-9, {"silent": "no sign of life"}, Verdict.TIMEOUT),
        (-9, {}, Verdict.INFRA),
        (1, {"errors": "qemu: no such device"}, Verdict.INFRA),
        (1, {}, Verdict.WRONG),  # by the exit port, as all odd ones
        (1, {"errors": "qemu: warning: old machine"}, Verdict.WRONG),
        (127, {}, Verdict.WRONG),
        (2, {}, Verdict.INFRA),
        (33, {"disk": "the disk is full"}, Verdict.INFRA),
        (0, {"errors": "qemu: terminating on signal 15 from pid 7"}, Verdict.INFRA),
        (0, {}, Verdict.WRONG),
        (33, {}, Verdict.WRONG),
        (37, {}, Verdict.WRONG),
        (41, {}, Verdict.WRONG),
    ],
)


def test_how_a_boot_ends_in_the_middle_of_a_test(status: int, more, verdict: Verdict) -> None:
    log = read_log(f"#@{TOKEN} ready\n#@{TOKEN} begin 01/x\n".encode(), TOKEN)
    finding = Judge(log, Ending(status, **more)).judge(Case(Test("x", "1.1", 1), 1), log.spans[0])
    assert finding.verdict is verdict


def test_the_student_s_line_is_named() -> None:
    frames = [
        "CPU 0: thread 2 (main), interrupts off (depth 0)",
        "  #0 __tsan_read1+0xe (kernel/test/access.c:36)",
        "  #1 lab_irq_push+0x8 (labs/01-interrupts/irq.c:22)",
        "  #2 test_nesting+0x24 (labs/01-interrupts/tests/k_sections.c:50)",
    ]
    assert where_stuck(frames) == ", and is in lab_irq_push+0x8 (labs/01-interrupts/irq.c:22)"
    assert where_stuck(frames[:2] + frames[3:]) == ""


def test_an_empty_log_is_said_to_be_empty() -> None:
    assert tail(["", " "]) == ["the log is empty"]


# ---- the protocol ----


def test_any_cut_of_the_data_reads_the_same() -> None:
    data = (LOGS / "canned-deadlock.log").read_bytes().replace(b"\n", b"\r\n")
    whole = read_log(data, TOKEN)
    for size in (1, 2, 7, 100):
        reader = Reader(TOKEN)
        for start in range(0, len(data), size):
            reader.feed(data[start : start + size])
        assert reader.close() == whole
    assert [span.name for span in whole.spans] == ["01/nesting", "01/attach_errors"]


def test_another_token_means_nothing() -> None:
    log = read_log((LOGS / "canned-deadlock.log").read_bytes(), "fedcba9876543210")
    assert not log.ready
    assert not log.spans


def test_a_frame_after_an_open_line_counts() -> None:
    log = read_log(f"x#@{TOKEN} ready\ny#@{TOKEN} begin 01/a\n".encode(), TOKEN)
    assert log.ready
    assert log.spans[0].name == "01/a"


def test_frames_that_make_no_sense_are_no_results() -> None:
    frames = [
        "begin 01/a",
        "ready",
        "end 01/a ok runs=1",
        "begin 01/b",
        "end 01/b great",
        "",
        "end",
    ]
    log = read_log("".join(f"#@{TOKEN} {frame}\n" for frame in frames).encode(), TOKEN)
    assert [(span.name, span.end) for span in log.spans] == [("01/b", "")]


def test_schedules() -> None:
    assert find_schedule("fail runs=17 sched=pct:3 seed=17") == Schedule("pct:3", 17)
    panic = "Schedule: sched=random seed=4; the same seed repeats it."
    assert find_schedule(panic) == Schedule("random", 4)
    assert find_schedule("fail runs=1") is None


def test_tokens_differ_and_are_as_long() -> None:
    tokens = {new_token() for _ in range(100)}
    assert len(tokens) == 100
    assert {len(token) for token in tokens} == {16}


# ---- results ----


def result_of(*verdicts: tuple[int, Verdict], cases: int = 3) -> Result:
    test = Test("x", "1.1", 5, cpus=(1, 2, 4))
    return Result(test, [Finding(Case(test, cpus), v) for cpus, v in verdicts], cases)


def test_a_test_must_pass_everywhere() -> None:
    good = [(1, Verdict.PASS), (2, Verdict.PASS)]
    assert result_of(*good, (4, Verdict.PASS)).points == 5
    assert result_of(*good).verdict is None
    assert result_of(*good, (4, Verdict.WRONG)).points == 0


def test_the_decision_does_not_depend_on_who_is_first() -> None:
    findings = [(4, Verdict.HANG), (2, Verdict.PANIC), (1, Verdict.PASS)]
    for order in (findings, findings[::-1]):
        assert result_of(*order).verdict is Verdict.PANIC
    assert result_of((4, Verdict.INFRA), *findings[1:]).verdict is Verdict.INFRA


def test_infra_voids_the_mark() -> None:
    bad = result_of((1, Verdict.INFRA), cases=1)
    assert Outcome([bad, result_of((1, Verdict.PASS), cases=1)], of=10).void == [bad]


def test_a_guest_s_text_is_harmless() -> None:
    assert printable("a\x1b[31mb\x00\x9bc\td") == "a\\x1b[31mb\\x00\\x9bc    d"
    assert len(printable("x" * 1000)) < 310

"""What make says, in words; and whose fault it is."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from grader import build, implementation, intake, objects
from grader.load import Lab, Schedule, Test
from grader.run import BOOT_ROOM, LINE_ROOM, Replay, cases_of, plan_jobs
from tools.machine.errors import Trouble

LAB = Lab(
    folder=Path("labs/01-interrupts"),
    number=1,
    title="",
    hours="",
    files=("irq.c", "lock.c"),
    interface=("printk", "lab_*"),
    tests=(),
)
FILES = {"labs/01-interrupts/irq.c", "labs/01-interrupts/lock.c"}

SYNTAX = """\
CC   labs/01-interrupts/irq.c
labs/01-interrupts/irq.c: In function 'lab_irq_save':
labs/01-interrupts/irq.c:60:14: error: expected ';' before '}' token
   60 |         cli()
      |              ^
      |              ;
labs/01-interrupts/irq.c:70:1: error: another one
make: *** [Makefile:279: build/01-interrupts/lab/irq.c.o] Error 1
""".splitlines()

IN_A_HEADER = """\
In file included from kernel/ipc/01-interrupts/irq.h:30,
                 from labs/01-interrupts/irq.c:40:
kernel/include/types.h:12:9: error: expected identifier before 'struct'
""".splitlines()

GIVEN = """\
In file included from labs/01-interrupts/tests/k_spinlock.c:4:
labs/01-interrupts/tests/k_spinlock.c:115:45: error: 'struct cpu' has no member named 'x'
make: *** [Makefile:289: build/given/labs/01-interrupts/tests/k_spinlock.c.o] Error 1
""".splitlines()

MISSING = """\
x86_64-linux-gnu-ld: build/given/kernel/ipc/01-interrupts/spinlock.c.o: in function `spin_lock':
kernel/ipc/01-interrupts/spinlock.c:66: undefined reference to `lab_spin_lock'
x86_64-linux-gnu-ld: kernel/ipc/01-interrupts/spinlock.c:77: undefined reference to `lab_spin_try_lock'
x86_64-linux-gnu-ld: kernel/ipc/01-interrupts/spinlock.c:99: undefined reference to `lab_spin_lock'
""".splitlines()

TWICE = """\
x86_64-linux-gnu-ld: build/01-interrupts/lab/lock.c.o: in function `lab_irq_pop':
lock.c:9: multiple definition of `lab_irq_pop'; irq.c.o:irq.c:7: first defined here
""".splitlines()


def test_the_compiler_s_first_error() -> None:
    failure = build.compiler_failure(SYNTAX, FILES)
    assert failure
    assert failure.summary == "labs/01-interrupts/irq.c:60:14: expected ';' before '}' token"
    assert failure.lines[0] == "   60 |         cli()"


def test_an_error_in_a_header_that_the_student_breaks() -> None:
    failure = build.compiler_failure(IN_A_HEADER, FILES)
    assert failure
    assert failure.summary.startswith("kernel/include/types.h:12:9: expected identifier")


def test_what_is_in_a_secret_file_is_not_printed() -> None:
    output = [
        "In file included from labs/01-interrupts/irq.c:1:",
        "/etc/secret:1:1: error: unknown type name 'password'",
        "    1 | password 1234",
    ]
    failure = build.compiler_failure(output, FILES)
    assert failure
    assert "irq.c includes /etc/secret, which" in failure.summary
    assert not re.search("password", "\n".join([failure.summary, *failure.lines]))


def test_an_error_in_given_code_is_not_the_student_s() -> None:
    assert build.compiler_failure(GIVEN, FILES) is None
    assert build.linker_failure(GIVEN, LAB) is None
    assert "k_spinlock.c:115:45" in str(build.make_trouble(GIVEN))


def test_missing_functions() -> None:
    failure = build.linker_failure(MISSING, LAB)
    assert failure
    assert failure.summary.startswith("missing function lab_spin_lock (and 1 more): the kernel")
    assert failure.lines == ["missing function lab_spin_try_lock"]


def test_a_function_twice() -> None:
    failure = build.linker_failure(TWICE, LAB)
    assert failure
    assert failure.summary == "lab_irq_pop is defined twice"


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("make: *** No rule to make target 'kernel'.  Stop.", "No rule to make target"),
        ("/bin/sh: 1: nasm: not found", "nasm: not found"),
    ],
)


def test_what_is_not_the_student_s_fault(line: str, words: str) -> None:
    assert words in str(build.make_trouble(["CC   kernel/x.c", line]))


# ---- the interface ----


def compile_object(tmp_path: Path, source: str) -> None:
    """The student's irq.c as the build leaves it, and an empty lock.c."""
    folder, files = tmp_path / "build/01-interrupts/lab", tmp_path / "labs/01-interrupts"
    folder.mkdir(parents=True)
    files.mkdir(parents=True)
    (tmp_path / "secret").write_text("int stolen;")
    for name, text in (("lock.c", "int lab_lock;"), ("irq.c", source)):
        (files / name).write_text(text)
        (files / "ccx.s").unlink(missing_ok=True)
        (files / "ccx.s").symlink_to(tmp_path / "secret.s")
        (tmp_path / "secret.s").write_text(".globl stolen\nstolen:\n")
        made = folder / f"{name}.o"
        listed = ["-MD", "-MF", f"{made}.d", f"-Wa,--MD,{made}.asm.d"]
        flags = ["-ffreestanding", "-fno-asynchronous-unwind-tables", "-fcf-protection=none"]
        command = ["gcc", "-c", *flags, *listed, "-o", str(made), f"labs/01-interrupts/{name}"]
        temporary = tmp_path / "build/01-interrupts/tmp"
        temporary.mkdir(exist_ok=True)
        environment = {**os.environ, "TMPDIR": str(temporary)}
        subprocess.run(command, cwd=tmp_path, env=environment, check=True)


@pytest.mark.skipif(not shutil.which("gcc"), reason="needs gcc")
@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("void printk(int); void lab_x(void) { printk(1); }", ""),
        ("void lab_y(void); void lab_x(void) { lab_y(); }", ""),
        ("extern int lab_lock; int lab_x(void) { return lab_lock; }", ""),
        (
            "void printkk(int); void lab_x(void) { printkk(1); }",
            "irq.c uses printkk, .*did you mean printk",
        ),
        (
            "void power_off(int); void lab_x(void) { power_off(1); }",
            "irq.c uses power_off, .*lab.toml lists",
        ),
        ('int t __attribute__((section(".ktests"), used));', "irq.c defines a kernel test"),
        ("__attribute__((weak)) void power_off(void) {}", "power_off as a weak symbol"),
        ('asm(".comm tests_done,8,8");', "tests_done as a common symbol"),
        (
            'asm(".weakref mine, power_off"); void mine(void); void lab_x(void) { mine(); }',
            "irq.c uses power_off|irq.c has power_off",
        ),
        ("char ktests_start[8];", "irq.c defines ktests_start, which is the linker's"),
        ("__attribute__((constructor)) void lab_x(void) {}", "irq.c has a constructor"),
        ("_Thread_local int lab_x;", "irq.c has thread-local variables"),
        ('int x __attribute__((section(".multiboot"), used));', "section of its own .*multiboot"),
        ('char x __attribute__((section(".bss.hooks"), used));', "section of its own .*hooks"),
        ('int x __attribute__((section(".data.mine"), used));', ""),
        ('asm(".section \\"a b\\",\\"a\\"; .long 1; .text");', "section of its own"),
        ('#include "../../secret"', "irq.c reads labs/01-interrupts/../../secret"),
        ('# 1 "x.h" 3\n#include "../../secret"', "irq.c reads .*secret"),
        ('asm(".incbin \\"secret\\"");', "irq.c reads secret: a lab's files may"),
        ('asm(".include \\"/dev/null\\"");', "irq.c reads /dev/null"),
        # As the compiler's temporary file is called, but not where it has them.
        ('asm(".include \\"/proc/self/cwd/labs/01-interrupts/ccx.s\\"");', "irq.c reads .*ccx.s"),
        ("#include <stdint.h>", ""),
        ('#define lab_lock lab_own\n#include "lock.c"', ""),
    ],
)


def test_the_interface(tmp_path: Path, monkeypatch, source: str, words: str) -> None:
    monkeypatch.setattr(implementation, "BUILD", tmp_path / "build")
    for module in (implementation, objects):
        monkeypatch.setattr(module, "ROOT", tmp_path)
    objects.linkers_own.cache_clear()
    (tmp_path / "kernel/boot").mkdir(parents=True)
    (tmp_path / "kernel/boot/kernel.ld").write_text("\t\tktests_start = .;\n")
    compile_object(tmp_path, source)
    failure = objects.check_interface(implementation.Implementation(LAB, "labs"))
    if not words:
        assert failure is None
    else:
        assert failure
        assert re.search(words, failure.summary), failure.summary
    objects.linkers_own.cache_clear()


def test_a_directory_has_a_stage_of_its_own(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name / "work").mkdir(parents=True)
        (tmp_path / name / "work/irq.c").write_text("")
    first = implementation.choose_implementation(LAB, str(tmp_path / "a/work"))
    second = implementation.choose_implementation(LAB, str(tmp_path / "b/work"))
    assert first.stage != second.stage
    assert first.stage.startswith("01-interrupts.work-")
    with pytest.raises(Trouble, match="no irq.c or lock.c is there"):
        implementation.choose_implementation(LAB, str(tmp_path))
    with pytest.raises(Trouble, match="neither labs, solutions nor a directory"):
        implementation.choose_implementation(LAB, "solutoins")


# ---- which tests share a boot ----


def many_tests(count: int, seeds: int = 0, cpus: tuple[int, ...] = (1,)) -> list[Test]:
    sched = {"random": seeds} if seeds else {}
    return [Test(f"test_{n}", "1.1", 1, cpus=cpus, sched=sched) for n in range(count)]


def all_cases(tests: list[Test], replay: Replay | None = None):
    return [case for test in tests for case in cases_of(test, replay or Replay())]


def test_tests_with_as_many_cpus_share_a_boot_in_order() -> None:
    jobs = plan_jobs(all_cases(many_tests(5, cpus=(1, 2))), "01")
    assert [job.cpus for job in jobs] == [2, 1]
    for job in jobs:
        assert [case.test.name for case in job.cases] == [f"test_{n}" for n in range(5)]


def test_an_expected_panic_is_alone() -> None:
    tests = [*many_tests(2), Test("boom", "1.1", 1, expect="panic")]
    assert sorted(len(job.cases) for job in plan_jobs(all_cases(tests), "01")) == [1, 2]


def test_no_boot_has_too_much() -> None:
    jobs = plan_jobs(all_cases(many_tests(100)), "01")
    lines = [",".join(case.test.selector("01") for case in job.cases) for job in jobs]
    assert all(len(line) <= LINE_ROOM for line in lines)
    jobs = plan_jobs(all_cases(many_tests(20, seeds=400, cpus=(4,))), "01")
    assert all(job.weight <= BOOT_ROOM for job in jobs)
    assert sum(len(job.cases) for job in jobs) == 20


def test_a_test_that_is_too_much_alone_still_runs() -> None:
    jobs = plan_jobs(all_cases(many_tests(2, seeds=BOOT_ROOM * 2)), "01")
    assert [len(job.cases) for job in jobs] == [1, 1]


def test_what_a_seed_alone_means() -> None:
    test = Test("x", "1.1", 1, sched={"random": 5, "pct": 5})
    assert Replay().schedules(test) == [None]
    assert Replay("jitter", 3).schedules(test) == [Schedule("jitter", 3)]
    assert Replay("", 3).schedules(test) == [Schedule("random", 3), Schedule("pct:3", 3)]


# ---- the files ----


@pytest.fixture
def handed_in(tmp_path: Path, monkeypatch):
    """A submission, whose copy goes to a build folder of its own."""
    monkeypatch.setattr(implementation, "BUILD", tmp_path / "build")
    folder = tmp_path / "anna"
    folder.mkdir()
    (folder / "irq.c").write_text("int irq;")
    return implementation.Implementation(LAB, "x", folder)


def test_what_is_no_file_is_not_opened(handed_in) -> None:
    assert intake.take_in(handed_in) is None  # lock.c is the starter's
    assert not (handed_in.handed_in / "lock.c").exists()
    lock = handed_in.files / "lock.c"
    for make, words in (
        (lambda: os.mkfifo(lock), "lock.c is not a file but a named pipe"),
        (lambda: lock.mkdir(), "lock.c is not a file but a folder"),
        (lambda: lock.symlink_to("/dev/zero"), "lock.c is a symbolic link"),
        (lambda: lock.symlink_to("nowhere"), "lock.c is a symbolic link"),
        (lambda: lock.hardlink_to(handed_in.files / "irq.c"), "is a hard link"),
        (lambda: lock.write_bytes(bytes(10 * 2**20)), "lock.c has 10 MiB"),
    ):
        make()
        failure = intake.take_in(handed_in)
        assert failure
        assert "lock.c" in failure.summary or "irq.c" in failure.summary
        assert words in failure.summary
        lock.rmdir() if lock.is_dir() and not lock.is_symlink() else lock.unlink()
    assert intake.take_in(handed_in) is None


def test_contents_decide_and_not_times(handed_in) -> None:
    copy = handed_in.handed_in / "irq.c"
    assert intake.take_in(handed_in) is None
    os.utime(copy, (1, 1))
    assert intake.take_in(handed_in) is None
    assert copy.stat().st_mtime == 1  # the same: nothing is built anew
    (handed_in.files / "irq.c").write_text("int other;")
    os.utime(handed_in.files / "irq.c", (0, 0))
    assert intake.take_in(handed_in) is None
    assert copy.read_text() == "int other;"
    assert copy.stat().st_mtime > 1
    (handed_in.files / "irq.c").unlink()
    assert intake.take_in(handed_in) is None
    assert not copy.exists()


def test_only_the_lab_s_files_are_taken_in(handed_in) -> None:
    os.mkfifo(handed_in.files / "list.h")
    (handed_in.files / "irq (copy).c").write_text("")
    assert intake.take_in(handed_in) is None
    assert [path.name for path in handed_in.handed_in.iterdir()] == ["irq.c"]


def test_nobody_hands_in_the_reference(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(implementation, "ROOT", tmp_path)
    (tmp_path / "solutions/01-interrupts").mkdir(parents=True)
    (tmp_path / "solutions/01-interrupts/irq.c").write_text("")
    (tmp_path / "anna").symlink_to("solutions/01-interrupts")
    with pytest.raises(Trouble, match="this course's own solutions"):
        implementation.choose_implementation(LAB, str(tmp_path / "anna"))


@pytest.mark.parametrize("name", ["Anna B", "M\u00fcller(1)", "it's", "a:b", "$(touch x)", "a;b#c"])
def test_any_path_and_any_name(tmp_path: Path, name: str) -> None:
    (tmp_path / name).mkdir()
    (tmp_path / name / "irq.c").write_text("")
    chosen = implementation.choose_implementation(LAB, str(tmp_path / name), name)
    assert re.fullmatch(r"01-interrupts\.[A-Za-z0-9_.-]+", chosen.stage)
    command = build.make_command(chosen)
    assert f"FILES=build/{chosen.stage}/handed-in" in command


def test_what_prints_for_ever_is_ended() -> None:
    status, text = build.run_limited(["sh", "-c", "yes"], dict(os.environ))
    assert status != 0
    assert len(text) <= build.MOST_SAID


def test_there_is_no_terminal() -> None:
    status, text = build.run_limited(["sh", "-c", "cat < /dev/tty"], dict(os.environ))
    assert status != 0
    assert "/dev/tty" in text


@pytest.mark.parametrize(
    ("output", "words"),
    [
        ("gcc: internal compiler error: CPU time limit exceeded signal terminated program cc1",
         "stops at irq.c: internal compiler error: CPU time"),
        ("cc1: out of memory allocating 65536 bytes", "stops at irq.c: out of memory"),
        ("/tmp/ccAbCd1.s:469: Error: no such instruction: `a b'", "Error: no such instruction"),
        ("kernel/mm/page.c:1:1: error: by a #line", "stops at irq.c: it fails"),
        ("/etc/secret:1: Error: no such instruction: `password'", "stops at irq.c: it fails"),
        ("gcc: fatal error: Killed signal terminated program cc1", "stops at irq.c"),
        ('No space left on device:7:2: error: expected ";"', "stops at irq.c: it fails"),
    ],
)  # fmt: skip
def test_whatever_stops_the_compiler_at_a_student_s_file(output: str, words: str) -> None:
    handed_in = implementation.Implementation(LAB, "x", Path("/somewhere"))
    end = "make: *** [Makefile:416: build/01-interrupts.x/lab/irq.c.o] Error 1"
    failure = build.object_failure([output, end], handed_in)
    assert bool(failure) == bool(words)
    assert failure is None or words in failure.summary
    other = end.replace("01-interrupts.x", "02-eventqueue")
    assert build.object_failure([output, other], handed_in) is None

"""The test programs of user/tests: on Signalbox, in many circumstances, and on Linux.

Each program counts as one test.  What it prints itself, and the pages and
processes that it must give back, are user/run.c's matter.
"""

from __future__ import annotations

import platform
import re
import subprocess

from tools.machine.machine import BUILD, ROOT, TESTS_PASSED

from .framework import Context, add_check, check, expect
from .kernel_tests import run_tests
from .source import FIRST_NATIVE, syscall_rows

# Seeds for sched=: other numbers are as good.  The strategies differ in what
# they cost: jitter is nearly free, random switches at each system call.
PERTURBED = ((1, "random", 11), (2, "random", 12), (2, "pct:3", 13), (4, "jitter", 14))

FUZZ_CALLS = 200_000
FUZZ_WORKERS = 4


def register() -> None:
    """One check for each machine."""
    for cpus in (1, 2, 4):
        add_check(
            f"user/icount-{cpus}",
            lambda context, cpus=cpus: run_tests(
                context, context.machine(cpus=cpus, append="test=user")
            ),
            5,
        )
    add_check(
        "user/parallel-2",
        lambda context: run_tests(
            context, context.machine(cpus=2, icount=False, append="test=user")
        ),
        20,
    )
    for cpus, strategy, seed in PERTURBED:
        append = f"test=user sched={strategy} seed={seed}"
        add_check(
            f"user/{strategy.partition(':')[0]}-{cpus}",
            lambda context, cpus=cpus, append=append: run_tests(
                context, context.machine(cpus=cpus, append=append)
            ),
            15,
        )
    for cpus, seed in ((1, 1), (4, 2)):
        append = f'test=user/fuzz args="{seed} {FUZZ_CALLS} {FUZZ_WORKERS}"'
        add_check(
            f"user/fuzz-{cpus}",
            lambda context, cpus=cpus, append=append: run_tests(
                context, context.machine(cpus=cpus, memory=256, append=append)
            ),
            20,
        )


@check("user/little-memory", 60)
def little_memory(context: Context) -> None:
    """Programs that want all memory of a machine that has little."""
    append = "test=user/exhaustion,user/exhaustion_kinds"
    run_tests(context, context.machine(cpus=2, memory=32, append=append))


@check("user/many-processes", 3)
def many_processes(context: Context) -> None:
    """4,096 processes at once, and the last costs no more than the first."""
    machine = context.machine(cpus=1, memory=512, append="test=user/many_processes")
    text = context.run(machine, TESTS_PASSED)
    found = re.search(r"# (\d+) ns to make a process at first, (\d+) ns at last$", text, re.M)
    expect(found is not None, "the test prints no figures", "two costs", text[-500:])
    assert found
    first, last = int(found[1]), int(found[2])
    expect(last <= first * 1.05, "the cost grows with their number", f"{first}", last)
    context.note(f"a fork costs {first} instructions with 256 processes, {last} with 4,096")


@check("user/fuzz-calls", 1)
def fuzz_calls(context: Context) -> None:
    """The fuzzer knows every system call of the kernel's table."""
    known = (ROOT / "user/fuzz/calls.c").read_text(encoding="utf-8")
    calls = {name for name, (number, _) in syscall_rows().items() if number < FIRST_NATIVE}
    named = re.findall(r"^\t(?:C\(|case SYS_)(\w+)", known, re.M)  # or never tried
    missing = calls - set(named)
    expect(not missing, "user/fuzz/calls.c lacks a line each for", "none", sorted(missing))
    context.note(f"{len(calls)} calls")


@check("user/oracle", 5)
def oracle(context: Context) -> None:
    """The portable ones pass on Linux too."""
    if (platform.system(), platform.machine()) != ("Linux", "x86_64"):
        context.note("not run: the programs are for Linux on x86-64")
        return
    command = ["tools/oracle", "--programs", str(BUILD / "user")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    log = context.log()
    log.write_text(done.stdout + done.stderr, encoding="utf-8")
    context.ktap(done.stdout, log)
    status = 1 if context.results.failed else 0
    expect(done.returncode == status, "tools/oracle: its exit status", status, done.stderr)


register()

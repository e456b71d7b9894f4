"""The tests inside the kernel, all of them, on each number of CPUs.

Under icount, where each run is the same; and without it, where the CPUs truly
run at the same time, each in a thread of QEMU.
"""

from __future__ import annotations

import re

from tools.machine.machine import TESTS_FAILED, TESTS_PASSED, Machine

from .framework import Context, add_check, check, expect, ktap_parse


def run_tests(context: Context, machine: Machine) -> str:
    """Counts each test's result."""
    with context.boot(machine) as guest:
        end = guest.wait_exit()
    text = guest.text()
    if end.status not in (TESTS_PASSED, TESTS_FAILED):
        context.results = ktap_parse(text)
        context.expect_end(guest, end, TESTS_PASSED)
    context.ktap(text, guest.log)
    context.expect_end(guest, end, TESTS_FAILED if context.results.failed else TESTS_PASSED)
    return text


def register() -> None:
    """One check for each machine."""
    for cpus, seconds in ((1, 2), (2, 3), (4, 4), (8, 5)):
        add_check(
            f"tests/icount-{cpus}",
            lambda context, cpus=cpus: run_tests(
                context, context.machine(cpus=cpus, append="test=all")
            ),
            seconds,
        )
    for cpus, seconds in ((2, 20), (4, 40)):
        add_check(
            f"tests/parallel-{cpus}",
            lambda context, cpus=cpus: run_tests(
                context, context.machine(cpus=cpus, icount=False, append="test=all seeds=1")
            ),
            seconds,
        )


@check("tests/32-mib", 3)
def tests_in_little_memory(context: Context) -> None:
    """The same in 32 MiB."""
    run_tests(context, context.machine(cpus=2, memory=32, append="test=all"))


@check("tests/many-threads", 3)
def many_threads(context: Context) -> None:
    """10,000 threads block at once, and a wake-up costs what it did with 10."""
    machine = context.machine(cpus=1, memory=512, append="test=sched/many")
    text = context.run(machine, TESTS_PASSED)
    found = re.findall(r"^# wake-up with (\d+) blocked threads: (\d+) cycles$", text, re.MULTILINE)
    costs = {int(threads): int(cycles) for threads, cycles in found}
    expect(set(costs) == {10, 10_000}, "not both sizes", "10 and 10000 threads", costs)
    expect(costs[10_000] <= costs[10] * 1.1, "the cost grows with the threads", "flat", costs)
    context.note(f"a wake-up costs {costs[10]} instructions with 10, {costs[10_000]} with 10,000")


@check("tests/unknown", 1)
def test_unknown(context: Context) -> None:
    """A test that does not exist is no success."""
    text = context.run(context.machine(cpus=1, append="test=no/such"), TESTS_FAILED)
    expect("no such test" in text, "it does not say so", "no such test", text[-300:])


@check("bench/switch", 3)
def bench_switch(context: Context) -> None:
    """Prints the instructions that a switch costs; asserts nothing."""
    machine = context.machine(cpus=1, append="test=bench/switch")
    found = re.search(
        r"^# bench switch (\d+)$", context.run(machine, TESTS_PASSED), re.MULTILINE
    )
    expect(bool(found), "the test prints no figure", "bench switch N", "nothing")
    assert found
    context.note(f"a switch of threads costs {found[1]} instructions; the bar is 250")


register()

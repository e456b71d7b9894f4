"""Same seed, same run; another seed, another run; and races that a seed finds."""

from __future__ import annotations

import re

from tools.machine.machine import TESTS_PASSED

from .framework import Context, Failed, add_check, check, expect

SEEDS = range(1, 11)


def same_log(context: Context, cpus: int) -> None:
    """Two runs with one seed: the logs are equal, byte for byte."""
    machine = context.machine(cpus=cpus, append="test=all sched=random seed=7")
    logs = []
    for _ in range(2):
        with context.boot(machine) as guest:
            guest.wait_exit()  # whether the tests pass is another check's matter
        logs.append(guest.data())
    first, second = logs
    if first == second:
        expect(len(first) > 500, "the log is suspiciously short", "500 bytes", len(first))
        return
    pairs = zip(first.splitlines(), second.splitlines(), strict=False)
    for number, (a, b) in enumerate(pairs, 1):
        expect(a == b, f"two runs with seed 7 differ in line {number}", repr(a), repr(b))
    raise Failed(f"one run says more: {len(first)} and {len(second)} bytes")


def register() -> None:
    """One check for each number of CPUs."""
    for cpus in (1, 2, 4):
        add_check(
            f"determinism/same-log-{cpus}",
            lambda context, cpus=cpus: same_log(context, cpus),
            15,
        )


def demo_line(context: Context, name: str, cpus: int, options: str, pattern: str) -> re.Match[str]:
    """Runs a demo; the line of its log that matters."""
    machine = context.machine(cpus=cpus, append=f"test=demo/{name} {options}".strip())
    text = context.run(machine, TESTS_PASSED)
    found = re.search(pattern, text, re.MULTILINE)
    expect(found is not None, f"demo/{name} does not print its line", pattern, text[-500:])
    assert found
    return found


@check("determinism/interleavings", 8)
def interleavings(context: Context) -> None:
    """Ten seeds give ten interleavings."""
    pattern = r"^# interleaving (\w+)$"
    for cpus in (1, 2):
        orders = [
            demo_line(context, "interleave", cpus, f"sched=random seed={seed}", pattern)[1]
            for seed in SEEDS
        ]
        distinct = len(set(orders))
        expect(distinct == len(SEEDS), f"on {cpus} CPUs", "ten interleavings", distinct)


@check("determinism/lost-updates", 8)
def lost_updates(context: Context) -> None:
    """An unlocked counter on two CPUs loses updates, as many each time for a seed."""
    pattern = r"^# lost (\d+) of (\d+)$"
    counts = {}
    for strategy in ("random", "jitter"):
        for seed in (1, 2, 3):
            options = f"sched={strategy} seed={seed}"
            runs = {demo_line(context, "lost_updates", 2, options, pattern)[1] for _ in range(2)}
            expect(len(runs) == 1, f"{options}: two runs differ", "the same number", runs)
            counts[options] = int(runs.pop())
    expect(any(counts.values()), "no seed lost an update", "more than 0", counts)
    plain = int(demo_line(context, "lost_updates", 2, "", pattern)[1])
    expect(plain == 0, "unperturbed, icount's long slices lose nothing", 0, plain)
    context.note("lost: " + ", ".join(f"{count} ({name})" for name, count in counts.items()))


register()

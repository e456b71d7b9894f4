"""The kernel boots: on each number of CPUs, on both paths, in little memory.

And where it can not, it says why, instead of rebooting for ever.
"""

from __future__ import annotations

import re

from tools.machine.boot import BochsBoot
from tools.machine.machine import PANIC, USER, Machine

from .framework import Context, add_check, check, expect

PROMPT = r"^signalbox> "
SHELL = r"^(\S+ #|\$) "  # busybox's; ours, where there is no busybox


def boots_to_prompt(context: Context, machine: Machine) -> None:
    """Boots, types poweroff, and expects that status."""
    with context.boot(machine, typing=True) as guest:
        guest.wait_for(PROMPT)
        text = guest.text()
        guest.type("poweroff\r")
        end = guest.wait_exit()
    context.expect_end(guest, end, USER)
    online = re.search(r"^(\d+) of (\d+) CPUs online", text, re.MULTILINE)
    want = f"{machine.cpus} of {machine.cpus} CPUs online"
    expect(bool(online), "the number of CPUs is not in the log", want, "no such line")
    assert online
    expect(online[0] == want, "not every CPU came online", want, online[0])
    expect(machine.name() in text, "the log does not name the machine", machine.name(), guest.log)


def register() -> None:
    """One check for each machine."""
    for cpus in (1, 2, 4, 8):
        add_check(
            f"boot/direct-{cpus}",
            lambda context, cpus=cpus: boots_to_prompt(context, context.machine(cpus=cpus)),
            2,
        )
    for cpus in (1, 2):
        add_check(
            f"boot/iso-{cpus}",
            lambda context, cpus=cpus: boots_to_prompt(
                context, context.machine(cpus=cpus, iso=True, append="trace=0")
            ),
            4,
        )
        add_check(
            f"boot/bochs-{cpus}", lambda context, cpus=cpus: boots_in_bochs(context, cpus), 20
        )


@check("boot/in-32-mib", 2)
def boot_in_little_memory(context: Context) -> None:
    """32 MiB are enough, on 8 CPUs too."""
    boots_to_prompt(context, context.machine(cpus=8, memory=32))


@check("boot/iso-menu", 4)
def boot_iso_of_make(context: Context) -> None:
    """The ISO of `make iso` boots as it is, to the shell.

    Without icount: GRUB's menu waits two seconds, and would count them as so many
    thousand million instructions.
    """
    with context.boot(context.machine(iso=True, icount=False), typing=True) as guest:
        guest.wait_for(SHELL)
        guest.type("poweroff\r")
        context.expect_end(guest, guest.wait_exit(), USER)


def boots_in_bochs(context: Context, cpus: int) -> None:
    """The ISO in Bochs: the prompt, and a suite of tests at it."""
    with BochsBoot(context.machine(cpus=cpus, iso=True, append="monitor"), context.log()) as guest:
        guest.wait_for(PROMPT)
        guest.type("test lib\r")
        guest.wait_for(r"^# \d+ passed, \d+ failed, of \d+$")
        guest.wait_for(PROMPT)
        guest.type("poweroff\r")
        guest.wait_exit()
    text = guest.text()
    context.ktap(text, guest.log)
    want = f"{cpus} of {cpus} CPUs online"
    expect(want in text, "not every CPU came online", want, guest.log)


@check("boot/too-little-memory", 1)
def boot_too_little_memory(context: Context) -> None:
    """8 MiB are too little, and the kernel says so."""
    machine = context.machine(cpus=1, memory=8, append="panic=exit")
    text = context.run(machine, PANIC)
    pattern = r"this machine has \d+ MiB of memory; Signalbox needs \d+"
    expect(bool(re.search(pattern, text)), "it does not say so", pattern, text[-800:])


@check("boot/no-nx", 1)
def boot_without_nx(context: Context) -> None:
    """A CPU without a feature that the kernel needs is named."""
    machine = context.machine(cpus=1, cpu="qemu64,-nx")
    with context.boot(machine) as guest:
        guest.wait_for("needs a CPU with.* NX|CPU has no .*NX")


@check("boot/32-bit-cpu", 1)
def boot_on_32_bit_cpu(context: Context) -> None:
    """A CPU without 64-bit mode gets words too, and no triple fault."""
    machine = context.machine(cpus=1, cpu="qemu32")
    with context.boot(machine) as guest:
        guest.wait_for("64-bit|long mode")


@check("boot/options", 1)
def boot_options(context: Context) -> None:
    """Options that do not exist are reported, with the nearest that does."""
    machine = context.machine(cpus=1, append="tset=core bogus=1")
    with context.boot(machine) as guest:
        guest.wait_for(r"unknown option tset=core: did you mean test=\?")
        guest.wait_for(r"unknown option bogus=1")
        guest.wait_for(PROMPT)


@check("boot/time", 3)
def boot_time(context: Context) -> None:
    """Prints how long it takes from the start to the first bytes; asserts nothing."""
    best = {}
    for what, pattern in (("first serial byte", "."), ("first test line", "^1\\.\\.")):
        times = []
        for _ in range(3):
            machine = context.machine(cpus=1, icount=False, append="test=lib")
            with context.boot(machine) as guest:
                guest.wait_for(pattern)
                times.append(guest.seconds())
        best[what] = min(times)
    context.note(", ".join(f"{what} after {took:.2f} s" for what, took in best.items()))


register()

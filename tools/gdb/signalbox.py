"""GDB commands that know the kernel: `help signalbox` lists them.

They read the kernel's own structures, by their names in its debugging
information, and change nothing in the guest.  The kernel need not cooperate,
nor be in good health: it is stopped while they look.

A thread that does not run was switched away in context_switch(), which pushes
the registers that a function must preserve, and keeps the stack pointer in
struct thread.rsp.  From there the frame pointers lead back through its callers.
What runs has its registers in a CPU, which GDB shows as a thread of its own
("info threads"); a thread here is always one of the kernel's.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

import gdb

MAX_FRAMES = 32
# context_switch() (cpu/switch.asm) pushes, lowest address first.
SAVED_REGISTERS = ("r15", "r14", "r13", "r12", "rbx", "rbp")
WORD = 8


class Unreadable(Exception):
    """What was asked for is not in the guest; says so in words."""


# ---- reading the guest ----


def value(expression: str) -> gdb.Value:
    """Of an expression in the kernel's own C."""
    try:
        return gdb.parse_and_eval(expression)
    except gdb.error as error:
        raise Unreadable(f"{expression}: {error}") from error


def word(address: int) -> int:
    """The 64 bits at an address."""
    try:
        memory = gdb.selected_inferior().read_memory(address, WORD)
    except gdb.MemoryError as error:
        raise Unreadable(f"nothing is mapped at {address:#x}") from error
    return int.from_bytes(bytes(memory), "little")


def text_of(chars: gdb.Value) -> str:
    """A C string, or an array that holds one."""
    return chars.string(errors="replace")


def enum_name(number: gdb.Value, prefix: str) -> str:
    """THREAD_BLOCKED -> "blocked"."""
    return str(number).removeprefix(prefix).lower().replace("_", " ")


def place(address: int) -> str:
    """ "function+0x1c (kernel/sched/thread.c:120)" for an address."""
    name, start = "", None
    block = gdb.block_for_pc(address)
    while block:  # outwards: functions that were inlined, then the real one
        if block.function:
            name, start = block.function.print_name, block.start
        block = block.superblock
    if not name:  # assembly code has symbols, but no blocks
        symbol = gdb.execute(f"info symbol {address:#x}", to_string=True)
        if symbol.startswith("No symbol"):
            return f"{address:#x}"
        name, _, distance = symbol.split(" in section")[0].partition(" + ")
        name += f"+{int(distance or 0):#x}"
    offset = f"+{address - start:#x}" if start is not None else ""
    line = gdb.find_pc_line(address)
    source = ""
    if line.symtab:
        source = f" ({kernel_path(line.symtab.filename)}:{line.line})"
    return f"{name}{offset}{source}"


def kernel_path(path: str) -> str:
    """The part from kernel/ on."""
    at = path.rfind("kernel/")
    return path[at:] if at >= 0 else path


# ---- the kernel's structures ----


def cpus_online() -> Iterator[gdb.Value]:
    """Each struct cpu that runs."""
    cpus = value("cpus")
    for number in range(max(1, int(value("cpu_count")))):
        yield cpus[number]


def all_threads() -> Iterator[gdb.Value]:
    """Each struct thread *, in order of creation."""
    head = value("&all_threads")
    thread = gdb.lookup_type("struct thread")
    offset = next(f.bitpos // 8 for f in thread.fields() if f.name == "all_link")
    link = head["next"]
    if int(link) == 0:
        raise Unreadable("there are no threads yet: the kernel has not come that far")
    while int(link) != int(head):
        yield gdb.Value(int(link) - offset).cast(thread.pointer())
        link = link["next"]


def running_on() -> dict[int, int]:
    """Which thread (its address) runs on which CPU."""
    return {int(cpu["running"]): int(cpu["id"]) for cpu in cpus_online() if int(cpu["running"])}


def selected_cpu() -> gdb.Value:
    """The struct cpu that GDB looks at: QEMU numbers them from 1."""
    selected = gdb.selected_thread()
    if not selected:
        raise Unreadable("no kernel is being debugged")
    return value("cpus")[selected.ptid[1] - 1]


def thread_by_id(text: str) -> gdb.Value:
    """The struct thread * of an id, or of an expression for its address."""
    if not text:
        raise Unreadable("which thread?  `threads` lists their ids")
    number = int(value(text))
    for thread in all_threads():
        if number in (int(thread["id"]), int(thread)) and number != 0:
            return thread
    raise Unreadable(f"there is no thread {text}: `threads` lists them")


def saved_frame(thread: gdb.Value) -> tuple[int, int]:
    """rip and rbp of a thread that was switched away."""
    rsp = int(thread["rsp"])
    rip = word(rsp + WORD * len(SAVED_REGISTERS))
    rbp = word(rsp + WORD * SAVED_REGISTERS.index("rbp"))
    return rip, rbp


def callers(rip: int, rbp: int) -> Iterator[int]:
    """Return addresses, innermost first, by following the frame pointers."""
    for _ in range(MAX_FRAMES):
        yield rip
        try:
            rip, rbp, last = word(rbp + WORD), word(rbp), rbp
        except Unreadable:
            return
        if rip == 0:
            return
        if rbp <= last:  # a stack is followed upwards only
            yield rip
            return


def is_scheduler(address: int) -> bool:
    """Is it the way into the scheduler, and not yet the code that went there?"""
    names = ("context_switch", "switch_", "sched_", "block", "thread_block", "thread_yield")
    return place(address).startswith(names)


def where(thread: gdb.Value, running: dict[int, int]) -> str:
    """For the list of threads: what it does."""
    if int(thread) in running:
        return "runs"
    state = enum_name(thread["state"], "THREAD_")
    if state == "new":
        return f"will begin in {place(int(thread['entry']))}"
    if state == "exited":
        return "has ended"
    if state == "blocked" and int(thread["blocked_at"]):
        return place(int(thread["blocked_at"]) - 1)
    frames = [address - 1 for address in callers(*saved_frame(thread))]
    outside = [address for address in frames if not is_scheduler(address)]
    return place((outside or frames[-1:])[0])


# ---- the commands ----


def command(name: str) -> Callable[[Callable[[str], None]], Callable[[str], None]]:
    """Makes a function a GDB command; its doc string is the help."""

    def register(function: Callable[[str], None]) -> Callable[[str], None]:
        class Registered(gdb.Command):
            __doc__ = function.__doc__

            def __init__(self) -> None:
                super().__init__(name, gdb.COMMAND_USER)

            def invoke(self, argument: str, from_tty: bool) -> None:
                try:
                    function(argument.strip())
                except (Unreadable, gdb.error, ValueError) as error:
                    raise gdb.GdbError(f"{name}: {error}") from error

        Registered()
        names.append((name, (function.__doc__ or "").splitlines()[0]))
        return function

    return register


names: list[tuple[str, str]] = []


@command("threads")
def command_threads(argument: str) -> None:
    """Lists the kernel's threads: id, name, state, CPU, and where each waits."""
    running = running_on()
    print(f"{'ID':>5} {'NAME':<20} {'STATE':<8} {'CPU':>3}  WHERE")
    for thread in all_threads():
        state = enum_name(thread["state"], "THREAD_")
        try:
            doing = where(thread, running)
        except Unreadable as error:
            doing = str(error)
        print(
            f"{int(thread['id']):>5} {text_of(thread['name']):<20} {state:<8} "
            f"{int(thread['cpu']):>3}  {doing}"
        )


def select_cpu(number: int) -> None:
    """Makes GDB look at it."""
    for candidate in gdb.selected_inferior().threads():
        if candidate.ptid[1] == number + 1:
            candidate.switch()
            return
    raise Unreadable(f"GDB does not know CPU {number}")


@command("thread-bt")
def command_thread_bt(argument: str) -> None:
    """Shows the backtrace of a kernel thread: thread-bt ID.

    For one that runs it is GDB's own, on its CPU.  Any other is followed by its
    frame pointers, from where it was switched away."""
    thread = thread_by_id(argument)
    name = f"thread {int(thread['id'])} ({text_of(thread['name'])})"
    running = running_on()
    if int(thread) in running:
        chosen = gdb.selected_thread()
        print(f"{name} runs on CPU {running[int(thread)]}:")
        select_cpu(running[int(thread)])
        try:
            gdb.execute(f"backtrace {MAX_FRAMES}")
        finally:
            chosen.switch()
        return
    if enum_name(thread["state"], "THREAD_") == "new":
        print(f"{name} has not run yet; it begins in {place(int(thread['entry']))}")
        return
    print(f"{name}, {enum_name(thread['state'], 'THREAD_')}:")
    for depth, address in enumerate(callers(*saved_frame(thread))):
        # A return address lies behind the call: one byte less names its line.
        print(f"  #{depth:<2} {place(address if depth == 0 else address - 1)}")


@command("cpus")
def command_cpus(argument: str) -> None:
    """Lists the CPUs: current thread, interrupts, where each is."""
    chosen = gdb.selected_thread()
    print(f"{'CPU':>3} {'THREAD':<26} {'DEPTH':>5} {'NESTING':>7}  WHERE")
    try:
        for cpu in cpus_online():
            number, current = int(cpu["id"]), cpu["running"]
            thread = "-"
            if int(current):
                thread = f"{int(current['id'])} {text_of(current['name'])}"
            select_cpu(number)
            rip = int(value("(unsigned long)$rip"))
            flag = "" if int(value("$eflags")) & 1 << 9 else ", interrupts off"
            print(
                f"{number:>3} {thread:<26} {int(cpu['intr_depth']):>5} "
                f"{int(cpu['irq_nesting']):>7}  {place(rip)}{flag}"
            )
    finally:
        if chosen and chosen.is_valid():
            chosen.switch()


@command("locks")
def command_locks(argument: str) -> None:
    """Lists the core locks that are held, by CPU, and where each was taken."""
    none = True
    for cpu in cpus_online():
        for index in range(int(cpu["held_count"])):
            lock = cpu["held"][index]
            rank = enum_name(lock["rank"], "RANK_")
            waiting = (int(lock["next"]) - int(lock["serving"]) - 1) & 0xFFFFFFFF
            print(
                f"CPU {int(cpu['id'])} holds {text_of(lock['name'])} (rank {rank}), "
                f"taken at {place(int(lock['taken_at']) - 1)}; {waiting} waiting"
            )
            none = False
    if none:
        print("No core lock is held.")


def holders_of(wait: gdb.Value, threads: list[gdb.Value]) -> Iterator[str]:
    """Who holds what this is a wait for, and since where."""
    for thread in threads:
        waits = thread["waits"]
        for index in range(int(waits["held_count"])):
            held = waits["held"][index]
            if int(held["object"]) == int(wait["object"]):
                since = place(int(held["at"]) - 1)
                yield f"thread {int(thread['id'])} ({text_of(thread['name'])}), taken at {since}"


@command("waits")
def command_waits(argument: str) -> None:
    """Lists who waits for what, where, and who holds it."""
    threads, none = list(all_threads()), True
    for thread in threads:
        wait = thread["waits"]["wait"]
        kind = enum_name(wait["kind"], "WAIT_")
        blocked = enum_name(thread["state"], "THREAD_") == "blocked"
        if kind in ("none", "work") or not blocked:
            continue
        name = f' "{text_of(wait["name"])}"' if int(wait["name"]) else f" {wait['object']}"
        print(
            f"thread {int(thread['id'])} ({text_of(thread['name'])}) waits for {kind}{name}, "
            f"at {place(int(wait['at']) - 1)}"
        )
        for holder in holders_of(wait, threads):
            print(f"  held by {holder}")
        none = False
    if none:
        print("No thread waits for anything that is recorded.")


def ring_events() -> Iterator[tuple[int, int, gdb.Value]]:
    """(time, CPU, event) of each recorded event, CPU by CPU."""
    for cpu in cpus_online():
        ring = cpu["trace"]
        if not int(ring):
            continue
        events = next(
            ring[field.name]
            for field in ring.dereference().type.fields()
            if field.type.strip_typedefs().code == gdb.TYPE_CODE_ARRAY
        )
        low, high = events.type.range()
        for index in range(low, high + 1):
            event = events[index]
            if int(event["time"]):
                yield int(event["time"]), int(cpu["id"]), event


def event_word(number: int) -> str:
    """An argument of an event: a place in the kernel, or a number."""
    if number >= 0xFFFFFFFF80000000:
        return place(number)
    return str(number) if number < 1 << 16 else f"{number:#x}"


@command("ktrace")
def command_ktrace(argument: str) -> None:
    """Shows the last trace points of all CPUs, merged by time: ktrace [N].

    They are recorded while trace_enabled is true: with trace=1 on the kernel's
    command line, by `trace on` at its prompt, or `set var trace_enabled = 1`."""
    count = int(value(argument)) if argument else 20
    kinds = gdb.lookup_type("enum trace_kind")
    events = sorted(ring_events(), key=lambda item: item[:2])[-count:]
    if not events:
        on = bool(int(value("trace_enabled")))
        print("No event yet." if on else "Tracing is off: set var trace_enabled = 1")
        return
    for time, cpu, event in events:
        kind = enum_name(gdb.Value(int(event["kind"])).cast(kinds), "TRACE_")
        print(
            f"{time / 1e9:13.9f} CPU {cpu} thread {int(event['thread']):<5} {kind:<14} "
            f"{event_word(int(event['a']))} {event_word(int(event['b']))}"
        )


@command("console")
def command_console(argument: str) -> None:
    """Shows the end of what the kernel has printed: console [LINES]."""
    count = int(value(argument)) if argument else 20
    folder = os.path.dirname(gdb.current_progspace().filename or "")
    try:
        with open(os.path.join(folder, "serial.log"), errors="replace") as log:
            lines = log.read().splitlines()
    except OSError as error:
        raise Unreadable(f"no log: {error}") from error
    print("\n".join(lines[-count:]))


class CurrentThread(gdb.Function):
    """$current(): the struct thread * that the selected CPU runs."""

    def __init__(self) -> None:
        super().__init__("current")

    def invoke(self) -> gdb.Value:
        try:
            return selected_cpu()["running"]
        except Unreadable as error:
            raise gdb.GdbError(f"current: {error}") from error


CurrentThread()
names.append(("$current()", "The struct thread * that the selected CPU runs: p *$current()"))


@command("signalbox")
def command_signalbox(argument: str) -> None:
    """Lists the kernel's commands; `help NAME` explains one."""
    for name, line in names:
        print(f"{name:<10} {line}")

"""What source/waits finds: each way to wait for seconds, planted; and what is none."""

from __future__ import annotations

import pytest

from tools.checks.waits import in_c, in_python

PLANTED = [
    "time.sleep(2)",
    "sleep(0.3)",
    "subprocess.run(command, timeout=60)",
    "process.wait(20)",
    "process.communicate(timeout=LIMIT)",
    "channel.settimeout(5.0)",
    "thread.join(5)",
    "select.select([terminal], [], [], 10)",
    "guest.wait_for('ready', timeout=3)",
    "assert time.monotonic() - started < 20",
    "expect(guest.seconds() < 4, 'it is slow')",
    "deadline = time.monotonic() + 20\n    while time.monotonic() < deadline:\n        pass",
    "best = min(guest.seconds(), 9)\n    expect(best < 4, 'it is slow')",
    "times.append(guest.seconds())\n    best = min(times)\n    expect(best < 4, 'it is slow')",
]
HARMLESS = [
    "pause()",
    "process.wait()",
    "process.wait(timeout=LAST_RESORT)",
    "select.select([terminal], [], [], 0)",
    "select.select([a, b], [], [])",
    "text = ', '.join(words)",
    "started = time.monotonic()\n    note(f'{time.monotonic() - started:.1f} s')",
    "count < 20",
]


@pytest.mark.parametrize("line", PLANTED)
def test_a_limit_in_python_is_found(line: str) -> None:
    assert list(in_python("x.py", f"def f():\n    {line}\n"))


@pytest.mark.parametrize("line", HARMLESS)
def test_python_without_one(line: str) -> None:
    assert not list(in_python("x.py", f"def f():\n    {line}\n"))


PLANTED_C = [
    "alarm(5);",
    "sleep(1);",
    "usleep(1000);",
    "nanosleep(&t, NULL);",
    "pause_ms(30);",
    "time_delay_ns(500 * NSEC_PER_USEC);",
    "thread_sleep_until(time_ns() + NSEC_PER_MSEC);",
    "uint64_t deadline = time_ns() + 10 * NSEC_PER_SEC;",
    "while (!done && time_ns() < deadline)",
    "EXPECT(t, time_ns() - start < 100000);",
    "EXPECT(now_ms() - start < 190);",
    "while (busy() && time(NULL) < limit)",
    "if (now.tv_sec > start.tv_sec + 1)",
    "#define GATE_TIMEOUT (10 * NSEC_PER_SEC)",
]
HARMLESS_C = [
    "EXPECT(t, time_ns() - start >= 100000);",
    "EXPECT(now_ms() - start >= 99);",
    "timer_start(&timer, time_ns() + random_next(&r) % 1000, ring);",
    "/* never sleep(1) here */",
    'FAIL(t, "alarm(1) did not come");',
    "thread_sleep_until(deadline);",
]


@pytest.mark.parametrize("line", PLANTED_C)
def test_a_limit_in_c_is_found(line: str) -> None:
    assert list(in_c("x.c", f"static void f(void)\n{{\n\t{line}\n}}\n"))


@pytest.mark.parametrize("line", HARMLESS_C)
def test_c_without_one(line: str) -> None:
    assert not list(in_c("x.c", f"static void f(void)\n{{\n\t{line}\n}}\n"))


def test_what_asks_for_exact_time_may_count_it() -> None:
    body = "\tif (!deadlines_hold(t))\n\t\treturn;\n\ttime_delay_ns(1000);\n"
    assert not list(in_c("x.c", f"static void f(void)\n{{\n{body}}}\n"))

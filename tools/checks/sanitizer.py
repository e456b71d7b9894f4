"""SANITIZE=1: the kernel that checks each of its own accesses.

It runs all tests and the fuzzer, in which nothing may be found; and what it is
there to find is planted (kernel/test/tests/test_sanitize.c), and explained.
"""

from __future__ import annotations

import re

from tools.machine.machine import PANIC, stage_words

from .framework import Context, check, expect
from .kernel_tests import run_tests
from .source import make

# Of each planted mistake, what the log says.
FOUND = {
    "read_beyond": r"read of 1 byte .*by test_read_beyond.*: 0 bytes behind the end of an object"
    r" of 20 bytes that was allocated at test_read_beyond\+",
    "write_far_beyond": r"write of 1 byte .*: beyond the end of a large object",
    "copy_beyond": r"write of 21 bytes .*by test_copy_beyond.*: 0 bytes behind the end of an object",
    "read_freed": r"read of 1 byte .*: 3 bytes into an object of 20 bytes that was freed by thread"
    r" \d+ at test_read_freed\+.*, and allocated at test_read_freed\+",
    "free_twice_later": r"kfree: .* was freed already, by thread \d+ at test_free_twice_later\+",
    "page_freed": r"read of 1 byte .*: in a page that is free",
    "overflow": r"test_sanitize\.c:\d+: a sum overflows its signed type",
    "shift": r"test_sanitize\.c:\d+: a shift by too much",
    "index": r"test_sanitize\.c:\d+: an index is beyond the array",
}
FUZZ = 'test=user/fuzz args="7 20000 4"'


@check("source/sanitizer", 60)
def sanitizer(context: Context) -> None:
    """Built, it finds what is planted, and nothing else in all that we have."""
    status, text, _ = make("kernel", "SANITIZE=1", *stage_words(context.stage))
    expect(status == 0, "make kernel SANITIZE=1", "status 0", f"{status}\n{text[-1500:]}")
    stage = f"{context.stage}.sanitized"
    for name, pattern in FOUND.items():
        append = f"test=sanitize/{name} panic=exit"
        text = context.run(context.machine(stage=stage, cpus=1, append=append), PANIC)
        expect(
            re.search(pattern, text) is not None,
            f"sanitize/{name} is not explained",
            f"a match of /{pattern}/",
            "\n" + text[:1500],
        )
    for append in ("test=all", "test=user", FUZZ):
        run_tests(context, context.machine(stage=stage, cpus=2, memory=256, append=append))
    context.note(f"{len(FOUND)} planted mistakes are found, and no other")

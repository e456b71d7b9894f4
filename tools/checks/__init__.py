"""The checks, by theme; importing this registers them all."""

from . import (  # noqa: F401
    bench,
    boots,
    console,
    debuggers,
    determinism,
    faults,
    grading,
    kernel_tests,
    source,
    user,
    verbs,
)

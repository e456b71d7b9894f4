"""The checks, by theme; importing this registers them all."""

from . import (  # noqa: F401
    bench,
    boots,
    busybox,
    busybox_screen,
    console,
    course,
    debuggers,
    determinism,
    exploring,
    faults,
    grading,
    kernel_tests,
    layers,
    programs,
    sanitizer,
    small,
    source,
    user,
    verbs,
    waits,
)

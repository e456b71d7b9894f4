"""The reader of KTAP, and the counting: a check that can not fail is no check."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.checks.framework import (
    Check,
    Context,
    Failed,
    Totals,
    comments_of,
    expect,
    ktap_parse,
    run_checks,
    select,
)

LOG = """\
some boot message
KTAP version 1
1..4
ok 1 - lib/format
# expected 3, got 4 (kernel/test/tests/test_x.c:12)
not ok 2 - core/wakeup
ok 3 - sched/steal # SKIP needs more CPUs
ok 4 - sched/pct # 30 runs
"""


def test_ktap_results() -> None:
    ktap = ktap_parse(LOG)
    assert ktap.planned == 4
    assert ktap.passed == ["lib/format", "sched/pct"]
    assert ktap.failed == ["core/wakeup"]
    assert ktap.skipped == ["sched/steal"]


def test_ktap_out_of_order_is_an_error() -> None:
    with pytest.raises(Failed):
        ktap_parse("1..2\nok 2 - a/b\nok 1 - a/c\n")


def test_ktap_result_before_the_plan_does_not_count() -> None:
    assert ktap_parse("ok 1 - a/b\n1..1\n").count == 0


def test_comments_belong_to_the_next_result() -> None:
    assert comments_of(LOG, "core/wakeup") == [
        "# expected 3, got 4 (kernel/test/tests/test_x.c:12)"
    ]
    assert comments_of(LOG, "sched/pct") == []


def test_missing_results_fail() -> None:
    with pytest.raises(Failed, match="results are missing"):
        Context("x").ktap("1..3\nok 1 - a/b\n", Path("log"))


def test_no_plan_fails() -> None:
    with pytest.raises(Failed, match="no KTAP plan"):
        Context("x").ktap("nothing\n", Path("log"))


def test_expect_shows_both_sides() -> None:
    with pytest.raises(Failed, match="expected: 1\ngot:      2"):
        expect(False, "wrong", 1, 2)


def totals_of(function) -> Totals:
    return run_checks([Check("some/check", function, 1)], "00-core", 1)


def test_totals_count_each_test_and_the_check_itself(capsys) -> None:
    def two_tests(context: Context) -> None:
        context.ktap("1..2\nok 1 - a/b\nok 2 - a/c\n", Path("log"))

    assert totals_of(two_tests) == Totals(passed=3)
    assert "ok   some/check" in capsys.readouterr().out


def test_a_failed_test_counts_once(capsys) -> None:
    def one_bad(context: Context) -> None:
        context.ktap("1..2\nok 1 - a/b\nnot ok 2 - a/c\n", Path("log"))

    assert totals_of(one_bad) == Totals(passed=1, failed=1)
    assert "tools/check some/check" in capsys.readouterr().out


def test_a_failed_test_and_missing_ones_fail_both(capsys) -> None:
    def cut_short(context: Context) -> None:
        context.ktap("1..3\nnot ok 1 - a/b\nok 2 - a/c\n", Path("log"))

    assert totals_of(cut_short) == Totals(passed=1, failed=2)


def test_a_mistake_in_a_check_is_a_failure(capsys) -> None:
    def broken(context: Context) -> None:
        raise KeyError("oops")

    assert totals_of(broken) == Totals(failed=1)
    assert "oops" in capsys.readouterr().out


def test_select_by_name_folder_and_pattern() -> None:
    folder = {made.name for made in select(["boot"])}
    assert "boot/direct-1" in folder
    assert all(name.startswith("boot/") for name in folder)
    assert {made.name for made in select(["boot/direct-*"])} < folder
    assert [made.name for made in select(["console/paste"])] == ["console/paste"]
    with pytest.raises(Failed):
        select(["no-such-check"])

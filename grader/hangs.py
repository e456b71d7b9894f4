"""Many tests that hang: not each of them is waited for as long as the first.

A loop that does not end mostly stops one test after the other, and each takes its
whole limit for that.  So after some that hang in the same function, the next ones
have a part of theirs, and hang too if they are in that function then.  Whatever
else comes of the shorter time does not count: it is tried again with the whole one.

    HANG in f, HANG in f    the next ones have a tenth:
    HANG in f               counts
    HANG in g, DEADLOCK     again, with the whole limit
    PASS, WRONG, PANIC      counts

All this is a job's alone (run.py), whose boots follow one another: so no verdict
depends on what runs beside it.
"""

from __future__ import annotations

import re

from grader.verdict import Case, Finding, Verdict

ENOUGH = 2  # tests of a job that hang in the same function
HASTE = 10  # the next ones have so much less time
PLACE = re.compile(r"\bis in (\w+)\+")  # in the summary
SILENCE = "nothing more came"  # what an outside half says when its time is over


def function_of(finding: Finding) -> str:
    """The student's function that hangs; empty when there is none."""
    found = PLACE.search(finding.summary)
    return found[1] if found and finding.verdict is Verdict.HANG else ""


class Hangs:
    """What hangs in a job; and so how long its next tests are waited for."""

    def __init__(self) -> None:
        self.counts: dict[str, int] = {}  # by function
        self.whole: set[str] = set()  # tests that need their whole limit

    def haste(self, case: Case) -> int:
        """By what a case's time is divided."""
        if case.test.name in self.whole or max(self.counts.values(), default=0) < ENOUGH:
            return 1
        return HASTE

    def take(self, finding: Finding) -> bool:
        """Does it count?"""
        late = finding.verdict in (Verdict.HANG, Verdict.DEADLOCK, Verdict.TIMEOUT)
        if not late and SILENCE not in finding.summary:
            return True
        function = function_of(finding)
        before = self.counts.get(function, 0)
        if self.haste(finding.case) > 1:
            if not function or before < ENOUGH:
                self.whole.add(finding.case.test.name)
                return False
            limit = f"{finding.case.test.limit / 1e6:,.0f} million instructions"
            finding.summary = finding.summary.replace(limit, f"a tenth of {limit}")
            finding.summary += f"; as {before} tests before it"
        if function:
            self.counts[function] = before + 1
        return True

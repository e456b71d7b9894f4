"""The same results for programs: JSON, JUnit's XML, TAP."""

from __future__ import annotations

import json
import os
import re
import xml.etree.ElementTree as xml
from pathlib import Path
from typing import Any

from grader import commands
from grader.implementation import Implementation
from grader.verdict import Outcome, Result, Verdict
from tools.machine.errors import trouble_from

NOT_RUN = "not run"
NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def write_whole(path: Path, text: str) -> None:
    """Replaces the file at once: who reads it, or kills us, never sees a half."""
    scratch = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        scratch.write_text(text, encoding="utf-8", errors="replace")
        os.replace(scratch, path)
    except OSError as error:
        scratch.unlink(missing_ok=True)
        raise trouble_from(error) from error


def result_dict(implementation: Implementation, result: Result) -> dict[str, Any]:
    """One test."""
    finding = result.finding if result.complete else None
    entry: dict[str, Any] = {
        "name": result.test.name,
        "exercise": result.test.exercise,
        "verdict": str(result.verdict or NOT_RUN),
        "points": result.points,
        "of": result.test.points,
        "extra": result.extra,
        "extra_of": result.test.extra,
    }
    if finding and not finding.passed:
        entry |= {
            "summary": finding.summary,
            "evidence": finding.evidence,
            "cpus": finding.case.cpus,
            "schedule": str(finding.schedule) if finding.schedule else None,
            "confirmed": finding.confirmed,
        }
        if finding.verdict is not Verdict.BUILD:
            entry["log"] = finding.log
            entry["again"] = commands.again(implementation, finding)
            entry["debug"] = commands.debug(implementation, finding)
    return entry


def json_text(implementation: Implementation, outcome: Outcome, finished: bool) -> str:
    """The whole grading, also in the middle of it."""
    document = {
        "lab": implementation.lab.name,
        "implementation": implementation.word,
        "finished": finished,
        "points": outcome.points,
        "of": outcome.of,
        "extra": outcome.extra,
        "tests": [result_dict(implementation, result) for result in outcome.results],
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def junit_text(implementation: Implementation, outcome: Outcome) -> str:
    """JUnit's XML, as CI systems read it."""
    counts = {
        "tests": len(outcome.results),
        "failures": sum(not result.passed for result in outcome.results) - len(outcome.void),
        "errors": len(outcome.void),
    }
    suite = xml.Element("testsuite", {"name": implementation.lab.name})
    suite.attrib |= {name: str(count) for name, count in counts.items()}
    for result in outcome.results:
        attributes = {"classname": implementation.lab.name, "name": result.test.name}
        case = xml.SubElement(suite, "testcase", attributes)
        finding = result.finding
        if result.passed or not finding:
            continue
        kind = "error" if result.verdict is Verdict.INFRA else "failure"
        summary = NOT_IN_XML.sub("?", finding.summary)
        node = xml.SubElement(case, kind, {"type": str(result.verdict), "message": summary})
        again = commands.again(implementation, finding)
        text = "\n".join([*finding.evidence, f"log: {finding.log}", f"again: {again}"])
        node.text = NOT_IN_XML.sub("?", text)
    xml.indent(suite)
    head = '<?xml version="1.0" encoding="UTF-8"?>\n'
    return head + xml.tostring(suite, encoding="unicode") + "\n"


def tap_text(outcome: Outcome) -> str:
    """The Test Anything Protocol, version 13."""
    lines = ["TAP version 13", f"1..{len(outcome.results)}"]
    for number, result in enumerate(outcome.results, 1):
        bad = "" if result.passed else "not "
        lines.append(f"{bad}ok {number} - {result.test.exercise} {result.test.name}")
        if result.passed or not result.finding:
            continue
        lines.append(f"# {result.verdict}: {result.finding.summary}")
        lines += [f"#   {text}" for text in result.finding.evidence]
    lines.append(f"# points {outcome.points}/{outcome.of}, extra {outcome.extra}")
    return "\n".join(lines) + "\n"

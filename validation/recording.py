"""A pytest plugin that writes what ran: `-p validation.recording --record results.json`.

Every test with its outcome, its seconds and the statements of its markers; the marker
`statement(param="rule")` takes the statement from that parameter of the test. An id that the
register does not know stops the session: a mistyped marker would prove nothing, silently.
"""

import json
import os
from pathlib import Path

import pytest

from validation import register, surroundings

PROPERTY = "statements"
_WORST = ("error", "failed", "skipped", "passed")


def pytest_addoption(parser):
    parser.addoption("--record", help="write every test's outcome to this file, as JSON")
    parser.addoption("--record-at", default="", help="when this run is made (ISO 8601)")


def pytest_configure(config):
    path = config.getoption("--record")
    if path and not hasattr(config, "workerinput"):
        config.pluginmanager.register(Recorder(config, Path(path).absolute()), "recorder")


def statements_of(item) -> list[str]:
    """Return the ids that a test's markers name, once each."""
    found = []
    for marker in item.iter_markers("statement"):
        found += marker.args
        if "param" in marker.kwargs:
            found.append(item.callspec.params[marker.kwargs["param"]])
    return sorted(set(found))


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items):
    known = register.read()
    unknown = []
    for item in items:
        ids = statements_of(item)
        unknown += [f"{item.nodeid}: {name}" for name in ids if name not in known]
        item.user_properties.append((PROPERTY, ids))
    if unknown:
        raise pytest.UsageError("The register has no such statement.\n" + "\n".join(unknown))


class Recorder:
    """Gather reports where the session is controlled; workers' reports arrive there too."""

    def __init__(self, config, path):
        self.config = config
        self.path = path
        self.tests = {}
        self.not_collected = []

    def pytest_runtest_logreport(self, report):
        test = self.tests.setdefault(
            report.nodeid,
            {"id": report.nodeid, "outcome": "passed", "seconds": 0.0, "statements": [], "why": ""},
        )
        test["seconds"] = round(test["seconds"] + report.duration, 3)
        test["statements"] = dict(report.user_properties).get(PROPERTY, test["statements"])
        outcome = outcome_of(report)
        if _WORST.index(outcome) < _WORST.index(test["outcome"]):
            test["outcome"], test["why"] = outcome, why_of(report)

    def pytest_collectreport(self, report):
        if report.failed:
            self.not_collected.append(report.nodeid)

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session, exitstatus):
        options = self.config.option
        whole = not (options.keyword or options.markexpr or options.file_or_dir)
        content = {
            "at": options.record_at,
            "exit_status": int(exitstatus),
            "whole": whole and not getattr(options, "maxfail", 0),
            "not_collected": sorted(set(self.not_collected)),
            "environment": surroundings.environment(),
            "source": surroundings.source(),
            "tests": [self.tests[name] for name in sorted(self.tests)],
        }
        self.path.parent.mkdir(parents=True, exist_ok=True)
        draft = self.path.with_suffix(f".{os.getpid()}")
        draft.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n")
        draft.rename(self.path)


def outcome_of(report) -> str:
    """Return one word a phase. An expected failure is none of ours: it counts as skipped."""
    if report.failed:
        return "failed" if report.when == "call" else "error"
    return "skipped" if report.skipped or hasattr(report, "wasxfail") else "passed"


def why_of(report) -> str:
    """Return a line that says why a test did not pass."""
    if report.skipped and isinstance(report.longrepr, (tuple, list)):
        return str(report.longrepr[2])
    crash = getattr(report.longrepr, "reprcrash", None)
    text = crash.message if crash else str(report.longrepr or "")
    return text.strip().splitlines()[0][:300] if text.strip() else ""

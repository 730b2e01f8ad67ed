"""Runs of the suite, made by hand."""

from validation.register import Risk, Statement

RISK = Risk("high", "medium", "low", "It would hurt.")


def a_statement(name="P-27", kind="product", duty=""):
    return Statement(name, "A failed proof leaves no signature.", (), (), RISK, kind, duty)


def a_test(*statements, name="tests/test_it.py::test_it", outcome="passed", why=""):
    return {
        "id": name,
        "outcome": outcome,
        "seconds": 0.25,
        "statements": list(statements),
        "why": why,
    }


def a_run(*tests, **changes):
    source = {
        "commit": "0" * 40,
        "committed_at": "2026-11-22T20:00:00+00:00",
        "dirty": False,
        "changed_files": 0,
        "register_sha256": "",
    }
    return {
        "at": "2026-11-22T20:30:00Z",
        "exit_status": 0,
        "whole": True,
        "not_collected": [],
        "environment": {
            "system": "Debian GNU/Linux 12, Linux 6.1",
            "machine": "x86_64",
            "python": "3.11.9",
            "postgresql": "18.0",
            "redis": "7.2",
            "chromium": "Chromium 140",
            "packages": {"Django": "5.2"},
        },
        "source": source,
        "tests": list(tests),
        **changes,
    }

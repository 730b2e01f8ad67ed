"""What ran is written down as it was, worst phase first; a mistyped statement stops the session."""

from types import SimpleNamespace

import pytest
from _pytest.reports import CollectReport, TestReport

from validation import recording

pytestmark = pytest.mark.statement("P-01")
NOWHERE = "P-99"  # no literal in the marker: the register's test reads those


def a_report(when="call", outcome="passed", longrepr=None, name="tests/a.py::test_a"):
    return TestReport(
        nodeid=name,
        location=("tests/a.py", 1, "test_a"),
        keywords={},
        outcome=outcome,
        longrepr=longrepr,
        when=when,
        user_properties=[(recording.PROPERTY, ["P-27"])],
        duration=0.5,
    )


@pytest.fixture
def recorder(tmp_path):
    return recording.Recorder(SimpleNamespace(), tmp_path / "results.json")


def recorded(recorder, *reports):
    for report in reports:
        recorder.pytest_runtest_logreport(report)
    (test,) = recorder.tests.values()
    return test


def test_a_test_is_kept_with_its_statements_and_the_seconds_of_its_phases(recorder):
    test = recorded(recorder, a_report("setup"), a_report(), a_report("teardown"))

    assert test == {
        "id": "tests/a.py::test_a",
        "outcome": "passed",
        "seconds": 1.5,
        "statements": ["P-27"],
        "why": "",
    }


def test_a_failure_after_the_test_counts_and_is_not_forgotten(recorder):
    test = recorded(
        recorder, a_report(), a_report("teardown", "failed", "It was left open.\nMore.")
    )

    assert (test["outcome"], test["why"]) == ("error", "It was left open.")


def test_a_skipped_test_says_why(recorder):
    test = recorded(recorder, a_report("setup", "skipped", ("a.py", 3, "Skipped: no Chromium")))

    assert (test["outcome"], test["why"]) == ("skipped", "Skipped: no Chromium")


def test_an_expected_failure_proves_nothing(recorder):
    report = a_report(outcome="passed")
    report.wasxfail = "known"

    assert recorded(recorder, report)["outcome"] == "skipped"


def test_a_file_that_could_not_be_loaded_is_named(recorder):
    recorder.pytest_collectreport(CollectReport("tests/b.py", "failed", "SyntaxError", []))

    assert recorder.not_collected == ["tests/b.py"]


def an_item(*markers, **params):
    return SimpleNamespace(
        nodeid="tests/a.py::test_a",
        user_properties=[],
        callspec=SimpleNamespace(params=params),
        iter_markers=lambda name: [marker.mark for marker in markers],
    )


def test_a_marker_may_take_its_statement_from_a_parameter():
    item = an_item(pytest.mark.statement(param="rule"), pytest.mark.statement("P-27"), rule="RC-01")

    recording.pytest_collection_modifyitems([item])

    assert item.user_properties == [(recording.PROPERTY, ["P-27", "RC-01"])]


def test_a_statement_that_the_register_does_not_have_stops_the_session():
    with pytest.raises(pytest.UsageError, match=r"tests/a.py::test_a: P-99"):
        recording.pytest_collection_modifyitems([an_item(pytest.mark.statement(NOWHERE))])

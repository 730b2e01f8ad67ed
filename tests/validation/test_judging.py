"""A statement is met by tests that passed, and by nothing else."""

import pytest

from tests.validation.runs import a_run, a_statement, a_test
from validation import judging
from validation.register import Risk

pytestmark = pytest.mark.statement("P-01")


def judged(*tests, statement=None, guards=()):
    statement = statement or a_statement()
    (row,) = judging.matrix({statement.id: statement}, a_run(*tests), guards=guards)
    return row


def test_a_statement_with_passing_tests_is_met():
    row = judged(a_test("P-27"), a_test("P-27", name="tests/test_it.py::test_other"))

    assert (row["verdict"], row["why"], len(row["tests"])) == ("met", [], 2)


def test_a_statement_without_a_test_is_not_met():
    row = judged(a_test(), a_test())

    assert (row["verdict"], row["why"]) == ("not met", ["No test."])


@pytest.mark.parametrize("outcome", ["failed", "skipped", "error"])
def test_a_failed_or_skipped_test_makes_its_statement_not_met(outcome):
    row = judged(a_test("P-27"), a_test("P-27", name="tests/test_it.py::test_b", outcome=outcome))

    assert row["verdict"] == "not met"
    assert row["why"] == [f"tests/test_it.py::test_b: {outcome}."]


def test_what_is_the_operators_alone_needs_no_test_and_is_never_called_met():
    assert judged(statement=a_statement(kind="operator"))["verdict"] == "operator's duty"


def test_what_is_both_needs_its_tests_too():
    assert judged(statement=a_statement(kind="both"))["verdict"] == "not met"


def test_an_unknown_statement_is_refused():
    with pytest.raises(judging.UnknownStatement, match=r"test_it: P-99"):
        judged(a_test("P-99"))


def test_the_summary_counts_statements_tests_and_tests_without_one():
    statements = {name: a_statement(name) for name in ("P-01", "P-02", "RC-01")}
    statements["P-24"] = a_statement("P-24", kind="operator", duty="docs/guide/duties.md#p-24")
    run = a_run(a_test("P-01", "RC-01"), a_test("P-02", outcome="failed"), a_test(), a_test("P-01"))
    guards = [
        {"statement": "P-01", "removed": "a", "outcome": "seen to fail"},
        {"statement": "P-02", "removed": "b", "outcome": "passes without its guard"},
    ]
    counts = judging.summary(judging.matrix(statements, run, guards=guards), run)

    assert counts["statements"] == {
        "P": {"met": 1, "not met": 1, "operator's duty": 1, "with a duty": 1, "total": 3},
        "RC": {"met": 1, "not met": 0, "operator's duty": 0, "with a duty": 0, "total": 1},
    }
    assert counts["tests"] == {"total": 4, "failed": 1, "passed": 3}
    assert counts["tests_without_statement"] == 1
    assert (counts["guarded"], counts["by_tests"]) == (1, 3)


@pytest.mark.parametrize(
    ("severity", "probability", "detectability", "risk_class", "priority"),
    [
        ("high", "high", "low", 1, "high"),
        ("high", "medium", "high", 1, "medium"),
        ("medium", "medium", "low", 2, "high"),
        ("high", "low", "medium", 2, "medium"),
        ("low", "medium", "high", 3, "low"),
        ("low", "low", "low", 3, "medium"),
    ],
)
def test_risk_is_severity_against_probability_and_weighs_more_where_it_would_hide(
    severity, probability, detectability, risk_class, priority
):
    risk = Risk(severity, probability, detectability, "Because.")

    assert (risk.risk_class, risk.priority) == (risk_class, priority)

"""A guard that is taken out must be missed; what changed since it was tried is evidence no more."""

import json

import pytest

from validation import guards

pytestmark = pytest.mark.statement("P-01")


@pytest.fixture
def entry(tmp_path):
    """An entry about a file and a test that are there."""
    (tmp_path / "rules.py").write_text("if not by.may(right):\n    refuse()\n")
    (tmp_path / "test_rules.py").write_text("def test_it():\n    pass\n")
    found = {
        "statement": "P-15",
        "removed": "the question for the right",
        "file": "rules.py",
        "take": "if not by.may(right):",
        "put": "if False:",
        "test": "test_rules.py::test_it",
    }
    return {**found, "key": guards.key_of(found)}


def test_an_entry_that_still_fits_has_no_fault(entry, tmp_path):
    assert guards.faults([entry], root=tmp_path) == {}


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"take": "if by.may(right):"}, "stands there 0 times"),
        ({"take": "f"}, "stands there 2 times"),
        ({"file": "gone.py"}, "stands there 0 times"),
        ({"test": "test_rules.py::test_gone"}, "there is no test"),
    ],
)
def test_an_entry_that_fits_no_more_is_named(entry, tmp_path, change, told):
    (fault,) = guards.faults([{**entry, **change}], root=tmp_path).values()

    assert told in fault


SEEN = {"outcome": "seen to fail", "at": "2026-11-22T20:00:00Z", "commit": "c0ffee"}


def test_what_was_seen_counts_for_the_very_edit_and_test_that_were_tried(
    entry, tmp_path, monkeypatch
):
    monkeypatch.setattr(guards, "faults", lambda entries: {})
    path = tmp_path / "seen.json"
    path.write_text(json.dumps({entry["key"]: SEEN}))
    changed = {**entry, "put": "if True:"}
    changed["key"] = guards.key_of(changed)

    first, second = guards.seen([entry, changed], path=path)
    assert SEEN.items() <= first.items()
    assert (second["outcome"], second["commit"]) == (guards.STALE, "")


def test_what_no_longer_fits_was_not_seen(entry, tmp_path, monkeypatch):
    monkeypatch.setattr(guards, "faults", lambda entries: {entry["key"]: "gone"})
    path = tmp_path / "seen.json"
    path.write_text(json.dumps({entry["key"]: SEEN}))

    assert guards.seen([entry], path=path)[0]["outcome"] == guards.STALE


@pytest.mark.parametrize(
    ("ended", "outcomes", "told"),
    [
        (1, {"failed", "passed"}, "seen to fail"),
        (1, {"error"}, "seen to fail"),
        (0, {"passed"}, "passes without its guard"),
        (1, {"passed"}, "passes without its guard"),
        (2, set(), "could not be run (pytest 2)"),
        (1, set(), "could not be run (pytest 1)"),
    ],
)
def test_only_a_test_that_ran_and_failed_counts(ended, outcomes, told):
    assert guards.judged(ended, outcomes, passed=True) == told


def test_a_test_that_fails_anyhow_proves_no_guard():
    assert guards.judged(1, {"failed"}, passed=False) == "does not pass with its guard"


def test_a_guard_is_out_while_its_test_runs_and_put_back_after(entry, tmp_path, monkeypatch):
    whole = (tmp_path / "rules.py").read_text()
    met = []

    def run(tests, tree, *options):
        met.append((tests, (tree / "rules.py").read_text()))
        raise KeyboardInterrupt

    monkeypatch.setattr(guards, "run", run)

    with pytest.raises(KeyboardInterrupt):
        guards.try_without([entry], tmp_path, {entry["key"]}, tmp_path / "results.json")
    assert met == [([entry["test"]], whole.replace("not by.may(right)", "False"))]
    assert (tmp_path / "rules.py").read_text() == whole


def test_two_guards_of_one_file_are_out_at_once_and_both_put_back(entry, tmp_path, monkeypatch):
    whole = (tmp_path / "rules.py").read_text()
    other = {**entry, "take": "refuse()", "put": "pass", "key": "other", "test": "b.py::test_b"}
    met = []

    def outcomes_of(entries, tree, results):
        met.append((tree / "rules.py").read_text())
        return 1, {entry["key"]: {"failed"}, other["key"]: {"passed"}}

    monkeypatch.setattr(guards, "outcomes_of", outcomes_of)
    both = {entry["key"], other["key"]}

    assert guards.try_without([entry, other], tmp_path, both, tmp_path / "results.json") == [
        "seen to fail",
        "passes without its guard",
    ]
    assert met == ["if False:\n    pass\n"]
    assert (tmp_path / "rules.py").read_text() == whole


def test_an_entry_may_mean_some_cases_of_its_test(entry):
    some = {**entry, "case": "RC-01-fail"}
    nodes = [
        f"test_rules.py::test_it[RC-0{n}-{how}-{n}]" for n in (1, 2) for how in ("fail", "pass")
    ]

    assert [node for node in nodes if guards.is_of(some, node)] == nodes[:1]
    assert [node for node in nodes if guards.is_of(entry, node)] == nodes
    assert not guards.is_of(entry, "test_rules.py::test_it_too")
    assert guards.key_of(some) != guards.key_of(entry)


def test_entries_are_tried_alone_unless_they_say_together():
    entries = [{"key": "1"}, {"key": "2", "together": "a"}, {"key": "3"}]
    entries += [{"key": "4", "together": "a"}]

    assert [[one["key"] for one in group] for group in guards.grouped(entries)] == [
        ["1"],
        ["2", "4"],
        ["3"],
    ]

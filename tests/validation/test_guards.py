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
        "test": "test_rules.py::test_it[a]",
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


def test_what_was_seen_counts_for_the_very_edit_and_test_that_were_tried(
    entry, tmp_path, monkeypatch
):
    monkeypatch.setattr(guards, "faults", lambda entries: {})
    path = tmp_path / "seen.json"
    path.write_text(
        json.dumps({"at": "now", "commit": "c", "seen": {entry["key"]: "seen to fail"}})
    )
    changed = {**entry, "put": "if True:"}
    changed["key"] = guards.key_of(changed)

    assert [g["outcome"] for g in guards.seen([entry, changed], path=path)["guards"]] == [
        "seen to fail",
        guards.STALE,
    ]


def test_what_no_longer_fits_was_not_seen(entry, tmp_path, monkeypatch):
    monkeypatch.setattr(guards, "faults", lambda entries: {entry["key"]: "gone"})
    path = tmp_path / "seen.json"
    path.write_text(json.dumps({"at": "", "commit": "", "seen": {entry["key"]: "seen to fail"}}))

    assert guards.seen([entry], path=path)["guards"][0]["outcome"] == guards.STALE


@pytest.mark.parametrize(
    ("ended", "outcome"),
    [
        (1, "seen to fail"),
        (0, "passes without its guard"),
        (2, "could not be run (pytest 2)"),
        (5, "could not be run (pytest 5)"),
    ],
)
def test_only_a_test_that_ran_and_failed_counts_and_the_guard_is_put_back(
    entry, tmp_path, monkeypatch, ended, outcome
):
    whole = (tmp_path / "rules.py").read_text()
    met = []

    def run(tests, tree, *options):
        met.append((tests, (tree / "rules.py").read_text()))
        return ended

    monkeypatch.setattr(guards, "run", run)

    assert guards.try_without(entry, tmp_path, {entry["test"]}) == outcome
    assert met == [([entry["test"]], whole.replace("not by.may(right)", "False"))]
    assert (tmp_path / "rules.py").read_text() == whole


def test_a_test_that_fails_anyhow_proves_no_guard(entry, tmp_path):
    assert guards.try_without(entry, tmp_path, set()) == "does not pass with its guard"

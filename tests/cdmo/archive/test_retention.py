"""Until when records are kept: 30 years for traceability, and nothing is disposed of by itself."""

from datetime import UTC, date, datetime
from types import SimpleNamespace

import pytest
from django.test import Client

from cdmo.archive.retention import (
    BATCH,
    CLASSES,
    HOUSE,
    TRACEABILITY,
    class_of,
    disposable_from,
    kept_until,
    years_after,
)
from cdmo.records.verify.rows import records_by_type
from tests.builders.manufacture import a_planned_batch

pytestmark = pytest.mark.statement("P-05")
EXPIRY = datetime(2027, 2, 28, 23, 0, tzinfo=UTC)
DECIDED = datetime(2026, 11, 20, tzinfo=UTC)


def a_batch(**facts):
    return SimpleNamespace(
        **{"expires_at": EXPIRY, "disposed_at": DECIDED, "purpose": "commercial", **facts}
    )


def test_traceability_is_kept_thirty_years_after_expiry():
    until = {one.retention: one.day for one in kept_until(a_batch())}

    assert until[TRACEABILITY] == date(2057, 2, 28)
    assert until[BATCH] == date(2031, 11, 20), "five years after the decision, not one after expiry"
    assert disposable_from(a_batch()) == date(2057, 2, 28)


@pytest.mark.parametrize(
    "facts", [{"expires_at": None}, {"disposed_at": None}, {"purpose": "clinical"}]
)
def test_while_anything_is_unknown_nothing_may_be_disposed_of(facts):
    assert disposable_from(a_batch(**facts)) is None
    assert any(one.why for one in kept_until(a_batch(**facts)) if one.day is None)


def test_a_leap_day_is_never_shortened():
    assert years_after(date(2028, 2, 29), 30) == date(2058, 3, 1)


def test_every_regulated_record_has_a_class():
    classes = {name: class_of(model) for name, model in records_by_type().items()}

    assert set(classes.values()) <= set(CLASSES)
    assert classes["batch"] is classes["lot"] is classes["sealed_identity"] is TRACEABILITY
    assert classes["result"] is classes["deviation"] is classes["step"] is BATCH
    assert classes["method"] is classes["person"] is HOUSE


@pytest.mark.django_db
def test_the_page_lists_classes_and_batches(cast):
    batch = a_planned_batch(cast)
    client = Client()
    client.force_login(cast.auditor)

    shown = client.get("/retention/").text

    assert "30 years after the expiry date" in shown
    assert batch.number in shown
    assert "no expiry date is recorded yet" in shown

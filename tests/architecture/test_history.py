"""Every page of a record has the record's history, through one mechanism."""

import pytest
from django.test import Client
from django.urls import reverse
from django.views.generic import TemplateView

from cdmo.accounts.models import User
from cdmo.web.history import models_by_type
from cdmo.web.views import HistoryMixin, RecordMixin, StaffRequired, VerbView
from tests.architecture.test_doors import PAGES, view_class

pytestmark = [pytest.mark.django_db, pytest.mark.statement("P-10")]

# Pages of a record without its history, each with the reason.
WITHOUT = {
    "qc:batch_readiness_panel": "a fragment of the batch's page, which has it",
    "qc:instrument_file_content": "a fragment of the file's page, which has it",
    "archive:dossier_progress": "a fragment of the dossier's page, which has it",
}


def record_pages():
    for _, name, callback in PAGES:
        view = view_class(callback)
        if (
            view is not None
            and issubclass(view, RecordMixin)
            and issubclass(view, StaffRequired)
            and issubclass(view, TemplateView)
            and not issubclass(view, VerbView)
        ):
            yield name, view


def test_every_page_of_a_record_has_the_mechanism():
    found = list(record_pages())

    assert len(found) > 25
    for name, view in found:
        if name in WITHOUT:
            continue
        assert issubclass(view, HistoryMixin), name


@pytest.mark.django_db(transaction=True)
def test_every_page_of_a_record_shows_its_history(demonstration):
    """On the demonstration's own records, as they are drawn."""
    seen = []
    people = [User.objects.get(email=f"{name}@cdmo.example") for name in ("qa", "admin")]
    for name, view in record_pages():
        if name in WITHOUT:
            continue
        record = view.model._default_manager.order_by("pk").first()
        if record is None:
            continue
        key = getattr(record, view.lookup) if view.lookup else record.key
        for person in people:
            client = Client()
            client.force_login(person)
            answer = client.get(reverse(name, kwargs={"key": key}))
            if answer.status_code == 200:
                break
        if answer.status_code != 200:
            continue
        assert b"data-history" in answer.content, name
        kind = record.record_type
        assert models_by_type()[kind] is type(record), name
        assert client.get(f"/history/{kind}/{record.pk}/").status_code == 200, name
        seen.append(name)
    assert len(seen) > 20, seen
    assert "batches:batch" in seen or "batches:batch_record" in seen


def test_no_excuse_is_stale():
    assert set(WITHOUT) <= {name for name, _ in record_pages()}

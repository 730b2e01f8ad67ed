"""Pages of release: the panel, the tab, the dialogs."""

import re

import pytest
from django.urls import reverse

from batches.deviations import services as deviations
from batches.manufacture.models import Batch
from qc.release import services
from qc.release.models import Certificate, ReleaseCheck
from tests.builders.release import CHECKED, a_certified_batch, a_checked_batch, check_now
from tests.cast import PASSWORD

pytestmark = pytest.mark.django_db


def visit(client, user, name, **kwargs):
    client.force_login(user)
    return client.get(reverse(name, kwargs=kwargs))


def text_of(response) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode()))


def test_the_panel_says_what_stands_in_the_way_and_who_must_act(client, cast):
    batch = a_checked_batch(cast)
    deviation = deviations.raise_deviation(batch=batch, title="Spill", by=cast.operator, at=CHECKED)
    check_now(batch)

    response = visit(client, cast.qa, "qc:batch_readiness_panel", key=batch.number)

    words = text_of(response)
    assert "Why is this batch not released?" in words
    assert f"{deviation.number} (not classified) is open." in words
    assert "Quality assurance" in words
    assert reverse("batches:deviation", args=[deviation.number]) in response.content.decode()
    assert "every 20s" in response.content.decode()


def test_the_panel_asks_every_two_seconds_only_while_a_check_waits(client, cast):
    batch = a_checked_batch(cast)
    services.request_check(batch=batch, by=cast.qa, at=CHECKED)

    response = visit(client, cast.qa, "qc:batch_readiness_panel", key=batch.number)

    assert 'hx-trigger="every 2s"' in response.content.decode()


def test_an_unchanged_panel_answers_204_so_that_nothing_jumps(client, cast):
    batch = a_checked_batch(cast)
    first = visit(client, cast.qa, "qc:batch_readiness_panel", key=batch.number)
    again = re.search(r'hx-get="([^"]+)"', first.content.decode()).group(1)

    assert client.get(again).status_code == 204
    deviations.raise_deviation(batch=batch, title="Spill", by=cast.operator, at=CHECKED)
    assert client.get(again).status_code == 200


def test_the_qualified_person_certifies_from_the_page(client, cast):
    batch = a_checked_batch(cast)
    check = check_now(batch)
    url = reverse("qc:batch_certify", args=[batch.number])
    client.force_login(cast.qp)

    shown = client.get(url)
    assert check.evidence_sha256 in shown.content.decode()
    wrong = client.post(url, {"password": "wrong", "reason": ""})
    assert wrong.status_code == 403
    done = client.post(url, {"password": PASSWORD, "reason": ""})

    assert done.status_code == 302
    assert Batch.objects.get(pk=batch.pk).disposition == "released"


def test_the_page_to_issue_a_certificate_again_lists_every_objection_before(client, cast):
    batch = a_certified_batch(cast)
    first = Certificate.objects.get(batch=batch)
    url = reverse("qc:certificate_reissue", args=[first.number])
    client.force_login(cast.qa)
    assert "This cannot be done yet" not in text_of(client.get(url))
    deviation = deviations.raise_deviation(batch=batch, title="Late", by=cast.operator, at=CHECKED)

    client.force_login(cast.operator)
    words = text_of(client.get(url))

    assert "This cannot be done yet" in words
    assert "Operator Person may not" in words
    assert f"{deviation.number} (not classified) is open." in words
    assert client.post(url, {"reason": "Lost."}).status_code == 409
    assert Certificate.objects.filter(batch=batch).count() == 1


def test_the_certify_dialog_lists_every_objection_before_the_button_is_pressed(client, cast):
    batch = a_checked_batch(cast)

    words = text_of(visit(client, cast.analyst, "qc:batch_certify", key=batch.number))

    assert "may not certify a batch" in words
    assert "tested it" in words
    assert "is not appointed as Qualified Person" in words


@pytest.mark.parametrize(
    "name", ["qc:batch_release", "qc:batch_readiness_panel", "qc:batch_certify", "qc:batch_check"]
)
def test_pages_of_a_batch_open_and_are_hidden_from_sponsors(client, cast, name):
    batch = a_certified_batch(cast)

    assert visit(client, cast.qp, name, key=batch.number).status_code == 200
    assert visit(client, cast.kadimastem_reader, name, key=batch.number).status_code == 404
    assert visit(client, cast.ixaka_reader, name, key=batch.number).status_code == 404


def test_a_check_is_shown_as_it_was_stored_with_its_evidence(client, cast):
    batch = a_checked_batch(cast)
    check = ReleaseCheck.objects.get(batch=batch, status="done")

    shown = visit(client, cast.auditor, "qc:release_check", key=check.key)
    file = visit(client, cast.auditor, "qc:release_check_evidence", key=check.key)

    assert "RC-41" in text_of(shown)
    assert check.evidence_sha256 in shown.content.decode()
    assert file.content.decode() == check.seen.evidence
    assert "attachment" in file["Content-Disposition"]


def test_certificates_are_listed_shown_downloaded_and_issued_again(client, cast):
    batch = a_certified_batch(cast)
    certificate = Certificate.objects.get(batch=batch)

    assert certificate.number in text_of(visit(client, cast.qa, "qc:certificate_list"))
    assert batch.number in text_of(visit(client, cast.qa, "qc:certificate", key=certificate.number))
    file = visit(client, cast.qa, "qc:certificate_download", key=certificate.number)
    assert file.content.startswith(b"%PDF-")
    url = reverse("qc:certificate_reissue", args=[certificate.number])
    assert client.post(url, {"reason": "Copy for the clinic."}).status_code == 302
    assert Certificate.objects.filter(batch=batch).count() == 2


def test_to_certify_shows_ready_batches_and_why_others_are_blocked(client, cast):
    ready = a_checked_batch(cast)
    blocked = a_checked_batch(cast)
    deviations.raise_deviation(batch=blocked, title="Spill", by=cast.operator, at=CHECKED)
    check_now(blocked)

    words = text_of(visit(client, cast.qp, "qc:to_certify"))

    assert words.index(ready.number) < words.index("Blocked, and why") < words.index(blocked.number)


def test_the_bars_of_a_list_come_in_a_fixed_number_of_queries(
    client, cast, django_assert_max_num_queries
):
    batch = a_checked_batch(cast)
    client.force_login(cast.qa)

    with django_assert_max_num_queries(14):
        response = client.get(reverse("qc:readiness_bars"), {"batches": f"{batch.number},NOPE"})

    assert f'id="readiness-{batch.number}"' in response.content.decode()

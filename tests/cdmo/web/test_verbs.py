"""One verb, one page: what refuses it first, what is signed, and nothing typed is ever lost."""

import pytest

from cdmo.records.models import AuditEvent, SigningAttempt
from tests.cast import PASSWORD

pytestmark = pytest.mark.django_db
TYPED = {"conclusion": "All is well", "reason": "Read it twice", "password": PASSWORD}
HTMX = {"HTTP_HX_REQUEST": "true"}


def test_a_right_password_acts_once_and_goes_back_to_the_record(
    small_site, cast, product, signed_in
):
    answer = signed_in(cast.qa).post(f"/small/{product.key}/close/", TYPED)

    assert answer.status_code == 302
    assert small_site.Close.acted == [
        (
            "ASTRORX",
            "qa@cdmo.example",
            cast.qa.pk,
            {"conclusion": "All is well", "reason": "Read it twice"},
        )
    ]


@pytest.mark.statement("P-27")
def test_a_wrong_password_stands_at_its_field_and_is_recorded(small_site, cast, product, signed_in):
    answer = signed_in(cast.qa).post(
        f"/small/{product.key}/close/", TYPED | {"password": "not mine"}
    )

    page = answer.content.decode()
    assert answer.status_code == 403
    assert 'id="id_password_error"' in page
    assert "All is well" in page
    assert "Read it twice" in page
    assert "not mine" not in page
    assert SigningAttempt.objects.get().by == cast.qa
    assert not small_site.Close.acted


@pytest.mark.statement("U-14")
def test_a_refusal_lists_every_blocker_and_keeps_what_was_typed(
    small_site, cast, product, signed_in
):
    answer = signed_in(cast.qa).post(
        f"/small/{product.key}/close/", TYPED | {"conclusion": "refuse"}
    )

    page = answer.content.decode()
    assert answer.status_code == 409
    assert "The first thing stands in the way." in page
    assert "The second thing does too." in page
    assert "QC analyst" in page
    assert "Read it twice" in page
    assert PASSWORD not in page
    assert answer.context["record"].name == "Renamed meanwhile"
    assert not SigningAttempt.objects.exists()


@pytest.mark.statement("U-14")
def test_what_would_refuse_is_shown_before_the_button_is_pressed(
    small_site, cast, product, signed_in
):
    page = signed_in(cast.qa).get(f"/small/{product.key}/stopped/").content.decode()

    assert "this takes Qualified Person" in page
    assert "The first thing stands in the way." in page
    assert "The second thing does too." in page
    assert 'type="submit" disabled' in page


@pytest.mark.statement("P-21")
def test_the_page_shows_what_is_signed_with_its_hash_and_meaning(
    small_site, cast, product, signed_in
):
    page = signed_in(cast.qa).get(f"/small/{product.key}/close/").content.decode()

    assert "I have read all of it." in page
    assert "{&quot;code&quot;:&quot;ASTRORX&quot;}" in page
    assert "14e2e3bb" in page or "SHA-256" in page
    assert cast.qa.full_name in page


def test_a_missing_field_is_said_beside_it_and_on_top(small_site, cast, product, signed_in):
    answer = signed_in(cast.qa).post(f"/small/{product.key}/close/", {"conclusion": "kept"})

    page = answer.content.decode()
    assert answer.status_code == 422
    assert "2 fields need another look" in page
    assert 'href="#id_reason"' in page
    assert 'id="id_reason_error"' in page
    assert 'value="kept"' in page


def test_a_dialog_gets_the_form_alone_and_a_page_gets_all(small_site, cast, product, signed_in):
    client = signed_in(cast.qa)

    whole = client.get(f"/small/{product.key}/close/").content.decode()
    alone = client.get(f"/small/{product.key}/close/", **HTMX).content.decode()

    assert "<html" in whole
    assert "<html" not in alone
    assert "id_conclusion" in alone


def test_from_a_dialog_the_reader_stays_where_they_are(small_site, cast, product, signed_in):
    client = signed_in(cast.qa)
    here = f"http://testserver/products/{product.key}/"

    stays = client.post(f"/small/{product.key}/close/", TYPED, **HTMX, HTTP_HX_CURRENT_URL=here)
    goes = client.post(
        f"/small/{product.key}/close/", TYPED, **HTMX, HTTP_HX_CURRENT_URL="http://testserver/x/"
    )

    assert stays.headers["HX-Refresh"] == "true"
    assert goes.headers["HX-Redirect"] == f"/products/{product.key}/"


def test_a_change_that_was_made_is_answered_whatever_the_header_says(
    small_site, cast, product, signed_in
):
    answer = signed_in(cast.qa).post(
        f"/small/{product.key}/close/", TYPED, **HTMX, HTTP_HX_CURRENT_URL="http://["
    )

    assert answer.headers["HX-Redirect"] == f"/products/{product.key}/"


def test_a_failed_signature_for_a_record_not_made_yet_is_the_persons(
    small_site, cast, product, signed_in
):
    answer = signed_in(cast.qa).post("/small/new/", TYPED | {"password": "wrong"})

    assert answer.status_code == 403
    assert AuditEvent.objects.get(verb="signature.refused").record == cast.qa.email


@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize("address", ["/small/ASTRORX/close/", "/small/products/ASTRORX/"])
def test_a_sponsor_finds_no_staff_page_whatever_the_method(
    small_site, cast, product, signed_in, address, method
):
    answer = getattr(signed_in(cast.kadimastem_lead), method)(address, TYPED)

    assert answer.status_code == 404
    assert not small_site.Close.acted


def test_a_table_that_sponsors_cannot_read_is_not_even_asked(
    small_site, cast, signed_in, django_assert_num_queries
):
    client = signed_in(cast.kadimastem_reader)

    answer = client.get(f"/small/people/{cast.qa.email}/")

    assert answer.status_code == 404  # a query on people would have been a 500


def test_a_person_without_a_role_finds_nothing(small_site, cast, product, signed_in):
    cast.qa.appointments.update(valid_until="2021-01-01T00:00Z")

    answer = signed_in(cast.qa).get(f"/small/products/{product.key}/")

    assert answer.status_code == 404


def test_a_record_that_is_not_there_is_404(small_site, cast, product, signed_in):
    assert signed_in(cast.qa).get("/small/products/NONE/").status_code == 404

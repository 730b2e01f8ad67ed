import pytest
from django.urls import reverse

from batches.materials.models import Consumption, Lot
from cdmo.records.models import Signature
from tests.builders.materials import a_batch, a_lot, a_material, a_released_batch, a_use
from tests.cast import PASSWORD

pytestmark = pytest.mark.django_db


@pytest.fixture
def signed_in(client, cast):
    def sign_in(name):
        client.force_login(getattr(cast, name))
        return client

    return sign_in


def url(name, *args):
    return reverse(f"batches:{name}", args=args)


def text(response, status=200) -> str:
    assert response.status_code == status, response.content[:2000]
    return response.content.decode()


def test_the_list_of_lots_has_a_tab_a_state_with_its_count(cast, signed_in):
    a_lot(cast, "L-1")
    a_lot(cast, "L-2", status="quarantine")
    staff = signed_in("qa")

    assert "L-1" in (page := text(staff.get(url("lot_list"))))
    assert "L-2" not in page
    assert "L-2" in text(staff.get(url("lot_list"), {"tab": "quarantine"}))
    assert "L-1" in text(staff.get(url("lot_list"), {"available": ">10", "material": "MEDIUM-1"}))
    assert "L-1" not in text(staff.get(url("lot_list"), {"available": "<10"}))


def test_the_lists_of_lots_and_materials_cost_the_same_however_long(
    cast, signed_in, django_assert_max_num_queries
):
    for number in range(12):
        a_lot(cast, f"L-{number}")
    staff = signed_in("qa")

    for name in ("lot_list", "material_list"):
        with django_assert_max_num_queries(14):
            staff.get(url(name))


def test_a_lots_page_shows_what_is_left_where_it_went_and_its_genealogy(cast, signed_in):
    lot = a_lot(cast, "L-1", quantity="100", storage="Freezer 3")
    a_use(cast, a_batch(cast, "B-1"), lot, "40.50")

    page = text(signed_in("qa").get(url("lot", "L-1")))

    for words in ("59.50 mL", "40.50 mL", "B-1", "Freezer 3", 'data-root="L-1"', "Recall"):
        assert words in page


def test_a_lot_is_received_on_a_page_with_every_field_read_strictly(cast, signed_in):
    material = a_material(cast)
    staff = signed_in("planner")
    form = {"material": material.pk, "number": "L-1", "quantity": "12,5", "origin": "supplier"}

    assert "12,5" in text(staff.post(url("lot_receive"), form), 422)
    assert Lot.objects.count() == 0
    answer = staff.post(url("lot_receive"), {**form, "quantity": "12.50"})
    assert answer.status_code == 302
    assert answer.url == url("lot", "L-1")
    assert str(Lot.objects.get().quantity) == "12.50"


def test_qa_releases_a_lot_with_the_password_on_the_page(cast, signed_in):
    a_lot(cast, "L-1", status="quarantine")
    staff = signed_in("qa")

    assert "I release this lot" in text(staff.get(url("lot_release", "L-1")))
    text(staff.post(url("lot_release", "L-1"), {"password": "wrong"}), 403)
    assert staff.post(url("lot_release", "L-1"), {"password": PASSWORD}).status_code == 302
    assert Lot.objects.get().status == "released"
    assert Signature.objects.count() == 1


def test_a_release_that_is_refused_lists_why_before_and_after(cast, signed_in):
    a_lot(cast, "L-1", status="rejected")
    staff = signed_in("planner")

    before = text(staff.get(url("lot_release", "L-1")))
    after = text(staff.post(url("lot_release", "L-1"), {"password": PASSWORD}), 409)

    for words in ("may not release or reject a lot", "L-1 is rejected", "Whoever received a lot"):
        assert words in before
        assert words in after


def test_a_recall_ends_at_the_list_of_what_came_of_the_lot(cast, signed_in):
    lot = a_lot(cast, "L-1")
    a_use(cast, a_batch(cast, "B-1"), lot)
    staff = signed_in("qp")

    assert "1 batch" in text(staff.get(url("lot_recall", "L-1")))
    answer = staff.post(
        url("lot_recall", "L-1"), {"password": PASSWORD, "reason": "Supplier's alert."}
    )
    assert answer.url == url("lot_affected", "L-1")
    page = text(staff.get(answer.url))
    for words in ("B-1", "By whereabouts", "At the site", "In process"):
        assert words in page


def test_a_batchs_materials_tab_shows_uses_and_genealogy_and_takes_a_scan(cast, signed_in):
    batch, lot = a_batch(cast, "B-1"), a_lot(cast, "L-1")
    a_use(cast, batch, lot, "2.50")
    a_use(cast, batch, a_released_batch(cast, "B-0"), "1")
    staff = signed_in("operator")

    page = text(staff.get(url("batch_materials", "B-1")))
    for words in ("L-1", "2.50 mL", "B-0", 'data-root="B-1"', "Scan or type"):
        assert words in page

    form = text(staff.get(url("batch_use", "B-1"), {"source": "L-1"}))
    assert "997.50" in form
    assert 'value="mL"' in form


def test_a_use_is_recorded_and_cancelled_on_pages(cast, signed_in):
    a_batch(cast, "B-1")
    a_lot(cast, "L-1")
    staff = signed_in("operator")
    form = {"source": "L-1", "quantity": "2.5", "unit": "mL", "used_at": "2026-11-20T13:30"}

    unknown = text(staff.post(url("batch_use", "B-1"), {**form, "source": "L-9"}), 422)
    assert "There is no lot or batch" in unknown
    over = text(staff.post(url("batch_use", "B-1"), {**form, "quantity": "5000"}), 409)
    assert "only 1000 mL are left" in over
    answer = staff.post(url("batch_use", "B-1"), form)
    assert answer.url == url("batch_materials", "B-1")
    use = Consumption.objects.get()
    assert f"{use.used_at:%H:%M}" == "11:30"  # typed on the site's clock

    cancel = url("consumption_cancel", use.pk)
    assert staff.post(cancel, {"reason": "Wrong lot."}).url == url("batch_materials", "B-1")
    assert "Wrong lot." in text(staff.get(url("batch_materials", "B-1")))


@pytest.mark.parametrize("reader", ["kadimastem_reader", "ixaka_reader"])
def test_pages_of_the_plant_do_not_exist_for_sponsors(cast, signed_in, reader):
    use = a_use(cast, a_batch(cast, "B-1"), a_lot(cast, "L-1"))
    sponsor = signed_in(reader)

    for path in (
        url("lot_list"),
        url("lot", "L-1"),
        url("lot_affected", "L-1"),
        url("lot_release", "L-1"),
        url("lot_receive"),
        url("material_list"),
        url("material", "MEDIUM-1"),
        url("batch_materials", "B-1"),
        url("batch_use", "B-1"),
        url("consumption_cancel", use.pk),
    ):
        assert sponsor.get(path).status_code == 404, path
        assert sponsor.post(path).status_code in {403, 404, 405}, path


def test_a_material_is_added_on_a_page(cast, signed_in):
    staff = signed_in("planner")
    form = {"code": "DMEM", "name": "Medium", "unit": "mL", "kind": "raw_material"}

    assert "UCUM" in text(staff.post(url("material_new"), {**form, "unit": "m L"}), 422)
    assert staff.post(url("material_new"), form).url == url("material", "DMEM")
    assert "Medium" in text(staff.get(url("material", "DMEM")))


@pytest.mark.parametrize("key", ["nothing", "L" * 300])
def test_a_lot_that_is_not_there_is_404(cast, signed_in, key):
    assert signed_in("qa").get(f"/lots/{key}/").status_code == 404


@pytest.mark.parametrize("key", ["x", "99999999999999999999", "-1"])
def test_a_use_that_is_not_there_is_404(cast, signed_in, key):
    assert signed_in("operator").get(f"/uses/{key}/cancel/").status_code == 404

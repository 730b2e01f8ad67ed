"""The demonstration: everybody and everything the contract names, made through the services."""

from collections import Counter
from datetime import UTC, datetime
from io import StringIO

import pytest
from django.apps import apps
from django.contrib.auth.hashers import check_password
from django.core.management import CommandError, call_command
from django.test import TransactionTestCase
from django.utils import timezone

from batches.manufacture.models import Batch
from batches.manufacture.services.planning import effective_master, newest_usable
from cdmo.accounts.models import Organisation, User
from cdmo.demo.load import load
from cdmo.portfolio.authority import is_authorised
from cdmo.portfolio.coverage import gather_coverage
from cdmo.portfolio.models import Product
from cdmo.records.models import AuditEvent, Outbox, Signature
from qc.release.models import ReleaseCheck
from qc.specifications.in_force import specification_in_force
from techtransfer.projects.models import Gate, TransferProject

STAFF = "planner operator operator2 supervisor analyst analyst2 reviewer qa qa2 qp pm biosafety"
READERS = "kadimastem ixaka act medxcell augmentreg"
PRODUCTS = (
    "ASTRORX ISLETRX REX-001 ACT-CART ACT-PLASMID ACT-LVV ENK PIN-CD20 MXNK-101 MXNK-102 AUGMENTREG"
)
MAKEABLE = "ASTRORX REX-001 ENK MXNK-101 ACT-CART ACT-PLASMID ACT-LVV"


@pytest.fixture(scope="module")
def demonstration(django_db_setup, django_db_blocker):
    """Load it once for this module, and throw the database away after."""
    with django_db_blocker.unblock():
        load(at=timezone.now())
        yield
        TransactionTestCase._fixture_teardown(None)  # tests/conftest.py made it renew the database


pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("demonstration")]


def latest(batch) -> ReleaseCheck | None:
    return ReleaseCheck.objects.filter(batch=batch, status="done").order_by("-pk").first()


def test_the_people_of_the_contract_can_sign_in():
    names = [f"{name}@cdmo.example" for name in [*STAFF.split(), "auditor", "admin"]]
    names += [f"reader@{name}.example" for name in READERS.split()]
    people = User.objects.in_bulk(names, field_name="email")
    assert set(people) == set(names)
    assert all(person.roles for person in people.values())
    assert check_password("demo-cdmo-2026", people["qp@cdmo.example"].password)


def test_the_sponsors_and_products_of_the_contract_are_there():
    for code in READERS.upper().split():
        assert Organisation.objects.get(code=code).is_sponsor
    assert set(Product.objects.values_list("code", flat=True)) == set(PRODUCTS.split())


@pytest.mark.parametrize("code", MAKEABLE.split())
def test_these_products_can_be_made_from_issue_to_release(code):
    product = Product.objects.get(code=code)
    today = timezone.now().date()
    version = newest_usable(product, "clinical")
    assert effective_master(version) is not None
    assert specification_in_force(product.pk, today) is not None
    coverage = gather_coverage([product.sponsor_id])[product.sponsor_id]
    assert is_authorised(product=code, purpose="clinical", coverage=coverage, on=today)


def test_a_memorandum_alone_leaves_the_consortium_blocked():
    batch = Batch.objects.get(product__code="AUGMENTREG")
    findings = {f["rule"]: f["outcome"] for f in latest(batch).digest}
    assert findings["RC-36"] == "fail"


def test_astrorx_stands_at_every_place():
    found = Counter(
        (batch.execution, batch.disposition, getattr(latest(batch), "verdict", ""))
        for batch in Batch.objects.filter(product__code="ASTRORX", purpose="clinical")
    )
    assert found == {
        ("planned", "pending", "pending"): 1,
        ("in_process", "pending", "pending"): 1,
        ("completed", "pending", "blocked"): 1,
        ("completed", "pending", "ready"): 1,
        ("completed", "released", "ready"): 1,
    }


def test_the_blocked_batch_has_three_different_reasons():
    batch = next(
        b for b in Batch.objects.filter(product__code="ASTRORX") if _verdict(b) == "blocked"
    )
    against = {f["rule"] for f in latest(batch).digest if f["outcome"] in {"fail", "pending"}}
    assert {"RC-02", "RC-21", "RC-23"} <= against


def _verdict(batch):
    return getattr(latest(batch), "verdict", "")


def test_the_patients_batch_has_its_scans_and_waits_for_late_results():
    batch = Batch.objects.get(product__code="REX-001")
    assert list(batch.scans.values_list("matched", flat=True)) == [True] * 4
    assert _verdict(batch) == "conditional"


def test_a_certified_enk_batch_goes_into_mxnk_101():
    arming = Batch.objects.get(product__code="MXNK-101")
    source = arming.consumptions.get(source_batch__isnull=False).source_batch
    assert (source.product.code, source.disposition) == ("ENK", "released")


def test_certified_batches_have_their_certificate():
    for batch in Batch.objects.filter(disposition="released"):
        assert batch.certificates.count() == 1


def test_the_transfers_stand_at_different_gates_and_one_is_held_by_a_real_blocker():
    open_gates = {
        gate.transfer.code: gate
        for gate in Gate.objects.filter(status__in=["open", "hold"]).select_related("transfer")
    }
    assert {code: gate.code for code, gate in open_gates.items()} == {
        "TT-ASTRORX": "G6",
        "TT-ENK": "G4",
        "TT-ISLETRX": "G3",
    }
    assert "open_deviation" in {b["code"] for b in open_gates["TT-ASTRORX"].blockers}
    assert open_gates["TT-ENK"].blockers == []
    assert open_gates["TT-ENK"].decisions.count() == 1
    assert TransferProject.objects.filter(status="active").count() == 3


def test_what_was_invented_is_marked():
    for model in apps.get_models():
        if model is Product or model is TransferProject or not hasattr(model, "illustrative"):
            continue
        unmarked = model.objects.filter(illustrative=False)
        if "source" in {field.name for field in model._meta.fields}:
            unmarked = unmarked.filter(source="")
        if model.__name__ in {"Organisation", "Site", "Result", "SpecificationLine"}:
            continue  # facts of the seed documents, or marked line by line
        assert not unmarked.exists(), model


def test_no_knock_and_no_check_is_left_waiting():
    assert not Outbox.objects.exists()
    assert not ReleaseCheck.objects.exclude(status="done").exists()


def test_nothing_happened_in_the_future_and_nobody_typed_a_password():
    now = timezone.now()
    assert not AuditEvent.objects.filter(at__gt=now).exists()
    assert set(Signature.objects.values_list("method", flat=True)) == {"demonstration"}


def test_again_it_changes_nothing():
    before = AuditEvent.objects.count(), Signature.objects.count()
    out = StringIO()
    call_command("demo", stdout=out)
    assert "nothing was changed" in out.getvalue()
    assert (AuditEvent.objects.count(), Signature.objects.count()) == before


def test_every_record_proves_itself():
    out = StringIO()
    call_command("verify_records", stdout=out)
    assert "broken" not in out.getvalue() or "0 broken" in out.getvalue()


def test_into_other_peoples_data_it_is_never_loaded():
    User.objects.filter(email="planner@cdmo.example").update(email="somebody@else.example")
    with pytest.raises(CommandError, match="other data"):
        call_command("demo")


def test_it_can_be_told_from_any_day(django_db_blocker):
    """Leap days and year ends: the story is told backwards from the instant that it is given."""
    from cdmo.demo.stage import Stage

    stage = Stage(datetime(2028, 2, 29, 23, 59, tzinfo=UTC))
    assert stage.day(365).isoformat() == "2027-03-01"

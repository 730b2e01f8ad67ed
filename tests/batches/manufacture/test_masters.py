"""Master batch records: two people, one effective per process version."""

import pytest
from django.db import IntegrityError, transaction

from batches.manufacture import services
from batches.manufacture.models import MasterBatchRecord
from batches.manufacture.states import MasterStatus
from cdmo.blockers import Blocked
from cdmo.records.signatures import standing_signatures
from tests.builders.manufacture import STEPS, a_master
from tests.builders.portfolio import a_process_version, a_product
from tests.cast import NOON, proof_of

pytestmark = [pytest.mark.django_db, pytest.mark.statement("U-09")]


@pytest.fixture
def version(cast):
    return a_process_version(cast, a_product(cast))


def approve(master, by):
    return services.approve_master(master=master, by=by, at=NOON, proof=proof_of(by))


@pytest.mark.statement("P-33")
def test_the_author_does_not_approve(cast, version):
    master = services.write_master(
        code="M-1", process_version=version, steps=STEPS, by=cast.qa, at=NOON
    )

    with pytest.raises(Blocked) as refused:
        approve(master, cast.qa)

    assert refused.value.codes == ["own_master"]
    assert approve(master, cast.qa2).status == MasterStatus.EFFECTIVE


def test_approval_retires_the_former_one_and_is_signed(cast, version):
    former = a_master(cast, version)
    master = a_master(cast, version)

    former.refresh_from_db()
    assert (former.status, master.status) == (MasterStatus.RETIRED, MasterStatus.EFFECTIVE)
    assert (former.version, master.version) == (1, 2)
    assert standing_signatures(master, verb="approve").get().by == cast.qa


def test_the_database_holds_one_effective_master(cast, version):
    a_master(cast, version)
    draft = a_master(cast, version, effective=False)

    with pytest.raises(IntegrityError), transaction.atomic():
        MasterBatchRecord.objects.filter(pk=draft.pk).update(status="effective")


def test_an_effective_master_is_not_approved_again(cast, version):
    master = a_master(cast, version)

    with pytest.raises(Blocked) as refused:
        approve(master, cast.qa2)

    assert refused.value.codes == ["wrong_status"]


def test_a_master_for_a_later_day_waits_for_it(cast, version):
    master = a_master(cast, version, effective=False, effective_from=NOON.date().replace(day=30))

    with pytest.raises(Blocked) as refused:
        approve(master, cast.qa)

    assert refused.value.codes == ["not_yet_effective"]


def test_steps_that_make_no_sense_are_refused_all_at_once(cast, version):
    steps = [
        {"code": "A", "title": "A", "kind": "number", "lower": 5, "upper": 1},
        {"code": "A", "title": "B", "kind": "check", "upper": 1},
    ]

    with pytest.raises(Blocked) as refused:
        services.write_master(
            code="M-1", process_version=version, steps=steps, by=cast.supervisor, at=NOON
        )

    assert refused.value.codes == ["step_twice", "limits_crossed", "limits_without_number"]
    assert not MasterBatchRecord.objects.exists()


def test_a_code_is_given_once(cast, version):
    a_master(cast, version, code="M-1")

    with pytest.raises(Blocked) as refused:
        a_master(cast, version, code="M-1")

    assert refused.value.codes == ["code_taken"]

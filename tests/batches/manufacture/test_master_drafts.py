"""A draft of instructions: changed, copied, retired; two people, and nothing lost on the way."""

from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction

from batches.manufacture import services
from batches.manufacture.models import MasterStep
from batches.manufacture.states import MasterStatus
from cdmo.blockers import Blocked
from cdmo.records.models import AuditEvent, Outbox
from tests.builders.manufacture import (
    ISSUED,
    STEPS,
    a_master,
    a_planned_batch,
    an_issued_batch,
    quality,
)
from tests.builders.portfolio import a_process_version, a_product
from tests.cast import NOON, proof_of

pytestmark = [pytest.mark.django_db, pytest.mark.statement("U-09")]


@pytest.fixture
def version(cast):
    return a_process_version(cast, a_product(cast))


@pytest.fixture
def draft(cast, version):
    return a_master(cast, version, effective=False)


def change(master, by, reason="Clearer", **what):
    return services.change_master(master=master, by=by, at=NOON, reason=reason, **what)


def approve(master, by):
    return services.approve_master(master=master, by=by, at=NOON, proof=proof_of(by))


def retire(master, by, reason="No longer made"):
    return services.retire_master(master=master, by=by, at=NOON, reason=reason)


def codes_of(master):
    return list(master.steps.order_by("position").values_list("code", flat=True))


def refusal(call, *args, **kwargs):
    before = AuditEvent.objects.count()
    with pytest.raises(Blocked) as refused:
        call(*args, **kwargs)
    assert AuditEvent.objects.count() == before, "a refused change left a trace of a change"
    return refused.value.codes


def test_a_changed_step_keeps_its_row_and_history_tells_old_and_new(cast, draft):
    steps = [dict(step) for step in STEPS]
    row = draft.steps.get(code="SEED")
    steps[1]["lower"] = Decimal("85")

    change(draft, cast.supervisor, steps=steps)

    row.refresh_from_db()
    assert (row.lower, row.master_id) == (Decimal("85"), draft.pk)
    written = AuditEvent.objects.filter(kind="change", record_type="master_step", verb="update")
    assert [(e.record_id, e.reason) for e in written] == [(row.pk, "Clearer")]
    assert {name: Decimal(str(value)) for name, value in written.get().old.items()} == {"lower": 80}


def test_steps_change_places_and_a_new_one_comes_between(cast, draft):
    rows = dict(draft.steps.values_list("code", "pk"))
    steps = [dict(step) for step in reversed(STEPS)]
    steps.insert(1, {"code": "NEW", "title": "New"})

    change(draft, cast.supervisor, steps=steps)

    assert codes_of(draft) == ["HARVEST", "NEW", "NOTE", "FEED", "SEED", "CLEAR"]
    assert rows.items() <= dict(draft.steps.values_list("code", "pk")).items()


def test_a_removed_step_is_withdrawn_and_never_deleted(cast, draft):
    row = draft.steps.get(code="NOTE")

    change(draft, cast.supervisor, steps=[dict(s) for s in STEPS if s["code"] != "NOTE"])

    row.refresh_from_db()
    assert (row.master_id, row.withdrawn_from_id) == (None, draft.pk)
    assert codes_of(draft) == ["CLEAR", "SEED", "FEED", "HARVEST"]
    change(draft, cast.supervisor, steps=STEPS)
    assert codes_of(draft) == [step["code"] for step in STEPS]
    assert MasterStep.objects.filter(code="NOTE").count() == 2


def test_a_step_stands_in_one_record_or_is_withdrawn_from_one(draft):
    for facts in ({"master": None}, {"withdrawn_from": draft}):
        with pytest.raises(IntegrityError), transaction.atomic():
            draft.steps.filter(code="NOTE").update(**facts)


def test_facts_change_alone_and_can_be_emptied(cast, draft):
    change(draft, cast.supervisor, yield_lower=Decimal("5"), yield_unit="mL", title="Short")
    change(draft, cast.supervisor, yield_lower=None, title="")

    draft.refresh_from_db()
    assert (draft.yield_lower, draft.yield_unit) == (None, "mL")
    assert draft.title == f"Manufacture by {draft.process_version.code}"
    assert codes_of(draft) == [step["code"] for step in STEPS]


def test_a_change_lists_every_objection_and_changes_nothing(cast, draft):
    steps = [{"code": "A", "title": "A", "kind": "check", "upper": 1}]

    assert refusal(
        change,
        draft,
        cast.supervisor,
        reason=" ",
        seen="0" * 64,
        yield_lower=Decimal("2"),
        yield_upper=Decimal("1"),
        steps=steps,
    ) == ["no_reason", "changed_meanwhile", "yield_crossed", "limits_without_number"]
    assert refusal(change, draft, cast.supervisor, steps=[]) == ["no_steps"]
    assert codes_of(draft) == [step["code"] for step in STEPS]


def test_the_least_yield_is_not_above_the_greatest_when_written(cast, version):
    limits = {"yield_lower": Decimal("2"), "yield_upper": Decimal("1")}

    assert refusal(a_master, cast, version, **limits) == ["yield_crossed"]


def test_what_a_colleague_saved_meanwhile_is_not_overwritten(cast, draft):
    seen = services.text_hash(draft)
    change(draft, cast.supervisor, title="Theirs", seen=seen)

    assert refusal(change, draft, cast.qa, title="Mine", seen=seen) == ["changed_meanwhile"]

    draft.refresh_from_db()
    assert draft.title == "Theirs"
    change(draft, cast.qa, title="Mine", seen=services.text_hash(draft))


def test_what_was_approved_is_not_changed_any_more(cast, version):
    master = a_master(cast, version)

    assert refusal(change, master, cast.supervisor, title="Other") == ["not_a_draft"]


def test_whoever_changed_a_draft_does_not_approve_it(cast, draft):
    change(draft, cast.qa, title="Clearer")

    assert refusal(approve, draft, cast.qa) == ["own_master"]
    assert approve(draft, cast.qa2).status == MasterStatus.EFFECTIVE


def test_a_copy_is_a_draft_of_the_next_version_with_every_step_as_it_was(cast, version):
    master = a_master(cast, version, yield_lower=Decimal("10.50"), yield_unit="mL")

    made = services.copy_master(master=master, by=cast.supervisor, at=NOON, reason="New filter")

    assert (made.status, made.version, made.code) == ("draft", 2, f"{master.code}-02")
    assert [s.content() for s in made.steps.all()] == [s.content() for s in master.steps.all()]
    assert (str(made.yield_lower), made.yield_unit, made.title) == ("10.50", "mL", master.title)
    event = AuditEvent.objects.get(verb="master_batch_record.copied")
    assert (event.new, event.reason) == ({"copied_from": master.code}, "New filter")
    master.refresh_from_db()
    assert master.status == MasterStatus.EFFECTIVE


def test_a_copy_is_named_as_its_original_unless_that_is_taken(cast, version):
    first = a_master(cast, version, code="MBR-X-01")

    def copied():
        return services.copy_master(master=first, by=cast.supervisor, at=NOON).code

    assert copied() == "MBR-X-02"
    a_master(cast, a_process_version(cast, version.product), code="MBR-X-03", effective=False)
    assert copied() == f"MBR-{version.code}-03"


def test_whoever_copied_does_not_approve_the_copy(cast, version):
    made = services.copy_master(master=a_master(cast, version), by=cast.qa, at=NOON)

    assert refusal(approve, made, cast.qa) == ["own_master"]


def test_instructions_are_not_copied_as_drafts_nor_to_another_product(cast, version, draft):
    other = a_process_version(cast, a_product(cast, "REX-001", sponsor=cast.ixaka))

    assert refusal(
        services.copy_master, master=draft, process_version=other, by=cast.supervisor, at=NOON
    ) == ["still_a_draft", "other_product"]


def test_an_older_draft_does_not_displace_a_later_version(cast, version, draft):
    later = a_master(cast, version)

    assert later.version > draft.version
    assert refusal(approve, draft, cast.qa) == ["later_version_effective"]


def test_retired_instructions_are_no_longer_issued_and_the_release_room_hears_of_it(cast):
    batch = a_planned_batch(cast)
    issued = an_issued_batch(cast, batch.product)
    master = batch.master
    assert refusal(retire, master, cast.qa, reason="") == ["no_reason"]
    heard = Outbox.objects.count()

    assert retire(master, cast.qa).status == MasterStatus.RETIRED

    assert Outbox.objects.count() == heard + 1
    assert refusal(retire, master, cast.qa) == ["wrong_status"]
    assert refusal(
        services.issue_batch,
        batch=batch,
        quality=quality(),
        by=cast.qa,
        at=ISSUED,
        proof=proof_of(cast.qa, ISSUED),
    ) == ["no_master"]
    assert issued.steps.exists()

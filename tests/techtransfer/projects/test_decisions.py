"""Decisions on gates: two units, two people, one word; nothing passes a blocker in silence."""

from datetime import date, timedelta
from threading import Barrier, Thread

import pytest
from django.db import IntegrityError, connection, transaction

from cdmo.accounts.roles import Role
from cdmo.blockers import Blocked
from cdmo.records.models import AuditEvent, Signature, SignatureVoid
from cdmo.records.signatures import standing_signatures
from techtransfer.projects import services
from techtransfer.projects.gathering import gather
from techtransfer.projects.models import Gate, GateCondition, GateDecision, TransferProject
from techtransfer.projects.states import Unit
from tests.builders.portfolio import a_product, an_agreement
from tests.builders.transfers import a_transfer, a_transfer_at, gate, say
from tests.cast import NOON, appoint, make_cast, proof_of

pytestmark = [pytest.mark.django_db, pytest.mark.statement("U-17")]
LATER = date(2026, 12, 24)


def decide(gate, by, decision="go", **more):
    return services.decide_gate(
        gate=gate, decision=decision, by=by, at=more.pop("at", NOON), proof=proof_of(by), **more
    )


def test_a_transfer_begins_with_eight_gates_the_first_one_open(cast):
    transfer = a_transfer(cast)
    found = list(transfer.gates.values_list("code", "status"))
    assert found == [("G0", "open")] + [(f"G{n}", "waiting") for n in range(1, 8)]
    assert transfer.sponsor == cast.kadimastem


def test_a_unit_does_not_transfer_to_itself(cast):
    with pytest.raises(Blocked) as refusal:
        a_transfer(cast, receiving_unit=cast.kadimastem)
    assert refusal.value.codes == ["same_unit"]
    assert not TransferProject.objects.exists()


def test_a_go_is_refused_with_every_blocker_and_changes_nothing(cast):
    transfer = a_transfer(cast)
    an_agreement(cast, "mou")
    with pytest.raises(Blocked) as refusal:
        decide(gate(transfer, "G0"), cast.qa)
    assert refusal.value.codes == ["no_agreement", "talks_only"]
    assert all(blocker.record_key for blocker in refusal.value.blockers)
    assert not GateDecision.objects.exists()
    assert not Signature.objects.filter(record_type="gate_decision").exists()


def test_a_gate_moves_only_when_both_units_have_said_the_same(cast):
    transfer = a_transfer_at(cast, "G0")
    an_agreement(cast)
    say(cast, transfer, "G0", who="receiving")
    assert gate(transfer, "G0").status == "open"
    say(cast, transfer, "G0", who="sending")
    assert gate(transfer, "G0").status == "go"
    assert gate(transfer, "G0").decided_at == NOON
    assert gate(transfer, "G1").status == "open"
    assert gate(transfer, "G2").status == "waiting"
    transfer.refresh_from_db()
    assert transfer.status == "active"
    assert Signature.objects.filter(record_type="gate_decision").count() == 2
    assert AuditEvent.objects.filter(verb="gate.decide", shared=True).count() == 2


def test_another_word_leaves_the_gate_open_and_both_words_shown(cast):
    transfer = a_transfer_at(cast, "G1", product=a_product(cast))
    services_before = GateDecision.objects.count()
    say(cast, transfer, "G1", "hold", who="sending", reason="Waiting for our board.")
    say(cast, transfer, "G1", "no_go", who="receiving", reason="No process recorded.")
    assert GateDecision.objects.count() == services_before + 2
    now = gate(transfer, "G1")
    assert (now.status, now.round) == ("open", 2)
    say(cast, transfer, "G1", "hold", reason="Agreed: we wait.")
    assert gate(transfer, "G1").status == "hold"
    transfer.refresh_from_db()
    assert transfer.status == "on_hold"


def test_a_unit_speaks_once_a_round(cast):
    transfer = a_transfer(cast)
    an_agreement(cast)
    say(cast, transfer, "G0", who="receiving")
    with pytest.raises(Blocked) as refusal:
        decide(gate(transfer, "G0"), cast.pm)
    assert refusal.value.codes == ["unit_has_spoken"]
    # The rule's sentence names who spoke; the constraint behind it knows only that somebody did.
    assert cast.qa.full_name in refusal.value.blockers[0].message


def test_the_unit_follows_from_the_person(cast):
    transfer = a_transfer(cast)
    assert services.unit_of(cast.qa, transfer) is Unit.RECEIVING
    assert services.unit_of(cast.pm, transfer) is Unit.RECEIVING
    assert services.unit_of(cast.kadimastem_lead, transfer) is Unit.SENDING
    assert services.unit_of(cast.operator, transfer) is None
    assert services.unit_of(cast.kadimastem_reader, transfer) is None
    assert services.unit_of(cast.ixaka_lead, transfer) is None


def test_a_lead_of_the_cdmo_cannot_become_the_sending_unit(cast):
    appoint(cast.supervisor, Role.SPONSOR_LEAD)
    person = type(cast.supervisor).objects.get(pk=cast.supervisor.pk)
    assert services.unit_of(person, a_transfer(cast)) is None


@pytest.mark.parametrize("name", ["operator", "kadimastem_reader", "ixaka_lead"])
def test_others_decide_nothing(cast, name):
    transfer = a_transfer(cast)
    an_agreement(cast)
    with pytest.raises(Blocked) as refusal:
        decide(gate(transfer, "G0"), getattr(cast, name))
    assert "no_unit" in refusal.value.codes
    assert not GateDecision.objects.exists()


def test_the_database_refuses_one_person_for_both_units(cast):
    transfer = a_transfer(cast)
    an_agreement(cast)
    said = say(cast, transfer, "G0", who="receiving")
    said.pk, said.unit = None, "sending"
    with pytest.raises(IntegrityError, match="two_people"), transaction.atomic():
        said.save(force_insert=True)


def test_a_waiting_gate_is_not_decided(cast):
    transfer = a_transfer(cast)
    with pytest.raises(Blocked) as refusal:
        decide(gate(transfer, "G3"), cast.qa, "no_go", reason="No.")
    assert refusal.value.codes == ["wrong_status"]


@pytest.mark.parametrize("decision", ["hold", "no_go"])
def test_hold_and_no_go_need_a_reason(cast, decision):
    transfer = a_transfer(cast)
    with pytest.raises(Blocked) as refusal:
        decide(gate(transfer, "G0"), cast.qa, decision)
    assert refusal.value.codes == ["reason_missing"]


def test_no_go_by_both_stops_the_transfer(cast):
    transfer = a_transfer(cast)
    say(cast, transfer, "G0", "no_go", reason="The programme was stopped.")
    transfer.refresh_from_db()
    assert (gate(transfer, "G0").status, transfer.status) == ("no_go", "stopped")


def test_a_missing_agreement_cannot_be_a_condition(cast):
    transfer = a_transfer(cast)
    with pytest.raises(Blocked) as refusal:
        decide(
            gate(transfer, "G0"),
            cast.qa,
            "conditional_go",
            conditions=[{"text": "Sign it", "due_on": LATER}],
        )
    assert refusal.value.codes == ["no_agreement"]


def test_conditions_are_dated_and_only_for_a_conditional_go(cast):
    transfer = a_transfer_at(cast, "G1")
    where = gate(transfer, "G1")
    with pytest.raises(Blocked) as refusal:
        decide(where, cast.qa, "conditional_go")
    assert refusal.value.codes == ["conditions_missing"]
    with pytest.raises(Blocked) as refusal:
        decide(
            where,
            cast.qa,
            "conditional_go",
            conditions=[{"text": "Record it", "due_on": NOON.date() - timedelta(days=1)}],
        )
    assert refusal.value.codes == ["condition_in_the_past"]
    with pytest.raises(Blocked) as refusal:
        decide(
            where,
            cast.qa,
            "hold",
            reason="x",
            conditions=[{"text": "Record it", "due_on": LATER}],
        )
    assert refusal.value.codes == ["conditions_not_wanted"]


def test_a_conditional_go_keeps_what_stood_in_the_way_and_overdue_blocks_the_next(cast):
    transfer = a_transfer_at(cast, "G1")
    terms = [{"text": "Record the process", "due_on": LATER}]
    first = say(cast, transfer, "G1", "conditional_go", who="receiving", conditions=terms)
    assert [b["code"] for b in first.blockers] == ["process_missing"]
    second = say(cast, transfer, "G1", "conditional_go", who="sending")
    assert second.conditions == first.conditions  # an empty list signs those of the first
    assert gate(transfer, "G1").status == "conditional_go"
    condition = GateCondition.objects.get()
    assert (condition.text, condition.due_on) == ("Record the process", LATER)
    with pytest.raises(Blocked) as refusal:
        decide(gate(transfer, "G2"), cast.qa, at=NOON + timedelta(days=60))
    assert "condition_overdue" in refusal.value.codes
    services.meet_condition(condition=condition, by=cast.qa, at=NOON, reason="PROC-1 recorded.")
    with pytest.raises(Blocked) as refusal:
        decide(gate(transfer, "G2"), cast.qa, at=NOON + timedelta(days=60))
    assert "condition_overdue" not in refusal.value.codes


def test_other_conditions_are_another_word(cast):
    transfer = a_transfer_at(cast, "G1")
    for who, text in (("receiving", "Record the process"), ("sending", "Send the process")):
        say(
            cast,
            transfer,
            "G1",
            "conditional_go",
            who=who,
            conditions=[{"text": text, "due_on": LATER}],
        )
    assert gate(transfer, "G1").status == "open"
    assert not GateCondition.objects.exists()


def test_a_condition_is_met_once_by_the_receiving_unit_with_a_reason(cast):
    transfer = a_transfer_at(cast, "G1")
    say(
        cast,
        transfer,
        "G1",
        "conditional_go",
        conditions=[{"text": "Record the process", "due_on": LATER}],
    )
    condition = GateCondition.objects.get()
    with pytest.raises(Blocked) as refusal:
        services.meet_condition(condition=condition, by=cast.kadimastem_lead, at=NOON)
    assert set(refusal.value.codes) == {"receiving_unit_only", "reason_missing"}
    services.meet_condition(condition=condition, by=cast.qa, at=NOON, reason="Recorded.")
    with pytest.raises(Blocked) as refusal:
        services.meet_condition(condition=condition, by=cast.qa, at=NOON, reason="Recorded.")
    assert refusal.value.codes == ["condition_closed"]


def test_opening_a_gate_again_takes_back_the_later_ones_and_voids_their_signatures(cast):
    transfer = a_transfer_at(cast, "G2")
    with pytest.raises(Blocked) as refusal:
        services.reopen_gate(
            gate=gate(transfer, "G0"), by=cast.qa, at=NOON, proof=proof_of(cast.qa)
        )
    assert refusal.value.codes == ["reason_missing"]
    services.reopen_gate(
        gate=gate(transfer, "G0"),
        by=cast.qa,
        at=NOON,
        proof=proof_of(cast.qa),
        reason="The agreement was replaced.",
    )
    assert [gate(transfer, f"G{n}").status for n in range(3)] == ["open", "waiting", "waiting"]
    assert SignatureVoid.objects.count() == 4
    assert all(not standing_signatures(said) for said in GateDecision.objects.all())
    say(cast, transfer, "G0")
    assert gate(transfer, "G0").status == "go"


def test_the_sending_unit_does_not_reopen_a_gate(cast):
    transfer = a_transfer_at(cast, "G1")
    with pytest.raises(Blocked) as refusal:
        services.reopen_gate(
            gate=gate(transfer, "G0"),
            by=cast.kadimastem_lead,
            at=NOON,
            proof=proof_of(cast.kadimastem_lead),
            reason="We want to.",
        )
    assert refusal.value.codes == ["receiving_unit_only"]


def test_a_planned_date_stands_and_a_forecast_moves_with_a_reason(cast):
    where = gate(a_transfer(cast), "G0")
    where = services.plan_gate(gate=where, target_on=LATER, forecast_on=LATER, by=cast.pm, at=NOON)
    with pytest.raises(Blocked) as refusal:
        services.plan_gate(
            gate=where,
            target_on=LATER + timedelta(days=9),
            forecast_on=LATER + timedelta(days=9),
            by=cast.pm,
            at=NOON,
        )
    assert refusal.value.codes == ["baseline_set", "reason_missing"]


def test_what_both_units_are_told_follows_the_evidence(cast):
    transfer = a_transfer(cast)
    assert [b["code"] for b in gate(transfer, "G0").blockers] == ["no_agreement"]
    an_agreement(cast)
    assert services.judge_gates(by=None, at=NOON) == 1
    assert gate(transfer, "G0").blockers == []
    assert services.judge_gates(by=None, at=NOON) == 0


def test_judging_costs_as_many_queries_for_ten_transfers_as_for_one(
    cast, django_assert_max_num_queries
):
    product = a_product(cast)
    made = [a_transfer(cast, product, code=f"TT-{n}").pk for n in range(10)]
    with django_assert_max_num_queries(20) as one:
        gather(made[:1], at=NOON)
    with django_assert_max_num_queries(len(one)):
        gather(made, at=NOON)


def at_once(where, people) -> list:
    """Let these people say go at the same moment; returns what was refused."""
    barrier, told = Barrier(len(people)), []

    def speak(person):
        _ = person.roles
        barrier.wait()
        try:
            decide(where, person)
        except Blocked as refusal:
            told.append(refusal.codes)
        finally:
            connection.close()

    threads = [Thread(target=speak, args=(person,)) for person in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return told


@pytest.mark.django_db(transaction=True)
def test_two_of_one_unit_at_once_one_speaks_and_one_is_told():
    cast = make_cast()
    where = gate(a_transfer(cast), "G0")
    an_agreement(cast)
    assert at_once(where, [cast.qa, cast.pm]) == [["unit_has_spoken"]]
    assert GateDecision.objects.count() == 1
    assert Gate.objects.get(pk=where.pk).status == "open"


@pytest.mark.django_db(transaction=True)
def test_both_units_at_once_move_the_gate():
    """Without the transfer's lock neither sees the other's word, and the gate is stuck for ever."""
    cast = make_cast()
    where = gate(a_transfer(cast), "G0")
    an_agreement(cast)
    assert at_once(where, [cast.qa, cast.kadimastem_lead]) == []
    assert GateDecision.objects.count() == 2
    assert Gate.objects.get(pk=where.pk).status == "go"

"""Three transfers: one held at G6, one waiting for the other unit's word, one held at G3."""

from datetime import timedelta

from cdmo.demo.stage import Stage, organisation, product, site
from techtransfer.projects.models import Gate, GateCondition
from techtransfer.projects.services import (
    create_transfer,
    decide_gate,
    judge_gates,
    meet_condition,
    plan_gate,
)

_S0 = "BioProcess Insider, 29 Jul 2024: wanted within a year"
_S4 = "MabDesign BioprocessWatch 2025"
KADIMASTEM, MEDXCELL = "lead@kadimastem.example", "lead@medxcell.example"


def load(stage: Stage) -> None:
    """Plan the transfers and let both units decide what they have decided so far."""
    _astrorx(stage)
    _enk(stage)
    _isletrx(stage)
    judge_gates(by=None, at=stage.at)


def _transfer(stage, code, product_code, sender, receiver, place, *, title, began, source):
    transfer = create_transfer(
        code=code,
        title=title,
        product=product(product_code),
        sending_unit=organisation(sender),
        receiving_unit=organisation(receiver),
        site=site(place),
        planned_batches=3,
        started_on=stage.day(began),
        target_on=stage.day(began - 365),
        source=source,
        illustrative=True,
        **stage.acted("pm", stage.ago(began)),
    )
    for number, gate in enumerate(transfer.gates.order_by("code")):
        planned = stage.day(began) + timedelta(days=20 + 49 * number)
        plan_gate(
            gate=gate,
            target_on=planned,
            forecast_on=planned,
            **stage.acted("pm", stage.ago(began)),
        )
    return transfer


def _both(stage, transfer, code, lead, days, decision="go", **more) -> None:
    for name, at in (("qa", stage.ago(days)), (lead, stage.ago(days - 0.2))):
        _say(stage, transfer, code, name, at, decision, **more)


def _say(stage, transfer, code, name, at, decision="go", **more) -> None:
    gate = Gate.objects.get(transfer=transfer, code=code)
    decide_gate(gate=gate, decision=decision, **more, **stage.signed(name, at))


def _astrorx(stage: Stage) -> None:
    transfer = _transfer(
        stage,
        "TT-ASTRORX",
        "ASTRORX",
        "KADIMASTEM",
        "PLURI",
        "HFA",
        title="AstroRx into closed bioreactors",
        began=330,
        source=_S0,
    )
    for code, days in (("G0", 322), ("G1", 270), ("G2", 240)):
        _both(stage, transfer, code, KADIMASTEM, days)
    due = stage.day(150)
    _both(
        stage,
        transfer,
        "G3",
        KADIMASTEM,
        200,
        "conditional_go",
        conditions=[{"text": "Train the second shift on the bioreactor", "due_on": due}],
    )
    meet_condition(
        condition=GateCondition.objects.get(gate__transfer=transfer),
        reason="Training records of both operators are filed (illustrative).",
        **stage.acted("qa", stage.ago(160)),
    )
    _both(stage, transfer, "G4", KADIMASTEM, 140)
    _both(stage, transfer, "G5", KADIMASTEM, 120)
    for code, days in (("G6", -45), ("G7", -90)):
        plan_gate(
            gate=Gate.objects.get(transfer=transfer, code=code),
            forecast_on=stage.day(days),
            reason="One of three batches is certified, one is blocked.",
            **stage.acted("pm", stage.ago(6)),
        )


def _enk(stage: Stage) -> None:
    transfer = _transfer(
        stage,
        "TT-ENK",
        "ENK",
        "CYTEA-BIO",
        "EFS",
        "BES",
        title="eNK expansion into Besançon",
        began=230,
        source=_S4,
    )
    for code, days in (("G0", 220), ("G1", 170), ("G2", 120), ("G3", 60)):
        _both(stage, transfer, code, MEDXCELL, days)
    _say(stage, transfer, "G4", "qa", stage.ago(3))


def _isletrx(stage: Stage) -> None:
    transfer = _transfer(
        stage,
        "TT-ISLETRX",
        "ISLETRX",
        "KADIMASTEM",
        "PLURI",
        "HFA",
        title="IsletRx, IND-enabling",
        began=140,
        source=_S0,
    )
    for code, days in (("G0", 130), ("G1", 80), ("G2", 35)):
        _both(stage, transfer, code, KADIMASTEM, days)

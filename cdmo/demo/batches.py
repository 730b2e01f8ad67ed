"""The demonstration's batches, each at another place on its way."""

from datetime import timedelta

from batches.identity.services import create_chain, record_scan
from batches.manufacture.models import Batch
from batches.materials.models import Lot
from batches.materials.services import recall_lot
from cdmo.demo import stock
from cdmo.demo.making import Making
from cdmo.demo.stage import Stage, product
from qc.release.services import certify, drain_outbox, request_check, run_waiting_checks


def load(stage: Stage) -> None:
    """Bring every batch to its place, then let all release checks run once."""
    _astrorx(stage)
    _patients(stage)
    _components(stage)
    _armed(stage)
    asked = Making(
        stage,
        "AUGMENTREG",
        "clinical",
        days=-30,
        objective="Asked for, but only a memorandum is in force.",
    )
    request_check(batch=asked.batch, **stage.acted("planner", stage.ago(1)))
    check(stage.at)


def check(at) -> None:
    """Queue and run what changes have called for."""
    while drain_outbox(by=None, at=at):
        pass
    while run_waiting_checks(at=at):
        pass


def certified(made: Making) -> Batch:
    """Check this batch alone, then certify it as its Qualified Person.

    The others are checked at the end: batches are told one after the other, not day by day, and a
    check of July must not have seen results of October.
    """
    at = made.later(days=1)
    request_check(batch=made.fresh(), **made.stage.acted("qp", at))
    while run_waiting_checks(at=at):
        pass
    return certify(batch=made.fresh(), **made.stage.signed("qp", at + timedelta(minutes=20)))


def _astrorx(stage: Stage) -> None:
    Making(
        stage, "ASTRORX", "engineering", days=210, objective="Full scale at the receiving site."
    ).issue().start().perform().complete()

    done = Making(stage, "ASTRORX", "clinical", days=90, objective="Phase IIa supply.")
    certified(done.issue().start().perform().complete().test(days=16))

    _blocked(stage)

    ready = Making(stage, "ASTRORX", "clinical", days=26, objective="Phase IIa supply.")
    ready.issue().start().perform().complete().test(days=16)

    working = Making(stage, "ASTRORX", "clinical", days=0.4, objective="Phase IIa supply.")
    working.issue().start().perform(until="S60", gap=40)

    Making(stage, "ASTRORX", "clinical", days=-7, objective="Phase IIa supply.")


def _blocked(stage: Stage) -> None:
    """Three reasons: an open critical deviation, a missing result, a medium recalled since."""
    made = Making(stage, "ASTRORX", "clinical", days=45, objective="Phase IIa supply.")
    made.issue().start()
    made.perform(values={"S40": "38.4"}, instead={"NEURO-2604": "NEURO-2605"})
    made.complete().test(days=14, leave_out={"TIMP-1 secretion"})
    recall_lot(
        lot=Lot.objects.get(number="NEURO-2605"),
        reason="The supplier reported a wrong growth factor concentration (illustrative).",
        **stage.signed("qa", stage.ago(6)),
    )


def _patients(stage: Stage) -> None:
    """REX-001: one patient's marrow, scanned at every handover, waiting for its last results."""
    chain = create_chain(
        product=product("REX-001"),
        pseudonym="REX-012-0034",
        illustrative=True,
        **stage.acted("planner", stage.ago(12)),
    )
    marrow = stock.received(
        stage,
        ("MARROW-0034", "MARROW", "62", "IXAKA", "IXAKA", "donation", 1.6, 1, "G123498654321"),
    )
    made = Making(
        stage, "REX-001", "clinical", days=1.2, coi=chain, objective="Phase III, one patient."
    ).issue()
    _scan(made, chain, "collection", stage.ago(1.7))
    _scan(made, chain, "receipt", stage.ago(1.6))
    _scan(made, chain, "start", stage.ago(1.2))
    made.start().perform(instead={"marrow": marrow.number}, gap=35)
    _scan(made, chain, "fill", made.later(minutes=5))
    made.complete(review=False).review(hours=3)
    made.test(days=0.1, leave_out={"Sterility", "Colony-forming cells"})


def _scan(made: Making, chain, handover, at) -> None:
    record_scan(
        batch=made.fresh(), handover=handover, scanned=chain.coi, **made.stage.acted("operator", at)
    )


def _components(stage: Stage) -> None:
    """Plasmid into vector: what a CAR-T batch can be made with."""
    plasmid = Making(stage, "ACT-PLASMID", "clinical", days=150)
    plasmid = certified(plasmid.issue().start().perform().complete().test(days=16))
    vector = Making(stage, "ACT-LVV", "clinical", days=110).issue().start()
    vector.perform(instead={"ACT-PLASMID": plasmid.number})
    certified(vector.complete().test(days=60))


def _armed(stage: Stage) -> None:
    """eNK from cord blood, certified; a part of it is being armed into MXNK-101 now."""
    cells = Making(
        stage,
        "ENK",
        "comparison",
        days=48,
        objective="Yield at the receiving site beside the sending unit's.",
    )
    cells = certified(cells.issue().start().perform().complete().test(days=16))
    arming = Making(
        stage, "MXNK-101", "engineering", days=0.2, objective="Arming the day before use."
    )
    arming.issue().start().perform(until="S40", instead={"ENK": cells.number}, gap=30)

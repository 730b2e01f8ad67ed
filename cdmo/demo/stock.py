"""Materials and lots: the CDMO's own stock, and what belongs to one sponsor."""

from datetime import timedelta
from decimal import Decimal

from batches.materials.models import Lot, Material
from batches.materials.services import create_material, receive_lot, release_lot
from cdmo.demo.stage import Stage, organisation

# code, name, unit, kind, critical
MATERIALS = (
    ("HESC-WCB", "hESC working cell bank", "{vial}", "cell_bank", True),
    ("MED-EXP", "Cell expansion medium", "mL", "medium", True),
    ("MED-NEURO", "Neural differentiation medium", "mL", "medium", True),
    ("MED-NK", "NK cell medium", "mL", "medium", True),
    ("MED-T", "T cell medium", "mL", "medium", True),
    ("MED-HEK", "Transfection medium", "mL", "medium", True),
    ("MED-LB", "Fermentation medium", "L", "medium", False),
    ("CRYO-35", "Cryopreservation medium, 3.5 % DMSO", "mL", "excipient", True),
    ("HSA", "Human serum albumin", "mL", "excipient", True),
    ("SU-BIOREACTOR", "Single-use bioreactor set", "{set}", "single_use", True),
    ("SU-CLOSED", "Closed processing set", "{set}", "single_use", True),
    ("BAG-50", "Infusion bag, 50 mL", "{bag}", "container", True),
    ("MARROW", "Bone marrow, one patient", "mL", "starting_material", True),
    ("APHERESIS", "Apheresis, one patient", "mL", "starting_material", True),
    ("CBU", "Cord blood unit", "{unit}", "starting_material", True),
    ("PIN-CD20-MAB", "Pin-CD20 antibody", "mg", "active_substance", True),
    ("ECOLI-MCB", "E. coli master cell bank", "{vial}", "cell_bank", True),
    ("HEK-MCB", "HEK293T master cell bank", "{vial}", "cell_bank", True),
)
_OWN = ""
# number, material, quantity, owner ("" the CDMO), supplier, origin, days since receipt,
# days until expiry, donation number
LOTS = (
    ("KAD-WCB-07", "HESC-WCB", "60", "KADIMASTEM", "KADIMASTEM", "cell_bank", 350, 2000, ""),
    ("EXP-2611", "MED-EXP", "200000", _OWN, "NORDMEDIA", "supplier", 260, 300, ""),
    ("NEURO-2604", "MED-NEURO", "90000", _OWN, "NORDMEDIA", "supplier", 250, 200, ""),
    ("NEURO-2605", "MED-NEURO", "40000", _OWN, "NORDMEDIA", "supplier", 70, 240, ""),
    ("NK-2610", "MED-NK", "50000", _OWN, "NORDMEDIA", "supplier", 160, 250, ""),
    ("TMED-2610", "MED-T", "50000", _OWN, "NORDMEDIA", "supplier", 160, 250, ""),
    ("HEKMED-2609", "MED-HEK", "50000", _OWN, "NORDMEDIA", "supplier", 160, 250, ""),
    ("LB-2609", "MED-LB", "500", _OWN, "NORDMEDIA", "supplier", 160, 250, ""),
    ("CRYO-2603", "CRYO-35", "9000", _OWN, "NORDMEDIA", "supplier", 240, 400, ""),
    ("HSA-2606", "HSA", "5000", _OWN, "NORDMEDIA", "supplier", 240, 400, ""),
    ("BIOR-0181", "SU-BIOREACTOR", "80", _OWN, "NORDMEDIA", "supplier", 240, 700, ""),
    ("CLOSED-0077", "SU-CLOSED", "120", _OWN, "NORDMEDIA", "supplier", 240, 700, ""),
    ("BAG-5512", "BAG-50", "900", _OWN, "NORDMEDIA", "supplier", 240, 700, ""),
    ("CBU-E-0231", "CBU", "1", "MEDXCELL", "EFS", "donation", 75, 400, "A999922012346"),
    ("PIN20-003", "PIN-CD20-MAB", "400", "MEDXCELL", "NORDMEDIA", "supplier", 60, 500, ""),
    ("ACT-ECOLI-01", "ECOLI-MCB", "40", "ACT", "ACT", "cell_bank", 300, 2000, ""),
    ("ACT-HEK-01", "HEK-MCB", "40", "ACT", "ACT", "cell_bank", 300, 2000, ""),
)  # fmt: skip
# Received and waiting for QA.
QUARANTINE = (
    ("NEURO-2611", "MED-NEURO", "60000", _OWN, "NORDMEDIA", "supplier", 2, 360, ""),
    ("APH-ACT-0007", "APHERESIS", "180", "ACT", "ACT", "donation", 1, 3, "G123498654321"),
)  # fmt: skip


def load(stage: Stage) -> None:
    """Receive the lots; QA releases those in use."""
    for code, name, unit, kind, critical in MATERIALS:
        create_material(
            code=code,
            name=name,
            unit=unit,
            kind=kind,
            critical=critical,
            illustrative=True,
            **stage.acted("planner", stage.ago(400)),
        )
    for row in LOTS:
        received(stage, row)
    for row in QUARANTINE:
        received(stage, row, release=False)


def received(stage: Stage, row, *, release=True) -> Lot:
    number, material, quantity, owner, supplier, origin, days, left, donation = row
    at = stage.ago(days)
    lot = receive_lot(
        number=number,
        material=Material.objects.get(code=material),
        quantity=Decimal(quantity),
        sponsor=organisation(owner) if owner else None,
        supplier=organisation(supplier),
        supplier_lot=f"{number}-S",
        origin=origin,
        donation_number=donation,
        received_at=at,
        expires_at=stage.at + timedelta(days=left),
        illustrative=True,
        **stage.acted("planner", at),
    )
    if release:
        release_lot(lot=lot, **stage.signed("qa", at + timedelta(hours=6)))
    return lot

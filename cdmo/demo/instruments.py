"""Registered instruments with a calibration every year; one is overdue today.

The years reach back far enough that public instrument files, some years old, were measured in
calibration.
"""

from datetime import timedelta

from cdmo.demo.stage import Stage, site
from qc.instruments.services import record_calibration, register_instrument

# code, name, reader, model, serial, site, days until the calibration is due
INSTRUMENTS = (
    ("VICELL-XR-01", "Cell counter 1", "vicell_xr", "Vi-CELL XR 2.06", "AW123456789", "HFA", 200),
    ("VICELL-XR-02", "Cell counter 2", "vicell_xr", "Vi-CELL XR 2.04", "AV123456789", "HFA", -12),
    ("VICELL-BLU-01", "Cell counter 3", "vicell_blu", "Vi-CELL BLU", "BLU-0417", "BES", 150),
    ("NC200-01", "Cell counter 4", "nucleocounter", "NucleoCounter NC-200",
     "9000201099909999", "BES", 150),
    ("MAGPIX-01", "Bead reader", "luminex_xponent", "MAGPIX", "MAGPX15265701", "HFA", 90),
    ("SPECTRAMAX-01", "Plate reader", "softmax_pro", "SpectraMax", "SMX-2201", "HFA", 90),
    ("QUANTSTUDIO-01", "qPCR", "quantstudio", "QuantStudio 5", "QS-5510", "LYS", 120),
    ("FLEX2-01", "Bioprocess analyser", "nova_flex2", "BioProfile FLEX2", "FX-0932", "LYS", 40),
    ("CYTOMETER-01", "Flow cytometer", "fcs", "Flow cytometer", "CYT-7781", "HFA", 120),
)  # fmt: skip
YEAR = timedelta(days=365)
YEARS = 8


def load(stage: Stage) -> None:
    """Register the instruments and record their calibrations, the oldest first."""
    for code, name, vendor, model, serial, place, days in INSTRUMENTS:
        instrument = register_instrument(
            code=code,
            name=name,
            vendor=vendor,
            model=model,
            serial=serial,
            site=site(place),
            timezone=site(place).timezone,
            illustrative=True,
            **stage.acted("reviewer", stage.ago(365 * (YEARS + 1))),
        )
        for years in reversed(range(YEARS)):
            due = (stage.at + timedelta(days=days) - years * YEAR).date()
            record_calibration(
                instrument=instrument,
                performed_on=due - YEAR,
                due_on=due,
                certificate=f"CAL-{code}-{due:%Y}",
                illustrative=True,
                **stage.acted("reviewer", stage.ago(365 * (years + 1) - days)),
            )

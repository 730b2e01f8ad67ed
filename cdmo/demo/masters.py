"""Master batch records: the instructions, the values of a good day, the materials of each step."""

from dataclasses import dataclass
from decimal import Decimal

from batches.manufacture.rules.yields import YIELD_STEP
from batches.manufacture.services import approve_master, write_master
from cdmo.demo.stage import Stage, process_version


@dataclass(frozen=True, slots=True)
class Step:
    """One step, a value within its limits, and what it takes: (lot or material, quantity)."""

    code: str
    title: str
    kind: str = "check"
    good: str = "done"
    unit: str = ""
    lower: str = ""
    upper: str = ""
    critical: bool = False
    uses: tuple[tuple[str, str], ...] = ()
    mandatory: bool = True
    instruction: str = ""

    def given(self) -> dict:
        return {
            "code": self.code,
            "title": self.title,
            "kind": self.kind,
            "unit": self.unit,
            "lower": Decimal(self.lower) if self.lower else None,
            "upper": Decimal(self.upper) if self.upper else None,
            "critical": self.critical,
            "mandatory": self.mandatory,
            "instruction": self.instruction,
        }


def _number(code, title, unit, lower, upper, good, **more) -> Step:
    return Step(code, title, "number", good, unit, lower, upper, **more)


def _takes(code, title, *uses, critical=True) -> Step:
    return Step(code, title, "consumption", "as recorded", critical=critical, uses=uses)


def _yield(unit, lower, upper, good) -> Step:
    """The step whose value becomes the yield of the batch. Its limits are illustrative."""
    return _number(
        YIELD_STEP,
        "Yield after filling",
        unit,
        lower,
        upper,
        good,
        critical=True,
        instruction="Count what was filled. Illustrative limits.",
    )


_CLEARANCE = Step(
    "S10",
    "Line clearance",
    critical=True,
    instruction="Room, equipment and surfaces are clean and free of other material.",
)
_LABELS = Step("S80", "Fill, label and reconcile", critical=True)

# product: yield unit, steps
MASTERS: dict[str, tuple[str, tuple[Step, ...]]] = {
    "ASTRORX": ("10*6", (
        _CLEARANCE,
        _takes("S20", "Thaw the working cell bank", ("KAD-WCB-07", "1"), ("EXP-2611", "2500")),
        _number("S30", "Viability after thaw", "%", "70", "100", "91.5", critical=True),
        _number("S40", "Bioreactor temperature", "Cel", "36.5", "37.5", "37.0"),
        _takes("S50", "Start differentiation", ("NEURO-2604", "3000"), ("BIOR-0181", "1")),
        _number("S60", "Dissolved oxygen", "%", "20", "60", "42"),
        _number("S70", "Viability at harvest", "%", "80", "100", "93.0", critical=True),
        _takes("S75", "Formulate", ("CRYO-2603", "120"), ("BAG-5512", "16")),
        _LABELS,
        _yield("10*6", "800", "2600", "1620"),
    )),
    "REX-001": ("10*6", (
        _CLEARANCE,
        Step("S20", "Identity of the marrow against the order", "text", "match", critical=True),
        _takes("S30", "Take the marrow in", ("marrow", "60"), ("CLOSED-0077", "1")),
        _number("S40", "Time from collection to start", "h", "0", "24", "6.5", critical=True),
        _number("S50", "Volume after reduction", "mL", "15", "40", "22"),
        _takes("S60", "Wash and formulate", ("HSA-2606", "20"), ("BAG-5512", "1")),
        _LABELS,
        _yield("10*6", "100", "800", "410"),
    )),
    "ENK": ("10*6", (
        _CLEARANCE,
        _takes("S20", "Open the cord blood unit", ("CBU-E-0231", "1"), ("CLOSED-0077", "1")),
        _number("S30", "Mononuclear cells", "10*6", "200", "2000", "540"),
        _takes("S40", "Expand", ("NK-2610", "4000")),
        _number("S50", "Viability at harvest", "%", "80", "100", "94.0", critical=True),
        _takes("S60", "Freeze", ("CRYO-2603", "100"), ("BAG-5512", "20")),
        _LABELS,
        _yield("10*6", "1000", "9000", "5200"),
    )),
    "MXNK-101": ("10*6", (
        _CLEARANCE,
        _takes("S20", "Thaw the eNK cells", ("ENK", "1000")),
        _number("S30", "Viability after thaw", "%", "70", "100", "85.0", critical=True),
        _takes("S40", "Arm with Pin-CD20", ("PIN20-003", "10")),
        _number("S50", "Time of incubation", "min", "55", "65", "60", critical=True),
        _takes("S60", "Wash and formulate", ("HSA-2606", "50"), ("BAG-5512", "1")),
        _LABELS,
        _yield("10*6", "500", "1500", "950"),
    )),
    "ACT-CART": ("10*6", (
        _CLEARANCE,
        Step("S20", "Identity of the apheresis against the order", "text", "match", critical=True),
        _takes("S30", "Select and activate", ("apheresis", "150"), ("TMED-2610", "1000")),
        _takes("S40", "Transduce", ("ACT-LVV", "5")),
        _number("S50", "Multiplicity of infection", "{ratio}", "2", "5", "3"),
        _number("S60", "Viability at harvest", "%", "75", "100", "92.0", critical=True),
        _takes("S70", "Formulate and freeze", ("CRYO-2603", "40"), ("BAG-5512", "2")),
        _LABELS,
        _yield("10*6", "100", "600", "300"),
    )),
    "ACT-PLASMID": ("mg", (
        _CLEARANCE,
        _takes("S20", "Inoculate", ("ACT-ECOLI-01", "1"), ("LB-2609", "20")),
        _number("S30", "Optical density at harvest", "{OD600}", "20", "80", "46"),
        _number("S40", "Alkaline lysis time", "min", "4", "6", "5", critical=True),
        _number("S50", "Chromatography recovery", "%", "40", "100", "72"),
        _number("S60", "Integrity of the sterile filter", "bar", "3.4", "", "3.8", critical=True),
        _LABELS,
        _yield("mg", "100", "300", "180"),
    )),
    "ACT-LVV": ("mL", (
        _CLEARANCE,
        _takes("S20", "Expand producer cells", ("ACT-HEK-01", "1"), ("HEKMED-2609", "3000")),
        _takes("S30", "Transfect", ("ACT-PLASMID", "20"), ("BIOR-0181", "1")),
        _number("S40", "Harvest viability", "%", "60", "100", "81"),
        _number("S50", "Filtration recovery", "%", "30", "100", "58"),
        _number("S60", "Integrity of the sterile filter", "bar", "3.4", "", "3.7", critical=True),
        _LABELS,
        _yield("mL", "100", "400", "240"),
    )),
}  # fmt: skip


def load(stage: Stage) -> None:
    """Write the instructions; QA makes them effective."""
    for code, (unit, steps) in MASTERS.items():
        master = write_master(
            code=f"MBR-{code}-01",
            process_version=process_version(code),
            title=f"Manufacture of {code}",
            steps=[step.given() for step in steps],
            yield_unit=unit,
            illustrative=True,
            **stage.acted("supervisor", stage.ago(320)),
        )
        approve_master(master=master, **stage.signed("qa", stage.ago(315)))


def steps_of(code: str) -> dict[str, Step]:
    return {step.code: step for step in MASTERS[code][1]}

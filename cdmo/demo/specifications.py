"""Release specifications from the published tables (domain notes, section 4).

A line without a public source is illustrative. `good` is a value that passes, for the
demonstration's batches.
"""

from dataclasses import dataclass

from cdmo.demo.stage import Stage, product
from qc.specifications.services import approve_specification, write_specification


@dataclass(frozen=True, slots=True)
class Line:
    """One requirement, and a value that meets it. No `source`: the limit was invented."""

    test: str
    method: str
    unit: str
    criterion: str
    good: str
    hours: int = 24
    source: str = ""
    required: bool = True
    follows: bool = False
    surrogate: str = ""

    def given(self) -> dict:
        return {
            "test": self.test,
            "method": self.method,
            "unit": self.unit,
            "criterion": self.criterion,
            "required": self.required,
            "may_follow_release": self.follows,
            "surrogate": self.surrogate,
            "turnaround_hours": self.hours,
            "citation": self.source,
            "illustrative": not self.source,
        }


_ASTRO = "Gotkine 2023, J Transl Med 21:122, table 1"
_USP85 = "USP <85>: 0.2 EU/kg × 70 kg / 5 mL, intrathecal"
_MARROW = "J Transl Med 2014 12:276, table 8"
_NK = "Cytotherapy 2012 14:1131, table 4"
_CART = "Mol Ther Methods 2019 12:134, table 2"
_BEADS = "PMC12456031, table 2"
_PLASMID = "J Biol Eng 2024 18, table 2; PMC4480367, table 2"
_VECTOR = "PMC4480367, table 1"
_SAFE = "Ph. Eur. 2.6.27; 2.6.7"

SPECIFICATIONS: dict[str, tuple[str, tuple[Line, ...]]] = {
    "ASTRORX": ("drug_product", (
        Line("CD44+ cells", "M-FLOW", "%", ">= 85", "96.4", source=_ASTRO),
        Line("GLAST+ cells", "M-FLOW", "%", ">= 50", "71.2", source=_ASTRO),
        Line("GFAP+ cells", "M-ICC", "%", ">= 70", "82.5", source=_ASTRO),
        Line("TIMP-1 secretion", "M-ELISA", "ng/10*6", ">= 5", "11.8", 72, _ASTRO),
        Line("Midkine secretion", "M-ELISA", "ng/10*6", ">= 0.5", "1.42", 72, _ASTRO),
        Line("EpCAM+ cells", "M-FLOW", "%", "<= 0.1", "0.0"),
        Line("SSEA-4+ cells", "M-FLOW", "%", "<= 0.1", "<0.1"),
        Line("Viability", "M-COUNT", "%", ">= 80", "92.3", 1),
        Line("Viable cell density", "M-COUNT", "10*6/mL", "report", "20.4", 1, required=False),
        Line("Viable cell dose", "M-COUNT", "10*6", "90 - 110", "101.2", 1),
        Line("Endotoxin", "M-LAL", "{EU}/mL", "<= 2.8", "<1.0", 2, _USP85),
        Line("Sterility", "M-STERILITY", "", "= no growth", "no growth", 14 * 24, _SAFE),
        Line("Mycoplasma", "M-MYCOPLASMA", "", "= not detected", "not detected", 24, _SAFE),
    )),
    "REX-001": ("drug_product", (
        Line("Appearance", "M-VISUAL", "", "= no aggregates, intact", "no aggregates, intact", 1,
             _MARROW),
        Line("Viability", "M-COUNT", "%", ">= 70", "88.1", 1, _MARROW),
        Line("Lymphocytes", "M-HAEM", "%", ">= 15", "34.0", 1),
        Line("Monocytes", "M-HAEM", "%", ">= 4", "9.5", 1),
        Line("Granulocytes", "M-HAEM", "%", "<= 75", "52.0", 1),
        Line("Haematocrit", "M-HAEM", "%", "<= 3", "1.2", 1, _MARROW),
        Line("CD34+ of CD45+ cells", "M-FLOW", "%", "report", "1.10", 1, _MARROW),
        Line("Colony-forming cells", "M-CFC", "/10*6", "report", "310", 14 * 24, _MARROW,
             required=False, follows=True),
        Line("Endotoxin", "M-LAL", "{EU}/mL", "< 5.0", "<0.5", 1, _MARROW),
        Line("Gram stain", "M-GRAM", "", "= no organism seen", "no organism seen", 1),
        Line("Sterility", "M-STERILITY", "", "= no growth", "no growth", 14 * 24, _SAFE,
             follows=True, surrogate="Gram stain"),
        Line("Patient identity", "M-IDENTITY", "", "= match", "match", 1),
    )),
    "ENK": ("intermediate", (
        Line("CD56+CD3- cells", "M-FLOW", "%", ">= 90", "96.8"),
        Line("CD3+CD56- cells", "M-FLOW", "/kg", "< 200000", "12000", source=_NK),
        Line("Viability after thaw", "M-COUNT", "%", "> 70", "85.6", 1, _NK),
        Line("K562 lysis at 20:1", "M-KILL", "%", "> 20", "64", 24, _NK),
        Line("HLA identity", "M-HLA", "", "= cord blood unit", "cord blood unit", 120, _NK),
        Line("Endotoxin", "M-LAL", "{EU}/mL", "< 5.0", "<0.5", 2, _NK),
        Line("Mycoplasma", "M-MYCOPLASMA", "", "= not detected", "not detected", 24, _NK),
        Line("Sterility", "M-STERILITY", "", "= no growth", "no growth", 14 * 24, _NK),
    )),
    "MXNK-101": ("drug_product", (
        Line("CD56+CD3- cells", "M-FLOW", "%", ">= 90", "95.9"),
        Line("Viability", "M-COUNT", "%", "> 70", "82.0", 1, _NK),
        Line("Armed cells", "M-FLOW", "%", ">= 80", "93.0", 2),
        Line("Free Pin-mAb", "M-ELISA", "ug/mL", "<= 1.0", "0.21", 4),
        Line("B-cell killing over unarmed", "M-KILL", "%", ">= 20", "41", 48),
        Line("Endotoxin", "M-LAL", "{EU}/mL", "< 5.0", "<0.5", 2, _NK),
        Line("Mycoplasma", "M-MYCOPLASMA", "", "= not detected", "not detected", 4),
        Line("Gram stain", "M-GRAM", "", "= no organism seen", "no organism seen", 1),
    )),
    "ACT-CART": ("drug_product", (
        Line("CAR+ cells", "M-FLOW", "%", ">= 20", "46.2", source=_CART),
        Line("CD3+ cells", "M-FLOW", "%", ">= 70", "97.5", 1, _CART),
        Line("Viability", "M-COUNT", "%", ">= 70", "91.0", 1, _CART),
        Line("Dose of CAR+ cells", "M-COUNT", "10*6/kg", ">= 0.5", "1.0", 1, _CART),
        Line("Vector copies per cell", "M-QPCR", "{copies}/{cell}", "<= 10", "2.1", 96, _CART,
             follows=True),
        Line("RCL", "M-QPCR", "", "= absent", "absent", 48, _CART),
        Line("Killing of NALM6 at 1:1", "M-KILL", "%", "< 70", "38", 48, _CART),
        Line("Residual beads per 3e6 cells", "M-BEADS", "{beads}", "< 100", "12", 1, _BEADS),
        Line("Endotoxin", "M-LAL", "{EU}/mL", "<= 0.5", "<0.1", 1, _CART),
        Line("Mycoplasma", "M-MYCOPLASMA", "", "= not detected", "not detected", 24, _CART),
        Line("Gram stain", "M-GRAM", "", "= no organism seen", "no organism seen", 1),
        Line("Sterility", "M-STERILITY", "", "= no growth", "no growth", 14 * 24, _CART,
             follows=True, surrogate="Gram stain"),
    )),
    "ACT-PLASMID": ("drug_substance", (
        Line("Identity", "M-SEQUENCE", "", "= conforms", "conforms", 120, _PLASMID),
        Line("Supercoiled form", "M-HPLC", "%", ">= 90", "95", 48, _PLASMID),
        Line("A260/A280", "M-UV", "{ratio}", "1.75 - 1.85", "1.81", 1, _PLASMID),
        Line("Concentration", "M-UV", "mg/mL", "1.8 - 2.2", "2.0", 1, _PLASMID),
        Line("Endotoxin", "M-LAL", "{EU}/mg", "<= 10", "1.2", 2, _PLASMID),
        Line("Host protein", "M-ELISA", "ug/mg", "<= 10", "2", 72, _PLASMID),
        Line("Host DNA", "M-QPCR", "ug/mg", "<= 10", "3", 72, _PLASMID),
        Line("Residual kanamycin", "M-ELISA", "ng/mg", "report", "<0.5", 72),
        Line("Sterility", "M-STERILITY", "", "= no growth", "no growth", 14 * 24, _PLASMID),
    )),
    "ACT-LVV": ("drug_substance", (
        Line("Infectious titre", "M-TITRE", "{TU}/mL", ">= 100000000", "430000000", 240),
        Line("Particles, p24", "M-ELISA", "ng/mL", "report", "1850", 24, _VECTOR),
        Line("RCL", "M-RCL", "", "= none detected", "none detected", 8 * 7 * 24, _VECTOR),
        Line("Endotoxin", "M-LAL", "{EU}/mL", "< 10", "0.8", 2, _VECTOR),
        Line("Adventitious agents", "M-VIRUS", "", "= negative", "negative", 28 * 24, _VECTOR),
        Line("Residual plasmid", "M-QPCR", "{copies}/100ng", "report", "2100", 72, _VECTOR),
        Line("Benzonase", "M-ELISA", "ng/mL", "< 100", "<1", 72, _VECTOR),
        Line("pH", "M-PH", "", "6.9 - 7.8", "7.3", 1, _VECTOR),
        Line("Appearance", "M-VISUAL", "", "= opaque", "opaque", 1, _VECTOR),
        Line("Mycoplasma", "M-MYCOPLASMA", "", "= negative", "negative", 24, _VECTOR),
        Line("Sterility", "M-STERILITY", "", "= no growth", "no growth", 14 * 24, _VECTOR),
    )),
}  # fmt: skip
# Written, never approved: no public specification of IsletRx was found.
DRAFTS: dict[str, tuple[str, tuple[Line, ...]]] = {
    "ISLETRX": ("drug_product", (
        Line("Viability", "M-COUNT", "%", ">= 70", ""),
        Line("Dose", "M-COUNT", "{IEQ}/kg", ">= 5000", ""),
        Line("Stimulation index", "M-ELISA", "{ratio}", "> 1", ""),
        Line("C-peptide+/NKX6.1+ cells", "M-FLOW", "%", ">= 30", ""),
        Line("OCT4+/TRA-1-60+ cells", "M-FLOW", "%", "<= 0.1", ""),
        Line("Sterility", "M-STERILITY", "", "= no growth", ""),
        Line("Mycoplasma", "M-MYCOPLASMA", "", "= not detected", ""),
    )),
}  # fmt: skip


def load(stage: Stage) -> None:
    """Write the specifications; two people approve those in force."""
    for code, (kind, lines) in SPECIFICATIONS.items():
        specification = _written(stage, code, kind, lines, days=400)
        for approver in ("qa", "qa2"):
            approve_specification(
                specification=specification, **stage.signed(approver, stage.ago(395))
            )
    for code, (kind, lines) in DRAFTS.items():
        _written(stage, code, kind, lines, days=30)


def _written(stage, code, kind, lines, *, days):
    return write_specification(
        product=product(code),
        stage=kind,
        title=f"Release of {product(code).name}",
        effective_from=stage.day(days - 15),
        lines=[line.given() for line in lines],
        source="; ".join(dict.fromkeys(line.source for line in lines if line.source))[:400],
        illustrative=True,
        **stage.acted("reviewer", stage.ago(days)),
    )


def good_values(code: str) -> dict[str, str]:
    """Return a passing value for every line of a product's specification."""
    return {line.test: line.good for line in SPECIFICATIONS[code][1]}

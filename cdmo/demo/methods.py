"""The laboratory's methods."""

from cdmo.demo.stage import Stage
from qc.laboratory.services import approve_method, write_method

_QUALIFIED, _VALIDATED, _COMPENDIAL = "qualified", "validated", "compendial"
# code, name, technique, validation, citation
METHODS = (
    ("M-COUNT", "Cell count and viability", "Dye exclusion, Vi-CELL XR", _VALIDATED, ""),
    ("M-FLOW", "Surface markers", "Flow cytometry", _QUALIFIED, ""),
    ("M-ICC", "Intracellular markers", "Immunocytochemistry or flow cytometry", _QUALIFIED, ""),
    ("M-ELISA", "Secreted and residual proteins", "ELISA", _QUALIFIED, ""),
    ("M-LAL", "Bacterial endotoxins", "LAL", _COMPENDIAL, "Ph. Eur. 2.6.14; USP <85>"),
    ("M-STERILITY", "Sterility", "Automated culture", _COMPENDIAL, "Ph. Eur. 2.6.27"),
    ("M-MYCOPLASMA", "Mycoplasma", "NAT", _COMPENDIAL, "Ph. Eur. 2.6.7"),
    ("M-GRAM", "Gram stain", "Microscopy", _COMPENDIAL, "Ph. Eur. 2.6.27"),
    ("M-HAEM", "Differential count", "Haematology analyser", _VALIDATED, ""),
    ("M-CFC", "Colony-forming cells", "Culture, 14 days", _QUALIFIED, ""),
    ("M-VISUAL", "Appearance and container", "Visual inspection", _COMPENDIAL, "Ph. Eur. 2.9.20"),
    ("M-IDENTITY", "Patient's identity", "Scan against the order", _VALIDATED, ""),
    ("M-HLA", "HLA typing", "Sequencing", _VALIDATED, ""),
    ("M-KILL", "Target cell killing", "Flow cytometry", _QUALIFIED, ""),
    ("M-QPCR", "Vector and residual DNA", "qPCR or ddPCR", _QUALIFIED, ""),
    ("M-RCL", "Replication-competent lentivirus", "Co-culture, C8166", _QUALIFIED, ""),
    ("M-BEADS", "Residual beads", "Microscopy", _QUALIFIED, ""),
    ("M-SEQUENCE", "Plasmid identity", "Restriction map and sequencing", _VALIDATED, ""),
    ("M-HPLC", "Plasmid topology and RNA", "HPLC", _QUALIFIED, ""),
    ("M-UV", "Concentration and purity", "UV absorbance", _VALIDATED, ""),
    ("M-TITRE", "Infectious titre", "Gene transfer, flow cytometry", _QUALIFIED, ""),
    ("M-PH", "pH", "Potentiometry", _COMPENDIAL, "Ph. Eur. 2.2.3"),
    ("M-VIRUS", "Adventitious agents", "MRC-5, Vero and A549 culture", _QUALIFIED, ""),
)


def load(stage: Stage) -> None:
    """Write every method and have somebody else approve it."""
    for code, name, technique, validation, citation in METHODS:
        method = write_method(
            code=code,
            name=name,
            technique=technique,
            validation=validation,
            citation=citation,
            illustrative=True,
            **stage.acted("analyst", stage.ago(420)),
        )
        approve_method(method=method, **stage.signed("reviewer", stage.ago(415)))

"""The sponsors' agreements, products and processes: the seeds' facts, and what was added."""

from datetime import date

from cdmo.demo.stage import Stage, organisation, product, site
from cdmo.portfolio import services
from cdmo.portfolio.states import Work

_S0 = "BioProcess Insider, 29 Jul 2024"
_S1 = "International Alliance of ALS/MND Associations, Sep 2020"
_S2 = "LUMC news item, 30 Mar 2021"
_S3 = "GenScript ProBio and ACT Therapeutics announcement"
_S4 = "MabDesign BioprocessWatch 2025"

# code, sponsor, name, modality, gene-modified, route, shelf life in minutes, more
PRODUCTS = (
    ("ASTRORX", "KADIMASTEM", "AstroRx", "allogeneic", False, "intrathecal", 60 * 24 * 365, {
        "description": "Astrocytes in suspension, derived from human embryonic stem cells. "
        "Cohorts A and B of five took one dose each; cohort C takes doses 2–3 months apart.",
        "claim_status": "independent_statement",
        "claim_text": "There is presently no adequate evidence of efficacy; caution when "
        "interpreting results until a larger, properly controlled trial has been completed.",
        "claim_source": "International Alliance of ALS/MND Associations",
        "claim_date": date(2020, 9, 1), "source": f"{_S0}; {_S1}",
    }),
    ("ISLETRX", "KADIMASTEM", "IsletRx", "allogeneic", False, "", None, {
        "description": "Insulin-secreting cells from human embryonic stem cells; IND-enabling.",
        "source": _S0,
    }),
    ("REX-001", "IXAKA", "REX-001", "autologous", False, "intra-arterial", 60 * 48, {
        "description": "Immune and progenitor cells from the patient's own bone marrow.",
        "claim_status": "sponsor_claim",
        "claim_text": "The treatment has demonstrated high efficacy in phase II studies.",
        "claim_source": "LUMC news item", "claim_date": date(2021, 3, 30), "source": _S2,
        "allows_conditional_release": True,
    }),
    ("ACT-CART", "ACT", "ACT CAR-T, first pipeline", "autologous", True, "intravenous",
     60 * 24 * 180, {
        "description": "CAR-T for solid tumours.", "source": _S3,
        "allows_conditional_release": True,
    }),
    ("ACT-PLASMID", "ACT", "Plasmid component", "component", False, "", 60 * 24 * 730, {
        "description": "Component of the first pipeline.", "source": _S3}),
    ("ACT-LVV", "ACT", "Lentiviral vector component", "component", True, "", 60 * 24 * 730, {
        "description": "Virus vector component of the first pipeline.", "source": _S3}),
    ("ENK", "MEDXCELL", "eNK cells", "allogeneic", False, "", 60 * 24 * 365, {
        "description": "NK cells expanded from umbilical cord blood, frozen. Over 130 units gave "
        "over 100 qualified batches under over 20 conditions in three years.",
        "family": "Pin platform", "source": _S4}),
    ("PIN-CD20", "MEDXCELL", "Pin-CD20 antibody", "component", False, "", 60 * 24 * 730, {
        "description": "Fc-engineered anti-CD20 antibody that arms eNK cells.",
        "family": "Pin platform", "source": _S4}),
    ("MXNK-101", "MEDXCELL", "MXNK-101", "allogeneic", False, "intravenous", 60 * 24, {
        "description": "eNK cells armed with Pin-CD20 the day before use.",
        "family": "Pin platform", "source": _S4}),
    ("MXNK-102", "MEDXCELL", "MXNK-102", "allogeneic", False, "intravenous", 60 * 24, {
        "description": "eNK cells armed with Pin-CD19 the day before use.",
        "family": "Pin platform", "source": _S4}),
    ("AUGMENTREG", "AUGMENTREG", "AugmenTreg regulatory T cells", "autologous", True, "", None, {
        "description": "Regulatory T cells; CRISPR inactivation and vector overexpression.",
        "source": _S4}),
)  # fmt: skip

_MAKE = ("tech_transfer", "non_gmp", "gmp_clinical")
# number, sponsor, kind, title, source ("" is illustrative), days since it began,
# scope of (item, work, product, status)
AGREEMENTS = (
    ("MSA-KAD-01", "KADIMASTEM", "msa", "Manufacture of AstroRx and IsletRx", _S0, 480, (
        ("Limited technology transfer, AstroRx", "tech_transfer", "ASTRORX", "in_scope"),
        ("Limited technology transfer, IsletRx", "tech_transfer", "ISLETRX", "in_scope"),
        ("Complete technology transfer", "tech_transfer", None, "option"),
        ("Optimisation of methods", "testing", None, "option"),
        ("Non-GMP runs, both products", "non_gmp", None, "option"),
        ("Production for clinical trials, AstroRx", "gmp_clinical", "ASTRORX", "option"),
        ("Production for clinical trials, IsletRx", "gmp_clinical", "ISLETRX", "option"),
        ("Commercialisation", "gmp_commercial", None, "option"),
    )),
    ("QAG-KAD-01", "KADIMASTEM", "quality_agreement", "Quality agreement", "", 450, ()),
    ("WO-IXK-01", "IXAKA", "work_order", "REX-001 clinical supply", "", 400, tuple(
        (work, work, "REX-001", "in_scope") for work in _MAKE)),
    ("QAG-IXK-01", "IXAKA", "quality_agreement", "Quality agreement", "", 400, ()),
    ("MOU-ACT-01", "ACT", "mou", "Memorandum of understanding on the ACT platform", _S3, 500, (
        ("Cooperation in cell therapy", "other", None, "in_scope"),)),
    ("WO-ACT-01", "ACT", "work_order", "CAR-T, plasmid and vector", "", 380, tuple(
        (work, work, None, "in_scope") for work in _MAKE)),
    ("QAG-ACT-01", "ACT", "quality_agreement", "Quality agreement", "", 380, ()),
    ("WO-MXC-01", "MEDXCELL", "work_order", "eNK and MXNK-101", "", 420, (
        *((work, work, code, "in_scope") for work in _MAKE for code in ("ENK", "MXNK-101")),
        ("MXNK-102 for clinical trials", "gmp_clinical", "MXNK-102", "option"),
    )),
    ("QAG-MXC-01", "MEDXCELL", "quality_agreement", "Quality agreement", "", 420, ()),
    ("MOU-AUG-01", "AUGMENTREG", "mou", "Memorandum of understanding", "", 300, (
        ("Talks on integration of the consortium's bricks", "other", None, "in_scope"),)),
)  # fmt: skip
# Taken up since, to make the demonstration's batches lawful (illustrative).
EXERCISED = ("Non-GMP runs, both products", "Production for clinical trials, AstroRx")

# product, process, name, site, status
PROCESSES = (
    ("ASTRORX", "ASTRORX-P", "hESC expansion and astrocyte differentiation", "HFA", "qualified"),
    ("ISLETRX", "ISLETRX-P", "hESC expansion and islet differentiation", "HFA", "development"),
    ("REX-001", "REX-001-P", "Bone marrow processing", "LYS", "qualified"),
    ("ACT-CART", "ACT-CART-P", "Transduction and expansion", "LYS", "qualified"),
    ("ACT-PLASMID", "ACT-PLASMID-P", "Fermentation and purification", "LYS", "qualified"),
    ("ACT-LVV", "ACT-LVV-P", "Transient transfection and purification", "LYS", "qualified"),
    ("ENK", "ENK-P", "Expansion from cord blood", "BES", "qualified"),
    ("MXNK-101", "MXNK-101-P", "Thaw, arming and formulation", "BES", "qualified"),
    ("AUGMENTREG", "AUGMENTREG-P", "Sorting, editing and culture", "LYS", "engineering"),
)


def load(stage: Stage) -> None:
    """Write products, agreements and process versions, and sign what is in force."""
    _products(stage)
    _agreements(stage)
    _processes(stage)


def _products(stage: Stage) -> None:
    for code, sponsor, name, modality, modified, route, minutes, more in PRODUCTS:
        services.create_product(
            code=code,
            name=name,
            sponsor=organisation(sponsor),
            modality=modality,
            gene_modified=modified,
            route=route,
            shelf_life_minutes=minutes,
            # Shelf lives are invented; what the seeds say stands in description and source.
            illustrative=minutes is not None,
            **more,
            **stage.acted("pm", stage.ago(520)),
        )


def _agreements(stage: Stage) -> None:
    for number, sponsor, kind, title, source, days, scope in AGREEMENTS:
        agreement = services.write_agreement(
            number=number,
            sponsor=organisation(sponsor),
            kind=kind,
            title=title,
            valid_from=stage.day(days),
            valid_until=stage.day(days - 5 * 365),
            scope=[
                {
                    "item": Work(item).label if item in Work.values else item,
                    "work": work,
                    "product": product(code) if code else None,
                    "status": status,
                }
                for item, work, code, status in scope
            ],
            source=source,
            # The seeds give the fact of an agreement, never its dates.
            illustrative=True,
            **stage.acted("pm", stage.ago(days + 10)),
        )
        services.sign_agreement(agreement=agreement, **stage.signed("qa", stage.ago(days + 5)))
        for item in agreement.scope.filter(item__in=EXERCISED):
            services.exercise_option(
                scope_item=item,
                reason="Taken up for the demonstration's batches (illustrative).",
                **stage.signed("pm", stage.ago(430)),
            )


def _processes(stage: Stage) -> None:
    for code, process_code, name, place, status in PROCESSES:
        process = services.create_process(
            code=process_code,
            name=name,
            product=product(code),
            **stage.acted("supervisor", stage.ago(410)),
        )
        version = services.write_process_version(
            process=process,
            site=site(place),
            description=f"{name} at {site(place).name}. Illustrative.",
            illustrative=True,
            **stage.acted("supervisor", stage.ago(405)),
        )
        approvals = {"development": 0, "engineering": 1, "qualified": 2}[status]
        for number in range(approvals):
            services.approve_process_version(
                process_version=version, **stage.signed("qa", stage.ago(390 - 60 * number))
            )

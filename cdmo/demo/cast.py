"""Organisations of the seed documents, the demonstration's sites, and its fictional people."""

from datetime import timedelta

from django.conf import settings

from cdmo.access.policy import VERSION
from cdmo.access.services import acknowledge_policy, choose_password, verify_identity
from cdmo.accounts.models import Appointment, Organisation, User
from cdmo.accounts.roles import Role
from cdmo.demo.stage import Stage, organisation, site
from cdmo.people.services import appoint, create_person
from cdmo.portfolio.services import create_organisation, create_site
from cdmo.records.acting import service

PASSWORD = "demo-cdmo-2026"
HOUSE = "CDMO"
_K = Organisation.Kind

# code, name, roles, country, note (what a seed says, or why it is here)
ORGANISATIONS = (
    ("KADIMASTEM", "Kadimastem", [_K.SPONSOR, _K.SENDING_UNIT], "IL",
     "AstroRx, IsletRx; limited technology transfer to Pluri (BioProcess Insider, 29 Jul 2024)."),
    ("IXAKA", "Ixaka", [_K.SPONSOR, _K.SENDING_UNIT], "GB",
     "REX-001; research collaboration with LUMC (LUMC news item, 30 Mar 2021)."),
    ("ACT", "ACT Therapeutics", [_K.SPONSOR, _K.SENDING_UNIT], "",
     "CAR-T platform; memorandum of understanding with GenScript ProBio."),
    ("MEDXCELL", "MedXCell", [_K.SPONSOR, _K.SENDING_UNIT], "CH",
     "Sponsor of the armed eNK products (BioprocessWatch 2025)."),
    ("AUGMENTREG", "AugmenTreg consortium", [_K.SPONSOR, _K.RESEARCH], "FR",
     "AP-HP, Inserm-MNHN, Lyon MeLiS, Asfalia, Ariana, Sorbonne and EFS (BioprocessWatch 2025)."),
    ("CYTEA-BIO", "CYTEA BIO", [_K.SENDING_UNIT], "FR",
     "Developed the eNK process; under liquidation proceedings (BioprocessWatch 2025)."),
    ("PLURI", "Pluri", [_K.CDMO, _K.RECEIVING_UNIT], "IL",
     "Closed, automated bioreactors (BioProcess Insider, 29 Jul 2024)."),
    ("EFS", "Établissement français du sang", [_K.CDMO, _K.RECEIVING_UNIT, _K.SUPPLIER], "FR",
     "Receives the eNK process and supplies the cord blood: two roles, seen apart."),
    ("CELLFORCURE", "CELLforCURE", [_K.CDMO, _K.RECEIVING_UNIT], "FR",
     "BioprocessWatch 2025."),
    ("GENSCRIPT-PROBIO", "GenScript ProBio", [_K.CDMO, _K.RECEIVING_UNIT, _K.SUPPLIER], "",
     "Plasmid and virus vector components are still to be contracted."),
    ("LUMC", "Leiden University Medical Center", [_K.RESEARCH], "NL",
     "Studies the mechanism of action of REX-001; has no GMP authority."),
    ("QUALITY-ASSISTANCE", "Quality Assistance", [_K.LABORATORY], "BE",
     "Contract laboratory, mixed lymphocyte reaction (BioprocessWatch 2025)."),
    ("NORDMEDIA", "Nordmedia Reagents", [_K.SUPPLIER], "", "Fictional supplier."),
)  # fmt: skip
FICTIONAL = {HOUSE, "NORDMEDIA"}

# code, name, organisation, zone, capacity (with its source), illustrative
SITES = (
    ("HFA", "MATAM, Haifa", "PLURI", "Asia/Jerusalem",
     "47,000 square feet (BioProcess Insider, 29 Jul 2024).", False),
    ("BES", "Besançon", "EFS", "Europe/Paris",
     "One of four platforms: Besançon, Créteil, Nantes, St-Ismier (BioprocessWatch 2025).", False),
    ("LUL", "Les Ulis", "CELLFORCURE", "Europe/Paris",
     "7 lines × 8 cleanrooms = 56 (article) but 48 cleanrooms (advertisement), BioprocessWatch "
     "2025: the sources disagree, both are kept.", False),
    ("LYS", "Demonstration site", HOUSE, "Europe/Paris", "Fictional site.", True),
)  # fmt: skip

# address, name, roles; people are fictional
STAFF = (
    ("planner", "Pia Lindqvist", [Role.PLANNER]),
    ("operator", "Omar Haddad", [Role.OPERATOR]),
    ("operator2", "Olga Petrova", [Role.OPERATOR]),
    ("supervisor", "Sofia Marín", [Role.SUPERVISOR]),
    ("analyst", "Amit Levy", [Role.ANALYST]),
    ("analyst2", "Anaïs Moreau", [Role.ANALYST]),
    ("reviewer", "Ruth Adeyemi", [Role.REVIEWER]),
    ("qa", "Quentin Baker", [Role.QA]),
    ("qa2", "Qiana Osei", [Role.QA]),
    ("qp", "Paula Quist", [Role.QP]),
    ("pm", "Pedro Manzano", [Role.PROJECT_MANAGER]),
    ("biosafety", "Bela Ionescu", [Role.BIOSAFETY]),
    ("auditor", "Audrey Tanaka", [Role.AUDITOR]),
    ("custodian", "Carla Nilsson", [Role.CUSTODIAN]),
)
SPONSORS_PEOPLE = (
    ("reader@kadimastem.example", "Rina Katz", "KADIMASTEM", Role.SPONSOR_READER),
    ("lead@kadimastem.example", "Lior Mizrahi", "KADIMASTEM", Role.SPONSOR_LEAD),
    ("reader@ixaka.example", "Iris Whitfield", "IXAKA", Role.SPONSOR_READER),
    ("reader@act.example", "Areum Cho", "ACT", Role.SPONSOR_READER),
    ("reader@medxcell.example", "Maxime Cornu", "MEDXCELL", Role.SPONSOR_READER),
    ("lead@medxcell.example", "Lea Vuilleumier", "MEDXCELL", Role.SPONSOR_LEAD),
    ("reader@augmentreg.example", "Agnès Tremblay", "AUGMENTREG", Role.SPONSOR_READER),
)


@service
def open_house(*, by, at):
    """Create the CDMO and its first administrator, who does the rest. Only into empty tables."""
    house = Organisation.objects.create(
        code=HOUSE,
        name="Demonstration CDMO",
        roles=[_K.CDMO, _K.RECEIVING_UNIT, _K.LABORATORY],
        note="Fictional: stands for the receiving units of the seed documents.",
        illustrative=True,
    )
    admin = User.objects.create_user(
        "admin@cdmo.example", full_name="Ada Sandström", organisation=house
    )
    Appointment.objects.create(user=admin, role=Role.ADMIN, valid_from=at)
    _come_in(admin, at)


def load(stage: Stage) -> None:
    """Bring on the organisations, the sites and the people, each with a role."""
    founded = stage.ago(600)
    open_house(by=None, at=founded)
    admin = stage.acted("admin", founded)
    for code, name, roles, country, note in ORGANISATIONS:
        create_organisation(
            code=code,
            name=name,
            roles=roles,
            country=country,
            note=note,
            illustrative=code in FICTIONAL,
            **admin,
        )
    for code, name, owner, zone, capacity, illustrative in SITES:
        create_site(
            code=code,
            name=name,
            organisation=organisation(owner),
            timezone=zone,
            capacity_note=capacity,
            illustrative=illustrative,
            **admin,
        )
    house = organisation(HOUSE)
    for name, full_name, roles in STAFF:
        _person(f"{name}@cdmo.example", full_name, house, roles, admin)
    for email, full_name, owner, role in SPONSORS_PEOPLE:
        _person(email, full_name, organisation(owner), [role], admin)
    _inspection(stage)
    # Nobody confirms who they are themselves: the administrator the others, QA the administrator.
    for person in User.objects.order_by("pk"):
        by = stage.qa if person.email == "admin@cdmo.example" else stage.admin
        verify_identity(
            person=person, by=by, at=founded, how="in_person", note="Demonstration (illustrative)"
        )


def _come_in(person, at) -> None:
    """Choose a password and acknowledge the signing policy, as on everybody's first day."""
    choose_password(by=person, at=at, password=PASSWORD)
    acknowledge_policy(by=person, at=at, version=VERSION)


def _person(email, full_name, owner, roles, admin) -> None:
    person = create_person(email=email, full_name=full_name, organisation=owner, **admin)
    _come_in(person, admin["at"])
    for role in roles:
        if role is Role.AUDITOR:
            continue  # for a time only: see `_inspection`
        places = [site(row[0]) for row in SITES] if role is Role.QP else [None]
        for place in places:
            appoint(user=person, role=role, site=place, **admin)


def _inspection(stage: Stage) -> None:
    """An auditor comes for as long as one may be appointed at all."""
    since = stage.ago(days=1)
    appoint(
        user=stage.auditor,
        role=Role.AUDITOR,
        valid_until=since + timedelta(days=settings.AUDITOR_DAYS),
        reason="Customer audit (illustrative)",
        **stage.acted("admin", since),
    )


def is_loaded() -> bool:
    """Whether the demonstration stands in this database already."""
    return User.objects.filter(email="planner@cdmo.example").exists()


def is_foreign() -> bool:
    """Whether somebody else's data stands here: the demonstration is never mixed into it."""
    return Organisation.objects.exists() and not is_loaded()

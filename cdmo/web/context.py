"""What every page needs: the way around by role, the ribbon, the version."""

from dataclasses import dataclass

from django.conf import settings

from cdmo import __version__
from cdmo.accounts.roles import Right
from cdmo.web.links import page


@dataclass(frozen=True, slots=True)
class Item:
    """One line of the navigation. `right`: shown only to whoever holds it."""

    label: str
    name: str
    icon: str
    right: Right | None = None


STAFF = (
    ("", (Item("Home", "home", "home"),)),
    (
        "Make",
        (
            Item("Batches", "batches:batch_list", "flask"),
            Item("Lots", "batches:lot_list", "packages"),
            Item("Deviations", "batches:deviation_list", "alert-triangle"),
            Item("Master records", "batches:master_batch_record_list", "list-check"),
        ),
    ),
    (
        "Quality control",
        (
            Item("Instrument files", "qc:instrument_file_list", "file-analytics"),
            Item("Samples", "qc:sample_list", "test-pipe"),
            Item("Results", "qc:result_list", "report-analytics"),
            Item("Out of specification", "qc:oos_list", "alert-octagon"),
            Item("Specifications", "qc:specification_list", "ruler-measure"),
            Item("Methods", "qc:method_list", "microscope"),
            Item("Instruments", "qc:instrument_list", "device-desktop-analytics"),
        ),
    ),
    (
        "Release",
        (
            Item("To certify", "qc:to_certify", "rosette-discount-check", Right.CERTIFY),
            Item("Certificates", "qc:certificate_list", "certificate"),
        ),
    ),
    (
        "Transfer",
        (
            Item("Transfers", "techtransfer:transfer_list", "arrows-transfer-up"),
            Item("Products", "portfolio:product_list", "box"),
            Item("Agreements", "portfolio:agreement_list", "file-text"),
        ),
    ),
    (
        "Records",
        (
            Item("Audit trail", "web:audit_list", "history", Right.READ_AUDIT),
            Item("Signatures", "web:signature_list", "signature", Right.READ_AUDIT),
            Item("Waiting for signatures", "web:unsigned_list", "writing-sign"),
            Item("Seals", "web:seal_list", "link", Right.READ_AUDIT),
            Item("Dossiers", "archive:dossier_list", "file-zip", Right.EXPORT_DOSSIER),
            Item("Imported dossiers", "archive:imported_list", "archive", Right.EXPORT_DOSSIER),
            Item("Retention", "archive:retention", "calendar-time"),
            Item("Configuration", "web:configuration", "settings", Right.READ_AUDIT),
            Item("Backups", "archive:backup_list", "database-export", Right.MANAGE_ACCOUNTS),
            Item("Patients' identities", "vault:identity_list", "lock", Right.READ_IDENTITY),
            Item("Roles and rights", "web:roles", "shield-check"),
            Item("People", "people:person_list", "users", Right.READ_AUDIT),
            Item("Sign-in and signing", "access:list", "fingerprint", Right.VERIFY_IDENTITY),
            Item("API tokens", "people:token_list", "key", Right.READ_AUDIT),
            Item("Incidents", "incidents:incident_list", "bug"),
            Item("Trainings", "training:training_list", "school"),
            Item("Demanded trainings", "training:demand_list", "certificate"),
            Item("Access reviews", "people:review_list", "user-search", Right.READ_AUDIT),
            Item("Evaluations", "evaluation:evaluation_list", "report-search", Right.READ_AUDIT),
        ),
    ),
)
PORTAL = (
    (
        "",
        (
            Item("Home", "portal:home", "home"),
            Item("Batches", "portal:batch_list", "flask"),
            Item("Certificates", "portal:certificate_list", "certificate"),
            Item("Transfers", "portal:transfer_list", "arrows-transfer-up"),
        ),
    ),
)


def navigation(user, path: str) -> list[dict]:
    """Return groups of links that this person has, pages that do not exist left out."""
    sections = PORTAL if user.is_sponsor_side else STAFF
    groups = []
    for title, items in sections:
        links = [
            {"label": item.label, "icon": item.icon, "url": url, "here": is_here(url, path)}
            for item in items
            if (item.right is None or user.may(item.right)) and (url := page(item.name))
        ]
        if links:
            groups.append({"title": title, "links": links})
    return groups


def is_here(url: str, path: str) -> bool:
    return path == url or (url.count("/") > 1 and path.startswith(url) and url != "/portal/")


def shell(request) -> dict:
    """Context processor. Asks the database nothing: a person's roles are loaded by then."""
    user = getattr(request, "user", None)
    signed_in = user is not None and user.is_authenticated
    return {
        "navigation": navigation(user, request.path) if signed_in else [],
        "is_portal": signed_in and user.is_sponsor_side,
        "demonstration": settings.DEMONSTRATION,
        "app_version": __version__,
        "single_sign_on": settings.OIDC_NAME if settings.OIDC_ISSUER else "",
        "idle_seconds": settings.SESSION_IDLE_MINUTES * 60 if signed_in else 0,
        "request_number": getattr(request, "id", ""),
    }

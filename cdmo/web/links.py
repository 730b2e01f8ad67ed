"""From a record's type and key to its page. Upper floors are named by URL name, never imported."""

from urllib.parse import quote

from django.urls import NoReverseMatch, reverse

PAGES = {
    "batch": "batches:batch",
    "lot": "batches:lot",
    "material": "batches:material",
    "deviation": "batches:deviation",
    "master_batch_record": "batches:master_batch_record",
    "identity_chain": "batches:identity_chain",
    "specification": "qc:specification",
    "method": "qc:method",
    "sample": "qc:sample",
    "result": "qc:result",
    "oos": "qc:oos",
    "instrument": "qc:instrument",
    "instrument_file": "qc:instrument_file",
    "release_check": "qc:release_check",
    "certificate": "qc:certificate",
    "transfer": "techtransfer:transfer",
    "agreement": "portfolio:agreement",
    "product": "portfolio:product",
    "process": "portfolio:process",
    "process_version": "portfolio:process_version",
    "organisation": "portfolio:organisation",
    "document": "web:document",
    "dossier": "archive:dossier",
    "imported_dossier": "archive:imported",
    "person": "people:person",
    "access": "access:person",
    "access_review": "people:review",
    "incident": "incidents:incident",
    "periodic_evaluation": "evaluation:evaluation",
}
# The same records as a sponsor meets them; what is missing here is plain text in the portal.
PORTAL = {
    "batch": "portal:batch",
    "transfer": "portal:transfer",
    "product": "portal:product",
    "certificate": "portal:certificate",
    "document": "portal:document",
}


def page(name: str, *args, **kwargs) -> str:
    """Return the address of a named page, or "" when there is no such page (yet)."""
    try:
        return reverse(name, args=args or None, kwargs=kwargs or None)
    except NoReverseMatch:
        return ""


def record_url(record_type: str, key, *, portal: bool = False) -> str:
    """Return the address of a record's page, or "" when it has none. Never raises.

    Two kinds live on their parent's page: a step "BATCH/CODE" and a gate "TRANSFER/CODE".
    """
    key = str(key or "")
    if not record_type or not key:
        return ""
    anchor = ""
    if record_type == "transfer_gate":
        record_type, (key, _, anchor) = "transfer", key.rpartition("/")
    elif record_type == "step":
        key, _, anchor = key.rpartition("/")
        found = "" if portal or not key else page("batches:batch_record", key=key)
        return f"{found}#{quote(anchor)}" if found else ""
    elif record_type == "specification_line":
        record_type, (key, _, anchor) = "specification", key.partition("/")
    name = (PORTAL if portal else PAGES).get(record_type)
    found = page(name, key=key) if name and key else ""
    return f"{found}#{quote(anchor)}" if found and anchor else found


def url_of(record, *, portal: bool = False) -> str:
    """Return the address of the page of a record, a Ref or a Blocker's record."""
    if record is None:
        return ""
    return record_url(
        getattr(record, "record_type_name", None) or getattr(record, "record_type", ""),
        getattr(record, "key", ""),
        portal=portal,
    )

"""The OpenAPI document agrees with the contract and is valid without a warning."""

import re

import pytest
from drf_spectacular.drainage import GENERATOR_STATS
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.validation import validate_schema

# What outsiders rely on: resource, its verbs, its nested addresses.
CONTRACT = {
    "organisations": [],
    "agreements": ["sign", "terminate"],
    "products": [],
    "processes": [],
    "process-versions": ["approve"],
    "transfers": ["gates", "gates/{gate}/decide"],
    "materials": [],
    "lots": ["release", "reject", "recall", "trace"],
    "batches": [
        *("issue", "start", "hold", "resume", "complete", "abort", "review"),
        *("certify", "certify-conditionally", "reject", "recall"),
        *("trace", "timeline", "steps", "readiness", "release-checks", "consumptions"),
    ],
    "deviations": ["classify", "close"],
    "specifications": ["approve"],
    "samples": [],
    "results": ["submit", "approve", "invalidate"],
    "instrument-files": ["confirm"],
    "release-checks": ["justify"],
    "documents": [],
    "audit-events": [],
    "signatures": [],
    "calculations": [],
}


@pytest.fixture(scope="module")
def document():
    GENERATOR_STATS.reset()
    return SchemaGenerator().get_schema(request=None, public=True)


@pytest.mark.statement("U-18")
def test_the_document_is_valid_and_complete_without_a_warning(document):
    validate_schema(document)
    assert not GENERATOR_STATS._warn_cache, list(GENERATOR_STATS._warn_cache)
    assert not GENERATOR_STATS._error_cache, list(GENERATOR_STATS._error_cache)


@pytest.mark.parametrize("resource", CONTRACT)
def test_every_resource_of_the_contract_is_there_with_its_verbs(document, resource):
    paths = {path.removeprefix("/api/v1/") for path in document["paths"]}
    assert f"{resource}/" in paths
    for verb in CONTRACT[resource]:
        assert any(
            path.startswith(f"{resource}/{{") and path.endswith(f"}}/{verb}/") for path in paths
        ), verb


def test_decimals_are_declared_as_the_text_they_are(document):
    """A client made from the document would read 10.50 as a number, and 0.1 as a nearby one."""
    fields = {
        (name, field)
        for name, schema in document["components"]["schemas"].items()
        for field, declared in schema.get("properties", {}).items()
        if declared.get("type") == "number"
    }
    assert not fields
    quantity = document["components"]["schemas"]["Lot"]["properties"]["quantity"]
    assert (quantity["type"], quantity["format"]) == ("string", "decimal")


def test_what_may_be_null_is_declared_so(document):
    batch = document["components"]["schemas"]["Batch"]["properties"]
    null = {name for name, declared in batch.items() if declared.get("nullable")}
    assert {"coi", "started_at", "reviewed_by", "expires_at", "yield_value"} <= null
    assert not {"number", "sponsor", "product", "planned_at"} & null


def test_no_operation_is_described_by_what_a_base_class_tells_developers(document):
    told = {
        operation.get("description", "")
        for operations in document["paths"].values()
        for operation in operations.values()
    }
    assert "What went into the batch, in order" in " ".join(told)
    assert not [words for words in told if "create_input" in words or "own serializer" in words]


@pytest.mark.statement("P-06")
def test_every_operation_asks_for_a_person(document):
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            assert operation["security"] == [{"bearer": []}, {"session": []}], (method, path)


def test_the_page_of_the_document_takes_everything_from_here(client, cast):
    """Our content security policy refuses other places and inline styles: it would be empty."""
    client.force_login(cast.qa)
    page = client.get("/api/v1/docs/").content.decode()

    sources = re.findall(r'(?:src|href)="([^"]+)"', page)
    assert len(sources) >= 4
    assert all(source.startswith("/") and not source.startswith("//") for source in sources)
    assert "<style" not in page

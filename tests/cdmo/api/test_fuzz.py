"""No input makes a 5xx: every operation of the OpenAPI document, met with odd values, by all sides.

Bodies follow the document's schemas most of the way, so that they come past the first check; keys
are of records that there are. Whatever a request does is taken back before the next.
"""

import json

import pytest
from django.db import transaction
from django.test import Client
from drf_spectacular.generators import SchemaGenerator
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.builders.release import a_certified_batch
from tests.builders.transfers import a_transfer
from tests.cast import PASSWORD

pytestmark = pytest.mark.django_db
ODD = st.sampled_from(
    [
        *(
            "",
            "x" * 3000,
            "\x00",
            "😀",
            "NaN",
            "-0",
            "1e400",
            "9" * 30,
            "../..",
            "%00",
            "2026-13-45",
        ),
        *(None, True, -1, 2**70, 0.1, [], {}, [[]], {"a": {"b": []}}, "9999-12-31T23:59:59+14:00"),
    ]
)
TEXTS = st.sampled_from(["x", "ASTRORX", "B-1", "10.50", "mL", "2026-11-20T12:00:00Z", "1", "go"])


@pytest.fixture(scope="module")
def document():
    return SchemaGenerator().get_schema(request=None, public=True)


def values(schema, document, depth=0):
    """Return a strategy of values that suit a schema, now and then with one that does not."""
    if "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rsplit("/", 1)[-1]]
    for several in ("oneOf", "anyOf", "allOf"):
        if schema.get(several):
            return st.one_of([values(one, document, depth) for one in schema[several]])
    if "enum" in schema:
        good = st.sampled_from(schema["enum"])
    elif schema.get("type") == "object" or "properties" in schema:
        if depth > 4:
            return ODD
        known = schema.get("properties", {})
        parts = {name: values(part, document, depth + 1) for name, part in known.items()}
        wanted = set(schema.get("required", ()))
        good = st.fixed_dictionaries(
            {name: part for name, part in parts.items() if name in wanted},
            optional={name: part for name, part in parts.items() if name not in wanted},
        )
    elif schema.get("type") == "array":
        good = st.lists(values(schema.get("items", {}), document, depth + 1), max_size=2)
    elif schema.get("type") == "integer":
        good = st.integers(-3, 50)
    elif schema.get("type") == "number":
        good = st.floats(-3, 50, allow_nan=False)
    elif schema.get("type") == "boolean":
        good = st.booleans()
    else:
        good = TEXTS
    return st.integers(0, 7).flatmap(lambda dice: ODD if dice == 0 else good)


def known_keys(client) -> dict[str, list[str]]:
    """Return keys of records that there are, by resource."""
    found = {"gate": ["G0", "G6"], "step": ["SEED"]}
    for path in client.listed:
        rows = client.get(path).json().get("results", [])
        keys = [
            row.get("number") or row.get("code") or row.get("coi") or row.get("id") for row in rows
        ]
        found[path.split("/")[3]] = [str(key) for key in keys if key is not None][:3]
    return found


def key_of(name, resource, keys):
    """Return a strategy of keys in an address: of records, and of none."""
    none = st.sampled_from(["x", "0", "9" * 25, "%F0%9F", "a b"])
    there = st.sampled_from(keys.get(name) or keys.get(resource) or ["1"])
    return st.integers(0, 5).flatmap(lambda dice: there if dice else none)


def operations(document):
    for path, methods in sorted(document["paths"].items()):
        for method, operation in sorted(methods.items()):
            yield path, method, operation


@pytest.mark.statement("U-18")
@pytest.mark.parametrize("who", ["qa", "kadimastem_lead"])
@settings(
    max_examples=1,
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
@given(data=st.data())
def test_no_input_makes_a_server_error(cast, document, who, data):
    client = Client(raise_request_exception=False)
    client.force_login(getattr(cast, who))
    broken = []
    with transaction.atomic():
        batch = a_certified_batch(cast)
        a_transfer(cast, batch.product)
        client.listed = [
            p for p, methods in document["paths"].items() if "{" not in p and "get" in methods
        ]
        keys = known_keys(client)
        for path, method, operation in operations(document):
            resource = path.split("/")[3]
            address = "/".join(
                data.draw(key_of(part.strip("{}"), resource, keys)) if "{" in part else part
                for part in path.split("/")
            )
            query = {
                parameter["name"]: data.draw(TEXTS | ODD.map(str))
                for parameter in operation.get("parameters", ())
                if parameter["in"] == "query" and data.draw(st.integers(0, 5)) == 0
            }
            contents = operation.get("requestBody", {}).get("content", {})
            schema = next((c["schema"] for c in contents.values()), {})
            body = data.draw(values(schema, document)) if method != "get" else None
            if isinstance(body, dict) and "signature" in body:
                body["signature"] = {"password": PASSWORD}
            with transaction.atomic():
                answer = client.generic(
                    method.upper(),
                    address.encode("ascii", "ignore").decode(),
                    json.dumps(body) if method != "get" else b"",
                    content_type="application/json",
                    query_params={
                        name: value.replace("\x00", "%00") for name, value in query.items()
                    },
                )
                transaction.set_rollback(True)
            if answer.status_code >= 500:
                broken.append((method, address, query, body))
        transaction.set_rollback(True)
    assert not broken, broken[:3]

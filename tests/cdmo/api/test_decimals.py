"""Decimals are strings, exactly as entered: what came as 10.50 is told as 10.50 everywhere."""

import io
from decimal import Decimal
from functools import partial
from importlib import import_module

import pytest
from django.db import IntegrityError, connection, transaction
from hypothesis import given
from hypothesis import strategies as st
from pypdf import PdfReader

from batches.manufacture import services as manufacture
from batches.manufacture.models import Batch, BatchStep, MasterBatchRecord, MasterStep
from cdmo.api.serializers import DecimalText
from cdmo.records.services import read_document
from cdmo.records.verify import histories, signatures
from tests.builders.manufacture import a_completed_batch, a_master, a_started_batch
from tests.builders.materials import a_material
from tests.builders.portfolio import a_product_ready_to_make
from tests.builders.release import a_certified_batch
from tests.rest import Caller, fields

pytestmark = pytest.mark.django_db


@pytest.fixture
def caller(client, cast):
    return lambda name: Caller(client, getattr(cast, name))


def ok(response, status=200):
    assert response.status_code == status, response.content
    return response.json()


@given(st.integers(0, 10**19), st.integers(0, 6))
def test_a_decimal_comes_back_digit_for_digit(digits, decimals):
    field, text = DecimalText(), f"{Decimal(digits).scaleb(-decimals):f}"
    if digits < 10**14:
        assert field.to_representation(field.to_internal_value(text)) == text


def test_limits_of_instructions_keep_their_zeros(cast, caller):
    version = a_product_ready_to_make(cast)
    step = {"code": "SEED", "title": "Seeding", "kind": "number", "lower": "80.50", "upper": "100"}
    body = {
        "code": "MBR-1",
        "process_version": version.code,
        "yield_unit": "mL",
        "yield_lower": "10.50",
        "yield_upper": "1000.000",
        "steps": [step],
    }

    made = ok(caller("supervisor").post("master-batch-records/", body), 201)
    told = ok(caller("qa").get("master-batch-records/MBR-1/"))

    for record in (made, told):
        assert (record["yield_lower"], record["yield_upper"]) == ("10.50", "1000.000")
        assert (record["steps"][0]["lower"], record["steps"][0]["upper"]) == ("80.50", "100")
    shown = caller("qa").client
    shown.force_login(cast.qa)
    assert "10.50 to 1000.000 mL" in shown.get("/master-records/MBR-1/").content.decode()


def test_values_uses_and_yield_of_a_batch_keep_their_zeros(cast, caller):
    a_material(cast, "DMEM")
    operator, supervisor = caller("operator"), caller("supervisor")
    lot = {"number": "L-1", "material": "DMEM", "quantity": "200.00", "unit": "mL"}
    assert ok(caller("planner").post("lots/", lot), 201)["quantity"] == "200.00"
    ok(caller("qa").sign("lots/L-1/release/"))
    batch = a_started_batch(cast)
    home = f"batches/{batch.number}/"
    use = {"lot": "L-1", "quantity": "10.50", "unit": "mL"}

    assert ok(operator.post(f"{home}consumptions/", use), 201)["quantity"] == "10.50"
    assert ok(operator.get(f"{home}consumptions/"))["results"][0]["quantity"] == "10.50"
    assert ok(operator.get(f"{home}trace/?direction=backward"))["edges"][0]["quantity"] == "10.50"
    assert ok(operator.get("lots/L-1/"))["available"] == "189.50"
    for code, value in (
        ("CLEAR", "done"),
        ("SEED", "95.20"),
        ("FEED", "done"),
        ("HARVEST", "60.0"),
    ):
        ok(operator.post(f"{home}steps/", {"step": code, "value": value}), 201)
    for code in ("CLEAR", "SEED"):
        ok(supervisor.post(f"{home}steps/{code}/verify/"))
    found = {"yield_value": "412.50", "yield_unit": "10*6"}
    assert ok(supervisor.sign(f"{home}complete/", found))["yield_value"] == "412.50"
    ok(caller("qa").sign(f"{home}review/"))

    assert ok(operator.get(home))["yield_value"] == "412.50"
    steps = {step["code"]: step for step in ok(operator.get(f"{home}steps/"))["results"]}
    assert (steps["SEED"]["value"], steps["HARVEST"]["value"]) == ("95.20", "60.0")
    assert not signatures().broken
    assert not histories().broken


def test_limits_are_copied_into_the_batch_digit_for_digit(cast, caller):
    version = a_product_ready_to_make(cast)
    step = {"code": "S", "title": "S", "kind": "number", "lower": Decimal("80.50")}
    a_master(cast, version, steps=[step])
    batch = a_started_batch(cast, version.product)

    steps = ok(caller("qa").get(f"batches/{batch.number}/steps/"))["results"]

    assert (steps[0]["lower"], steps[0]["upper"]) == ("80.50", None)


def test_the_certificate_prints_the_yield_as_entered(cast, monkeypatch):
    complete = partial(manufacture.complete_batch, yield_value=Decimal("412.50"), yield_unit="10*6")
    monkeypatch.setattr(manufacture, "complete_batch", complete)

    certificate = a_certified_batch(cast).certificates.get()

    pages = PdfReader(io.BytesIO(read_document(certificate.document))).pages
    assert "412.50 10*6" in "".join(page.extract_text() for page in pages)


@pytest.mark.parametrize("text", ["1." + "0" * 60, "0" * 50 + "1", "1.0000001", "1" * 15])
def test_more_digits_than_anyone_enters_are_refused(cast, caller, text):
    body = {"number": "L-1", "material": "DMEM", "quantity": text, "unit": "mL"}
    a_material(cast, "DMEM")
    assert fields(caller("planner").post("lots/", body)) == ["quantity"]


@pytest.mark.parametrize("value", ["NaN", "Infinity", "-Infinity", "1e14", "-1e14"])
@pytest.mark.parametrize(
    ("model", "column"),
    [
        (Batch, "yield_value"),
        (BatchStep, "lower"),
        (BatchStep, "upper"),
        (MasterStep, "lower"),
        (MasterStep, "upper"),
        (MasterBatchRecord, "yield_lower"),
        (MasterBatchRecord, "yield_upper"),
    ],
)
def test_postgresql_takes_no_number_that_is_none(cast, model, column, value):
    a_completed_batch(cast)
    with (
        pytest.raises(IntegrityError, match=r"bounds|limits"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(f"UPDATE {model._meta.db_table} SET {column} = %s::numeric", [value])


def test_the_migration_takes_away_only_the_zeros_that_the_column_added(cast):
    migration = import_module("batches.migrations.0002_keep_digits_as_entered")
    with connection.cursor() as cursor:
        a_completed_batch(cast)
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute(migration.altered("batches_batchstep", "numeric(20, 6)"))
        padded = {step.code: step.lower for step in BatchStep.objects.all()}
        cursor.execute(migration.altered("batches_batchstep", "numeric USING trim_scale({column})"))

    assert str(padded["SEED"]) == "80.000000"
    assert {step.code: step.lower for step in BatchStep.objects.all()} == padded
    assert str(BatchStep.objects.get(code="SEED").lower) == "80"
    assert not histories().broken
    assert not signatures().broken

"""REST: instruments and their files, from the upload to the readings and the original bytes."""

import hashlib

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from cdmo.records.models import Document
from qc.instruments import api
from qc.instruments.models import Calibration, Instrument, InstrumentFile
from tests.builders.instruments import a_read_file, an_instrument, blu_file, sweep, tamper
from tests.rest import Caller, codes, fields

pytestmark = pytest.mark.django_db
NEW = {"code": "VC-1", "name": "Cell counter", "vendor": "vicell_xr", "site": "HFA"}


@pytest.fixture(autouse=True)
def one_reader(settings):
    settings.SECOND_READER_PYTHON = "/nowhere/python"


@pytest.fixture
def analyst(client, cast):
    return Caller(client, cast.analyst)


@pytest.fixture
def reviewer(client, cast):
    return Caller(client, cast.reviewer)


@pytest.fixture
def instrument(cast):
    return an_instrument(cast, serial="X1")


def upload(caller, data=None, *, name="run.csv", headers=None, **values):
    file = SimpleUploadedFile(name, blu_file("S-1") if data is None else data)
    body = {"file": file, "instrument": "BLU-01", "vendor": "vicell_blu", **values}
    return caller.client.post(
        "/api/v1/instrument-files/",
        {name: value for name, value in body.items() if value is not None},
        headers={**caller.headers, **(headers or {})},
    )


def test_an_upload_is_queued_read_and_shown_with_its_readings(analyst, instrument):
    response = upload(analyst)
    assert response.status_code == 202, response.content
    made = response.json()
    assert (made["number"][:3], made["status"], made["measurements"]) == ("IF-", "queued", [])
    assert made["instrument"] == "BLU-01"
    assert made["sha256"] == hashlib.sha256(blu_file("S-1")).hexdigest()
    assert response["Location"].endswith(f"/api/v1/instrument-files/{made['number']}/")

    assert sweep(InstrumentFile.objects.get().uploaded_at) == 1

    shown = analyst.get(f"instrument-files/{made['number']}/").json()
    assert (shown["status"], shown["error"]) == ("read", "")
    first = shown["measurements"][0]
    assert {
        name: first[name]
        for name in (
            *("sample_text", "quantity", "value", "unit", "measured_at", "device_serial"),
            *("locator", "status", "reading_status", "qualifier", "flags"),
        )
    } == {
        "sample_text": "S-1",
        "quantity": "viability",
        "value": "93.3",
        "unit": "%",
        "measured_at": "2026-11-20T08:30:00.000000Z",
        "device_serial": "",
        "locator": "line 2, column 6",
        "status": "proposed",
        "reading_status": "ok",
        "qualifier": "",
        "flags": [],
    }
    assert [run["role"] for run in shown["runs"]] == ["first", "second"]
    assert all({"code", "message", "needs_reason"} == set(flag) for flag in shown["flags"])

    listed = analyst.get("instrument-files/?instrument=BLU-01&status=read").json()["results"]
    assert [row["number"] for row in listed] == [made["number"]]
    assert "measurements" not in listed[0]


def test_the_vendor_is_the_instruments_when_none_is_given_and_known_by_other_names(
    analyst, instrument
):
    assert upload(analyst, vendor=None).json()["vendor"] == "vicell_blu"
    assert upload(analyst, vendor="").json()["vendor"] == "vicell_blu"
    assert upload(analyst, vendor="BECKMAN_VI_CELL_BLU").json()["vendor"] == "vicell_blu"


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"vendor": "vicell_xr"}, "vendor"),
        ({"vendor": "abacus"}, "vendor"),
        ({"instrument": "NONE-1"}, "instrument"),
        ({"instrument": "\x00"}, "instrument"),
        ({"instrument": None}, "instrument"),
        ({"file": None}, "file"),
        ({"file": "text"}, "file"),
        ({"wendor": "vicell_blu"}, "wendor"),
    ],
)
def test_what_is_wrong_with_an_upload_is_named_and_nothing_is_stored(
    analyst, instrument, values, field
):
    assert fields(upload(analyst, **values)) == [field]
    assert not Document.objects.exists()


def test_json_is_no_upload(analyst, instrument):
    assert "file" in fields(analyst.post("instrument-files/", {"instrument": "BLU-01"}))


def test_a_file_of_50_mb_is_refused_by_its_size_without_being_taken_into_memory(
    analyst, instrument, monkeypatch
):
    monkeypatch.setattr(
        "qc.instruments.services.upload_file", lambda **_: pytest.fail("it was read")
    )
    response = upload(analyst, bytes(50 * 1024 * 1024))
    assert response.status_code == 413
    assert response["Content-Type"] == "application/problem+json"
    assert "50.0 MB" in response.json()["detail"]
    assert "nothing was stored" in response.json()["detail"]
    assert not Document.objects.exists()


def test_a_body_beyond_any_export_is_not_even_received(analyst, instrument, monkeypatch):
    monkeypatch.setattr(api, "LARGEST_BODY", 100)
    assert upload(analyst).status_code == 413


@pytest.mark.parametrize("data", [b"", b"\x00\xff" * 5000])
def test_what_cannot_be_read_is_kept_and_says_why(analyst, instrument, data):
    number = upload(analyst, data).json()["number"]
    sweep(InstrumentFile.objects.get().uploaded_at)
    shown = analyst.get(f"instrument-files/{number}/").json()
    assert shown["status"] == "failed"
    assert shown["error"].endswith(".")
    content = analyst.get(f"instrument-files/{number}/content/")
    assert content.content == data


@pytest.mark.statement("P-45")
def test_the_original_comes_back_byte_for_byte_as_a_download(cast, analyst, instrument):
    file = a_read_file(cast, instrument, filename='a "b"\r\nç.csv')
    response = analyst.get(f"instrument-files/{file.number}/content/")
    assert response.content == blu_file("S-1")
    assert response["Content-Disposition"].startswith("attachment;")
    assert response["X-Content-SHA256"] == file.sha256

    tamper(file)
    damaged = analyst.get(f"instrument-files/{file.number}/content/")
    assert codes(damaged) == ["damaged"]


def test_the_same_key_uploads_once(analyst, instrument):
    key = {"Idempotency-Key": "one"}
    first, again = upload(analyst, headers=key), upload(analyst, headers=key)
    assert first.json()["number"] == again.json()["number"]
    assert InstrumentFile.objects.count() == 1


def test_who_may_upload_is_the_analyst(client, cast, instrument):
    assert codes(upload(Caller(client, cast.qp))) == ["no_right"]
    sponsor = Caller(client, cast.kadimastem_reader)
    assert upload(sponsor).status_code == 403
    assert not Document.objects.exists()


def test_sponsors_find_neither_instruments_nor_files(client, cast, instrument):
    file = a_read_file(cast, instrument)
    sponsor = Caller(client, cast.kadimastem_reader)
    for path in (
        "instruments/",
        "instruments/BLU-01/",
        "instruments/BLU-01/calibrations/",
        "instrument-files/",
        f"instrument-files/{file.number}/",
        f"instrument-files/{file.number}/content/",
        f"documents/{file.document.number}/",
    ):
        assert sponsor.get(path).status_code == 404, path
    assert Caller(client, cast.auditor).get(f"instrument-files/{file.number}/").status_code == 200


def test_a_failed_file_is_queued_again_with_a_reason(cast, analyst, instrument):
    file = a_read_file(cast, instrument, data=b"")
    path = f"instrument-files/{file.number}/read-again/"
    assert fields(analyst.post(path)) == ["reason"]
    response = analyst.post(path, {"reason": "A new reader is installed"})
    assert (response.status_code, response.json()["status"]) == (202, "queued")
    assert codes(analyst.post(path, {"reason": "Again"})) == ["wrong_status"]


def test_an_instrument_is_registered_changed_and_taken_out_of_use(reviewer, analyst, cast):
    assert codes(analyst.post("instruments/", NEW)) == ["no_right"]
    made = reviewer.post("instruments/", NEW)
    assert made.status_code == 201, made.content
    assert made.json()["timezone"] == cast.site.timezone
    assert codes(reviewer.post("instruments/", NEW)) == ["taken"]

    changed = reviewer.patch("instruments/VC-1/", {"serial": "AW9", "reason": "Mistyped"})
    assert changed.json()["serial"] == "AW9"
    assert fields(reviewer.patch("instruments/VC-1/", {"vendor": "fcs", "reason": "x"})) == [
        "vendor"
    ]
    out = reviewer.post("instruments/VC-1/take-out-of-use/", {"reason": "Leaks"})
    assert out.json()["status"] == "out_of_use"
    back = reviewer.post("instruments/VC-1/put-in-use/", {"reason": "Repaired"})
    assert back.json()["status"] == "in_use"
    stale = reviewer.patch(
        "instruments/VC-1/", {"name": "X", "reason": "x"}, **{"If-Match": out["ETag"]}
    )
    assert stale.status_code == 412


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"code": "a/b"}, "code"),
        ({"vendor": "abacus"}, "vendor"),
        ({"site": "NOWHERE"}, "site"),
        ({"timezone": "Mars"}, "timezone"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_what_is_wrong_with_an_instrument_is_named(reviewer, changes, field):
    assert fields(reviewer.post("instruments/", {**NEW, **changes})) == [field]
    assert not Instrument.objects.exists()


def test_calibrations_are_recorded_and_listed(cast, reviewer, analyst):
    an_instrument(cast, calibrated=False)
    path = "instruments/BLU-01/calibrations/"
    body = {"performed_on": "2026-01-10", "due_on": "2027-01-10", "certificate": "C-1"}
    assert codes(analyst.post(path, body)) == ["no_right"]
    made = reviewer.post(path, body)
    assert made.status_code == 201, made.content
    assert made.json()["recorded_by"] == "reviewer@cdmo.example"
    assert fields(reviewer.post(path, {**body, "due_on": "2026-01-10"})) == ["due_on"]
    assert fields(reviewer.post(path, {**body, "performed_on": "yesterday"})) == ["performed_on"]
    listed = analyst.get(path).json()
    assert [row["certificate"] for row in listed["results"]] == ["C-1"]
    assert listed["next"] is None
    assert Calibration.objects.count() == 1

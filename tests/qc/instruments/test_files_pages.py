"""Pages of instruments and their files."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from qc.instruments.models import Calibration, Instrument, InstrumentFile
from tests.builders.instruments import (
    a_read_file,
    an_instrument,
    an_uploaded_file,
    blu_file,
    sweep,
    tamper,
)

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


@pytest.fixture(autouse=True)
def one_reader(settings):
    settings.SECOND_READER_PYTHON = "/nowhere/python"


@pytest.fixture
def instrument(cast):
    return an_instrument(cast, serial="X1")


@pytest.fixture
def sign_in(client):
    def as_person(person):
        client.force_login(person)
        return client

    return as_person


def url(name, *args):
    return reverse(f"qc:{name}", args=args)


def text(response, status=200):
    assert response.status_code == status, response.content[:2000]
    return response.content.decode()


def files(*named):
    return [SimpleUploadedFile(name, data) for name, data in named]


def test_every_page_opens_for_staff_and_is_not_there_for_sponsors(cast, instrument, sign_in):
    read = a_read_file(cast, instrument)
    a_read_file(cast, instrument, data=b"")
    pages = [
        url("instrument_list"),
        url("instrument_new"),
        url("instrument", "BLU-01"),
        url("instrument_change", "BLU-01"),
        url("instrument_calibrate", "BLU-01"),
        url("instrument_take_out_of_use", "BLU-01"),
        url("instrument_put_in_use", "BLU-01"),
        url("instrument_file_list"),
        url("instrument_file_upload"),
        url("instrument_file", read.key),
        url("instrument_file_progress", read.key),
        url("instrument_file_read_again", read.key),
        url("instrument_file_content", read.key),
    ]
    for person, status in (
        (cast.analyst, 200),
        (cast.auditor, 200),
        (cast.kadimastem_reader, 404),
        (cast.ixaka_lead, 404),
    ):
        client = sign_in(person)
        for page in pages:
            assert client.get(page).status_code == status, (page, person)
    client.logout()
    assert client.get(pages[0]).status_code == 302


def test_the_list_of_instruments_says_whether_calibration_is_in_force(cast, instrument, sign_in):
    an_instrument(cast, "BLU-02", calibrated=False)
    page = text(sign_in(cast.analyst).get(url("instrument_list")))
    assert "Calibrated" in page
    assert "Never calibrated" in page
    assert "1 Jan 2030" in page
    assert "Register an instrument" not in page
    assert "Register an instrument" in text(sign_in(cast.reviewer).get(url("instrument_list")))
    export = text(sign_in(cast.analyst).get(url("instrument_list") + "?export=csv"))
    assert "Never calibrated" in export


def test_an_instrument_is_registered_calibrated_and_taken_out_of_use_by_hand(cast, sign_in):
    client = sign_in(cast.reviewer)
    facts = {"code": "VC-1", "name": "Counter", "vendor": "vicell_xr", "site": "HFA"}
    made = client.post(url("instrument_new"), facts)
    assert made.status_code == 302, made.content.decode()
    instrument = Instrument.objects.get()
    assert instrument.timezone == cast.site.timezone

    client.post(
        url("instrument_calibrate", "VC-1"),
        {"performed_on": "2026-01-01", "due_on": "2027-01-01", "passed": "no"},
    )
    assert not Calibration.objects.get().passed
    assert "Failed calibration" in text(client.get(url("instrument", "VC-1")))

    client.post(url("instrument_take_out_of_use", "VC-1"), {"reason": "Leaks"})
    instrument.refresh_from_db()
    assert instrument.status == "out_of_use"
    client.post(
        url("instrument_change", "VC-1"),
        {"name": "Counter", "serial": "AW1", "timezone": "", "reason": "Read off"},
    )
    instrument.refresh_from_db()
    assert (instrument.serial, instrument.timezone) == ("AW1", cast.site.timezone)


def test_several_files_are_uploaded_at_once_each_kept_or_refused_by_itself(
    cast, instrument, sign_in
):
    client = sign_in(cast.analyst)
    chosen = files(
        ("a.csv", blu_file("S-1")), ("empty.csv", b""), ("big.csv", bytes(21 * 1024 * 1024))
    )
    page = text(
        client.post(
            url("instrument_file_upload"),
            {"instrument": "BLU-01", "files": chosen},
            headers=HTMX,
        )
    )
    assert "<html" not in page
    assert "big.csv was not stored" in page
    assert "21.0 MB" in page
    assert list(InstrumentFile.objects.order_by("pk").values_list("filename", flat=True)) == [
        "a.csv",
        "empty.csv",
    ]
    assert page.count("hx-trigger") == 2

    sweep(InstrumentFile.objects.first().uploaded_at)
    first, second = InstrumentFile.objects.order_by("pk")
    row = text(client.get(url("instrument_file_progress", first.key) + "?row", headers=HTMX))
    assert "8 readings" in row
    assert "hx-trigger" not in row
    row = text(client.get(url("instrument_file_progress", second.key) + "?row", headers=HTMX))
    assert "The file is empty" in row


def test_uploading_is_a_page_and_no_dialog(cast, instrument, sign_in):
    client = sign_in(cast.analyst)
    listed = text(client.get(url("instrument_file_list")))
    assert f'href="{url("instrument_file_upload")}"' in listed
    assert f'href="{url("instrument_file_upload")}" data-dialog' not in listed
    assert "<html" in text(client.get(url("instrument_file_upload"), headers=HTMX))


def test_an_upload_without_instrument_or_file_is_refused_with_every_reason(cast, sign_in):
    page = text(sign_in(cast.analyst).post(url("instrument_file_upload"), headers=HTMX), 422)
    assert "Instrument:" in page
    assert "Files:" in page


def test_who_may_not_upload_is_told_before_and_after(cast, instrument, sign_in):
    client = sign_in(cast.qp)
    assert "may not upload instrument files" in text(client.get(url("instrument_file_upload")))
    page = text(
        client.post(
            url("instrument_file_upload"),
            {"instrument": "BLU-01", "files": files(("a.csv", b"x"))},
        ),
        409,
    )
    assert "may not upload instrument files" in page
    assert not InstrumentFile.objects.exists()


def test_a_waiting_file_refreshes_its_page_when_it_is_read(cast, instrument, sign_in):
    client, file = sign_in(cast.analyst), an_uploaded_file(cast, instrument)
    assert "hx-trigger" in text(client.get(url("instrument_file", file.key)))
    progress = client.get(url("instrument_file_progress", file.key), headers=HTMX)
    assert "waits for a reader" in text(progress)
    sweep(file.uploaded_at)
    progress = client.get(url("instrument_file_progress", file.key), headers=HTMX)
    assert progress["HX-Refresh"] == "true"


def test_the_page_of_a_file_shows_values_places_flags_readers_and_hash(cast, instrument, sign_in):
    file = a_read_file(cast, instrument, data=blu_file("S-1", "S-1", "<b>", viability="93.30"))
    page = text(sign_in(cast.analyst).get(url("instrument_file", file.key)))
    for words in (
        "93.30",
        "line 2, column 6",
        "native:vicell_blu",
        file.sha256,
        "Repeated",
        "this is number 2",
        "&lt;b&gt;",
        "20 Nov",
        "second reader is not installed",
        reverse("qc:instrument_file_confirm", args=[file.key]),
    ):
        assert words in page, words
    assert "<b>" not in page


def test_readings_are_filtered_and_paged_by_the_url(cast, instrument, sign_in):
    names = [f"S-{n}" for n in range(60)]
    file = a_read_file(cast, instrument, data=blu_file(*names))
    client, address = sign_in(cast.analyst), url("instrument_file", file.key)

    def samples(query, **headers):
        page = text(client.get(address + query, headers=headers))
        return [name for name in names if f"</i> {name}</th>" in page]

    assert samples("") == names[:25]
    assert samples("?page=3") == names[50:]
    assert samples("?page=99") == samples("?page=3")
    assert samples("?q=S-5&quantity=viability", **HTMX, **{"HX-Target": "readings"}) == [
        "S-5",
        *names[50:],
    ]
    assert samples("?show=flagged") == []
    assert samples("?page=%FF&quantity=nonsense") == names[:25]


def test_a_failed_file_says_why_and_what_to_do_next(cast, instrument, sign_in):
    client, file = sign_in(cast.analyst), a_read_file(cast, instrument, data=b"")
    page = text(client.get(url("instrument_file", file.key)))
    for words in ("The file is empty", "Upload a new export", "by hand", "Read again"):
        assert words in page
    assert "Confirm readings" not in page
    again = client.post(url("instrument_file_read_again", file.key), {"reason": "Try again"})
    assert again.status_code == 302
    file.refresh_from_db()
    assert file.status == "queued"


def test_a_duplicate_shows_where_its_readings_stand(cast, instrument, sign_in):
    first, again = a_read_file(cast, instrument), a_read_file(cast, instrument)
    page = text(sign_in(cast.analyst).get(url("instrument_file", again.key)))
    assert f'href="{url("instrument_file", first.key)}"' in page
    assert "Confirm readings" not in page


def test_the_list_of_files_counts_by_status(cast, instrument, sign_in):
    a_read_file(cast, instrument)
    a_read_file(cast, instrument, data=b"")
    an_uploaded_file(cast, instrument, data=blu_file("S-9"))
    client = sign_in(cast.analyst)
    page = text(client.get(url("instrument_file_list")))
    assert page.count('class="cell-key"') >= 3
    for tab, number in (("waiting", 3), ("read", 1), ("failed", 2)):
        shown = text(client.get(url("instrument_file_list") + f"?tab={tab}"))
        found = [n for n in (1, 2, 3) if f"IF-26-0000{n}<" in shown]
        assert found == [number]


def test_a_damaged_original_is_not_given_out(cast, instrument, sign_in):
    client, file = sign_in(cast.analyst), a_read_file(cast, instrument)
    good = client.get(url("instrument_file_content", file.key))
    assert good.content == blu_file("S-1")
    assert good["Content-Disposition"].startswith("attachment")
    tamper(file)
    page = text(client.get(url("instrument_file_content", file.key)), 409)
    assert "no longer what was uploaded" in page

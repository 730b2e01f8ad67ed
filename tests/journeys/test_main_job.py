"""The main job in a browser: from an instrument's real file to the sponsor's certificate."""

import re

import pytest
from playwright.sync_api import expect

from tests.cast import PASSWORD
from tests.journeys.plant import Plant
from tests.journeys.test_rest import own_lots, plant, vicell_file  # noqa: F401 (fixtures)

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.statement("U-22"),
]
SLOW = 45_000


@pytest.fixture
def people(browser, browser_context_args, live_stack):
    """Give `people(email)`: a page of that person, signed in, each with cookies of their own."""
    contexts = []

    def signed_in(email):
        context = browser.new_context(**browser_context_args)
        contexts.append(context)
        page = context.new_page()
        page.goto("/accounts/login/")
        page.fill("[name=login]", email)
        page.fill("[name=password]", PASSWORD)
        page.click("button[type=submit]")
        page.wait_for_url(lambda url: "/accounts/" not in url)
        return page

    yield signed_in
    for context in contexts:
        context.close()


@pytest.fixture
def batch(plant: Plant) -> str:  # noqa: F811
    """An AstroRx batch made, reviewed and tested, but for the viability of its cells."""
    number = plant.plan("ASTRORX")["number"]
    plant.manufacture(number, lots=own_lots(plant, "ASTRORX"))
    plant.review(number)
    sample = plant.sample(number, "CLB001")
    lines = plant.specification("ASTRORX")["lines"]
    plant.approve(plant.enter(sample, [one for one in lines if one["test"] != "Viability"]))
    return number


def sign(page):
    """Give the password in the open form and sign."""
    page.fill("[name=password]", PASSWORD)
    page.locator(".verb-foot button[type=submit]").click()


def test_from_the_instruments_file_to_the_sponsors_certificate(
    people,
    batch,
    vicell_file,  # noqa: F811
):
    filename, data = vicell_file

    analyst = people("analyst@cdmo.example")
    analyst.goto("/instrument-files/+upload/")
    counter = analyst.locator("[name=instrument] option", has_text="VICELL-XR-01")
    analyst.select_option("[name=instrument]", counter.get_attribute("value"))
    analyst.set_input_files(
        "[name=files]", {"name": filename, "mimeType": "text/plain", "buffer": data}
    )
    analyst.get_by_role("button", name="Upload").click()
    analyst.get_by_role("link", name=re.compile("IF-")).first.click()
    confirm = analyst.get_by_role("link", name="Confirm readings")
    expect(confirm).to_be_visible(timeout=SLOW)
    confirm.click()
    reading = analyst.locator("tr", has_text="97.0")
    expect(reading).to_contain_text("line 19")
    for box in analyst.locator("tbody input[type=checkbox]").all():
        box.set_checked(False)
    reading.locator("input[type=checkbox]").check()
    analyst.locator(".verb-foot button[type=submit]").click()
    analyst.wait_for_load_state()
    analyst.goto("/samples/CLB001/submit/")
    analyst.locator(".verb-foot button[type=submit]").click()
    analyst.wait_for_url(lambda url: "/submit/" not in url)

    qp = people("qp@cdmo.example")
    qp.goto(f"/batches/{batch}/")
    panel = qp.locator("#readiness")
    expect(panel).to_contain_text("Viability")
    expect(qp.get_by_role("link", name=re.compile("^Certify"))).to_have_count(0)

    reviewer = people("reviewer@cdmo.example")
    reviewer.goto(f"/batches/{batch}/qc/review/")
    expect(reviewer.locator("tbody tr")).to_contain_text(["97.0"])
    reviewer.locator("tbody input[type=checkbox]").check()
    sign(reviewer)
    reviewer.wait_for_url(lambda url: "/review/" not in url)

    # Nobody touches the Qualified Person's page: the panel turns by itself.
    expect(panel.locator(".panel-verdict")).to_contain_text("Ready", timeout=SLOW)
    qp.get_by_role("link", name=re.compile("^Certify")).first.click()
    expect(qp.locator(".verb")).to_contain_text("SHA-256 of the evidence")
    sign(qp)
    expect(qp.locator("#readiness")).to_contain_text("eleased", timeout=SLOW)

    reader = people("reader@kadimastem.example")
    reader.goto(f"/portal/batches/{batch}/")
    expect(reader.locator("body")).to_contain_text("97")
    with reader.expect_download() as download:
        reader.get_by_role("link", name=re.compile("PDF")).first.click()
    assert download.value.path().read_bytes().startswith(b"%PDF-")

    stranger = people("reader@ixaka.example")
    for address in (f"/portal/batches/{batch}/", f"/batches/{batch}/", "/samples/CLB001/"):
        assert stranger.goto(address).status == 404

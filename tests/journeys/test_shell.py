"""What every page does in a real browser: dialogs, kept drafts, themes, keys, accessibility."""

import pytest
from django.conf import settings
from playwright.sync_api import expect

from tests.builders.manufacture import a_planned_batch, a_product_with_master, a_started_batch
from tests.builders.transfers import a_transfer
from tests.cast import PASSWORD, make_cast

pytestmark = pytest.mark.browser
ANSWERS = ("Failed to load resource", "Response Status Error Code", "htmx:")
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


@pytest.fixture
def people(live_stack):
    return make_cast()


@pytest.fixture
def browser_page(live_stack, page):
    """A page that fails the test on a script that broke or that the policy refused.

    An answer of 403, 409 or 422 is no fault: Chromium writes a line for each all the same.
    """
    complaints = []
    page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield page
    assert [text for text in complaints if not text.startswith(ANSWERS)] == []


def sign_in(page, stack, person):
    page.goto(f"{stack.url}/accounts/login/")
    page.fill("[name=login]", person.email)
    page.fill("[name=password]", PASSWORD)
    page.click("button[type=submit]")
    page.wait_for_url(lambda url: "/accounts/" not in url)


def open_dialog(page):
    page.click("text=New API token")
    page.wait_for_selector("dialog[open] [name=name]")


def test_a_link_pressed_twice_opens_one_dialog_over_its_page(people, live_stack, browser_page):
    page = browser_page
    sign_in(page, live_stack, people.planner)
    page.goto(f"{live_stack.url}/account/")
    asked = []
    page.on("request", lambda request: asked.append(request.url.removeprefix(live_stack.url)))

    page.dblclick("text=New API token")
    page.wait_for_selector("dialog[open] [name=name]")
    page.wait_for_load_state("networkidle")

    assert page.url == f"{live_stack.url}/account/"
    assert asked.count("/account/tokens/new/") == 1


def test_nothing_typed_is_lost(people, live_stack, browser_page):
    page = browser_page
    sign_in(page, live_stack, people.planner)
    page.goto(f"{live_stack.url}/account/")

    open_dialog(page)
    page.fill("[name=name]", "Nightly export")
    page.keyboard.press("Escape")
    open_dialog(page)
    assert page.input_value("[name=name]") == "Nightly export"
    assert page.input_value("[name=password]") == ""

    page.fill("[name=password]", "wrong")
    page.click("dialog button[type=submit]")
    page.wait_for_selector("#id_password_error")
    assert page.input_value("[name=name]") == "Nightly export"

    page.context.clear_cookies(name="sessionid")
    page.fill("[name=password]", PASSWORD)
    page.click("dialog button[type=submit]")
    page.wait_for_selector("text=You have been signed out")
    assert page.input_value("[name=name]") == "Nightly export"

    again = page.context.new_page()
    sign_in(again, live_stack, people.planner)
    page.click("dialog button[type=submit]")
    page.wait_for_selector("text=Your new token")
    assert page.inner_text("pre.secret").startswith("cdmo_")

    page.click("text=I have copied it")
    open_dialog(page)
    assert page.input_value("[name=name]") == ""


def test_a_broken_connection_is_said_and_the_form_stays(people, live_stack, browser_page):
    page = browser_page
    sign_in(page, live_stack, people.planner)
    page.goto(f"{live_stack.url}/account/")
    open_dialog(page)
    page.fill("[name=name]", "On the train")
    page.fill("[name=password]", PASSWORD)

    page.context.set_offline(True)
    page.click("dialog button[type=submit]")
    page.wait_for_selector("text=No connection")

    assert page.input_value("[name=name]") == "On the train"


def test_the_theme_is_kept_and_follows_the_system_until_chosen(people, live_stack, browser_page):
    page = browser_page
    page.emulate_media(color_scheme="dark")
    sign_in(page, live_stack, people.planner)
    assert page.get_attribute("html", "data-bs-theme") == "dark"

    page.click("[data-theme-toggle]")
    page.reload()

    assert page.get_attribute("html", "data-bs-theme") == "light"


def test_a_list_is_walked_by_keys(people, live_stack, browser_page):
    product = a_product_with_master(people)
    batches = [a_planned_batch(people, product) for _ in range(3)]
    page = browser_page
    sign_in(page, live_stack, people.planner)
    page.goto(f"{live_stack.url}/batches/?tab=planned")

    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.name") == "q"
    page.keyboard.type(batches[1].number)
    expect(page.locator("table[data-keyboard] tbody tr")).to_have_count(1)
    assert "q=" in page.url
    page.keyboard.press("Tab")
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("j")
    page.keyboard.press("Enter")

    page.wait_for_url(f"**/batches/{batches[1].number}/**")


def test_chosen_columns_live_in_the_address_and_views_are_kept(people, live_stack, browser_page):
    a_planned_batch(people)
    page = browser_page
    sign_in(page, live_stack, people.planner)
    page.goto(f"{live_stack.url}/batches/?tab=planned")

    page.click("[aria-label=Columns]")
    page.click("[data-column=sponsor]")
    page.wait_for_url("**columns=**")
    assert "sponsor" not in page.url
    # The list has been drawn anew, and its menus with it: one opened before would close.
    page.wait_for_load_state("networkidle")
    expect(page.locator("th", has_text="Sponsor")).to_have_count(0)

    page.click("[aria-label='Saved views']")
    page.fill(".view-new input", "Without sponsors")
    page.click(".view-new button")
    page.goto(f"{live_stack.url}/batches/")
    page.click("[aria-label='Saved views']")
    page.click("text=Without sponsors")
    page.wait_for_url("**columns=**")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_pages_can_be_used_by_everybody(people, live_stack, page, theme):
    """No finding of axe at all, from the rules of WCAG 2.2 AA and its own good practice."""
    batch = a_started_batch(people)
    transfer = a_transfer(people, batch.product)
    page.emulate_media(color_scheme=theme)
    axe = (settings.BASE_DIR / "node_modules/axe-core/axe.min.js").read_text()
    visits = {
        people.qa: (
            "/",
            f"/batches/{batch.number}/",
            "/batches/?tab=in_process",
            "/audit/?tab=all",
            "/signatures/",
            "/roles/",
            "/account/",
            "/account/tokens/new/",
            "/find/?q=A",
            f"/transfers/{transfer.code}/",
            "/no/such/page/",
        ),
        people.kadimastem_lead: (
            "/portal/",
            "/portal/batches/",
            f"/portal/batches/{batch.number}/",
            f"/portal/products/{batch.product.code}/",
            "/portal/certificates/",
            f"/portal/transfers/{transfer.code}/",
            "/portal/transfers/",
        ),
    }
    found = []
    for person, addresses in visits.items():
        page.set_viewport_size(
            {"width": 390, "height": 844} if person.is_sponsor_side else PAGE_SIZE
        )
        page.context.clear_cookies()
        sign_in(page, live_stack, person)
        for address in addresses:
            page.goto(live_stack.url + address)
            page.wait_for_load_state("networkidle")
            page.evaluate(axe)
            report = page.evaluate(f"axe.run(document, {{runOnly: {RULES}}})")
            found += [
                (address, one["id"], one["nodes"][0]["html"][:160]) for one in report["violations"]
            ]
            wide = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
            if wide > 0:
                found.append((address, "wider than the window", wide))
    assert found == []


PAGE_SIZE = {"width": 1440, "height": 900}

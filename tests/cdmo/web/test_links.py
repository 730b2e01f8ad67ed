"""Any record can be shown as a link, and a missing page is plain text."""

import pytest
from django.urls import NoReverseMatch, reverse

from cdmo.blockers import Ref
from cdmo.web.links import PAGES, PORTAL, record_url, url_of


@pytest.mark.parametrize("name", sorted({*PAGES.values(), *PORTAL.values()}))
def test_every_page_that_is_linked_to_exists(name):
    assert reverse(name, kwargs={"key": "K-1"})


def test_steps_and_gates_stand_on_their_parents_page():
    assert record_url("transfer_gate", "TT-1/G3").endswith("/transfers/TT-1/#G3")
    assert record_url("step", "AST-1/SEED").endswith("#SEED")
    assert "AST-1" in record_url("step", "AST-1/SEED")


@pytest.mark.parametrize(
    ("record_type", "key"),
    [("outbox", "1"), ("nothing", "1"), ("", ""), ("batch", ""), ("step", "lonely")],
)
def test_what_has_no_page_has_no_address(record_type, key):
    assert record_url(record_type, key) == ""


def test_a_sponsor_is_led_to_the_portal_only():
    assert record_url("batch", "AST-1", portal=True) == "/portal/batches/AST-1/"
    assert record_url("instrument", "VC-1", portal=True) == ""
    assert record_url("step", "AST-1/SEED", portal=True) == ""


def test_a_ref_is_linked_like_its_record():
    try:
        wanted = reverse("batches:batch", kwargs={"key": "AST-1"})
    except NoReverseMatch:
        wanted = ""
    assert url_of(Ref("batch", "AST-1")) == wanted
    assert url_of(None) == ""

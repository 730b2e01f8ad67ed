"""Lists: tabs with counts, filters in the address, exports of exactly what is shown."""

import io
from decimal import Decimal

import pytest
from django.db.models import Q
from openpyxl import load_workbook

from cdmo.web.exports import harmless
from cdmo.web.lists import numeric
from tests.builders.portfolio import a_product


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (">10", Q(n__gt=Decimal("10"))),
        ("<= 2.5", Q(n__lte=Decimal("2.5"))),
        ("7", Q(n=Decimal("7"))),
        ("3-8", Q(n__gte=Decimal("3"), n__lte=Decimal("8"))),
        ("3 – 8", Q(n__gte=Decimal("3"), n__lte=Decimal("8"))),
        ("-3", Q(n=Decimal("-3"))),
        ("12,5", None),
        ("NaN", None),
        ("1e999", None),
        ("many", None),
        ("", None),
    ],
)
def test_numbers_are_compared_as_people_write_them(text, wanted):
    assert numeric("n", text) == wanted


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("=1+1", "'=1+1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("-cmd", "'-cmd"),
        ("-12.5", "-12.5"),
        ("95.0", "95.0"),
        ("", ""),
    ],
)
def test_no_cell_of_an_export_is_a_formula(text, cell):
    assert harmless(text) == cell


@pytest.fixture
def products(cast):
    return [
        a_product(cast, "ASTRORX", name="AstroRx"),
        a_product(cast, "ISLETRX", name="=IsletRx"),
        a_product(cast, "LVV", modality="component"),
        a_product(cast, "REX-001", sponsor=cast.ixaka, modality="autologous"),
    ]


def codes(answer):
    return [row.code for row in answer.context["rows"]]


def test_tabs_count_what_the_filters_leave(small_site, cast, products, signed_in):
    client = signed_in(cast.qa)

    everything = client.get("/small/products/")
    filtered = client.get("/small/products/?q=islet")

    assert [entry["count"] for entry in everything.context["tabs"]] == [3, 1]
    assert [entry["count"] for entry in filtered.context["tabs"]] == [1, 0]
    assert codes(filtered) == ["ISLETRX"]


def test_the_address_says_tab_filter_and_order(small_site, cast, products, signed_in):
    client = signed_in(cast.qa)

    assert codes(client.get("/small/products/?order=-code")) == ["REX-001", "ISLETRX", "ASTRORX"]
    assert codes(client.get("/small/products/?tab=components")) == ["LVV"]
    assert codes(client.get("/small/products/?modality=allogeneic&order=code")) == [
        "ASTRORX",
        "ISLETRX",
    ]


@pytest.mark.parametrize(
    "query",
    ["id=many", "since=yesterday", "modality=none", "since=2026-02-31", "id=1e999"],
)
def test_a_filter_that_cannot_be_used_is_said_and_nothing_breaks(
    small_site, cast, products, signed_in, query
):
    answer = signed_in(cast.qa).get(f"/small/products/?{query}")

    assert answer.status_code == 200
    assert "cannot be compared" in answer.content.decode()


@pytest.mark.parametrize(
    "query",
    [
        "page=0",
        "page=-1",
        "page=99999999999",
        "page=x",
        "order=password",
        "tab=none",
        "columns=none",
        "before=9",
    ],
)
def test_a_mangled_address_still_shows_a_page(small_site, cast, products, signed_in, query):
    assert signed_in(cast.qa).get(f"/small/products/?{query}").status_code == 200


def test_the_number_of_queries_does_not_grow_with_the_rows(
    small_site, cast, signed_in, django_assert_max_num_queries
):
    for number in range(60):
        a_product(cast, f"P-{number:02}")
    client = signed_in(cast.qa)
    client.get("/small/products/")

    with django_assert_max_num_queries(6):  # session, person and roles (4), counts, one page
        answer = client.get("/small/products/?page=2")

    assert len(codes(answer)) == 10
    assert answer.context["span"] == "51–60 of 60"


def test_csv_and_xlsx_hold_exactly_the_chosen_columns_and_rows(
    small_site, cast, products, signed_in
):
    client = signed_in(cast.qa)
    query = "q=rx&columns=code,name&order=code"

    text = client.get(f"/small/products/?{query}&export=csv")
    book = load_workbook(io.BytesIO(client.get(f"/small/products/?{query}&export=xlsx").content))

    wanted = [["Code", "Name"], ["ASTRORX", "AstroRx"], ["ISLETRX", "'=IsletRx"]]
    lines = text.content.decode("utf-8-sig").splitlines()
    assert [line.split(",") for line in lines] == wanted
    assert [[cell.value for cell in row] for row in book.active] == wanted
    assert text.headers["Content-Disposition"] == 'attachment; filename="all-the-products.csv"'


def test_htmx_gets_the_table_alone(small_site, cast, products, signed_in):
    answer = signed_in(cast.qa).get(
        "/small/products/", HTTP_HX_REQUEST="true", HTTP_HX_TARGET="records"
    )

    assert "<html" not in answer.content.decode()
    assert "ASTRORX" in answer.content.decode()

"""Pages: forward and backward every row once, in any order, also by what may be empty."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from urllib.parse import parse_qs, urlsplit

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rest_framework.request import Request
from rest_framework.test import APIRequestFactory

from batches.materials.models import Lot
from cdmo.api.filters import Ordering
from cdmo.api.pagination import KeysetPagination
from tests.builders.manufacture import a_planned_batch
from tests.builders.materials import a_lot, a_material
from tests.cast import NOON
from tests.rest import Caller, fields

pytestmark = pytest.mark.django_db
COLUMNS = ("id", "number", "unit", "received_at", "expires_at", "released_at")
VIEW = SimpleNamespace(filter_backends=[Ordering], ordering_fields=COLUMNS, ordering=None)
# Few different values, so that many are equal, and one of them none at all.
INSTANTS = st.sampled_from([NOON, NOON + timedelta(microseconds=1), NOON - timedelta(days=9)])
ROWS = st.lists(
    st.tuples(st.sampled_from(["mL", "g"]), INSTANTS, st.none() | INSTANTS, st.none() | INSTANTS),
    min_size=1,
    max_size=12,
)
ORDERS = st.lists(
    st.tuples(st.sampled_from(["", "-"]), st.sampled_from(COLUMNS)), min_size=1, max_size=3
).map(lambda terms: ",".join(sign + column for sign, column in terms))


def page_at(address):
    pages = KeysetPagination()
    rows = pages.paginate_queryset(
        Lot.objects.all(), Request(APIRequestFactory().get(address)), VIEW
    )
    return [row.pk for row in rows], pages.get_next_link(), pages.get_previous_link()


def walk(address, *, side):
    """Follow `next` (side 1) or `previous` (side 2) to the end."""
    pages = []
    while address:
        page = page_at(address)
        pages.append(page)
        assert len(pages) < 50
        address = page[side]
    return pages


def expected_order(ordering) -> list[int]:
    """Sort in Python, column by column from the last: what is empty last, then by id."""
    directions = {}
    for term in ordering.split(","):
        directions.setdefault(term.removeprefix("-"), term.startswith("-"))
    terms = list(directions.items())
    if "id" not in directions:
        terms.append(("id", terms[-1][1]))
    never = datetime(1, 1, 1, tzinfo=UTC)
    rows = list(Lot.objects.all())
    for name, down in reversed(terms):
        rows.sort(key=lambda row: getattr(row, name) or never, reverse=down)
        rows.sort(key=lambda row: getattr(row, name) is None)
    return [row.pk for row in rows]


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(rows=ROWS, ordering=ORDERS, limit=st.integers(1, 5))
def test_every_row_is_met_once_forward_and_backward(cast, rows, ordering, limit):
    with transaction.atomic():
        material = a_material(cast)
        Lot.objects.bulk_create(
            Lot(
                number=f"L-{number}",
                material=material,
                sponsor=cast.cdmo,
                quantity=1,
                unit=unit,
                received_at=received_at,
                expires_at=expires_at,
                released_at=released_at,
            )
            for number, (unit, received_at, expires_at, released_at) in enumerate(rows)
        )
        wanted = expected_order(ordering)

        there = walk(f"/?ordering={ordering}&limit={limit}", side=1)
        # The last page's `previous` leads to the page before it, and so on to the first.
        back = walk(there[-1][2], side=2)[::-1]

        transaction.set_rollback(True)
    assert [pk for page in there for pk in page[0]] == wanted
    assert [page[0] for page in back] == [page[0] for page in there[:-1]]
    assert not back or back[0][2] is None
    assert there[0][2] is None


def test_a_row_that_comes_meanwhile_moves_no_other(cast):
    for number in "246":
        a_lot(cast, f"L-{number}")
    first, following, _ = page_at("/?ordering=number&limit=2")
    a_lot(cast, "L-1")
    a_lot(cast, "L-5")

    seen = [*first, *(pk for page in walk(following, side=1) for pk in page[0])]

    assert [Lot.objects.get(pk=pk).number for pk in seen] == ["L-2", "L-4", "L-5", "L-6"]


@pytest.mark.parametrize(
    ("resource", "ordering"),
    [
        ("batches", "planned_start_at"),
        ("batches", "-started_at"),
        ("batches", "completed_at"),
        ("batches", "-expires_at"),
        ("lots", "expires_at"),
        ("agreements", "-valid_until"),
        ("transfers", "target_on"),
        ("transfers", "-started_on"),
    ],
)
def test_lists_are_ordered_by_dates_that_may_be_empty(client, cast, resource, ordering):
    answer = Caller(client, cast.qa).get(f"{resource}/?ordering={ordering}")

    assert answer.status_code == 200
    assert answer.json()["results"] == []


def test_a_cursor_of_another_order_is_refused(client, cast):
    a_lot(cast, "L-1")
    a_lot(cast, "L-2")
    qa = Caller(client, cast.qa)
    following = qa.get("lots/?limit=1&ordering=expires_at").json()["next"]
    cursor = parse_qs(urlsplit(following).query)["cursor"][0]

    for ordering in ("id", "received_at", "expires_at,number"):
        assert fields(qa.get(f"lots/?ordering={ordering}&cursor={cursor}")) == ["cursor"]


def test_an_inner_list_is_ordered_by_its_own_columns_only(client, cast):
    batch = a_planned_batch(cast)
    home = f"batches/{batch.number}/release-checks/"

    assert fields(Caller(client, cast.qa).get(f"{home}?ordering=number")) == ["ordering"]
    assert Caller(client, cast.qa).get(f"{home}?ordering=id").status_code == 200

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qc.instruments.readers import values


@pytest.mark.parametrize(
    ("text", "number", "qualifier", "status"),
    [
        ("7.80", "7.80", "", "ok"),
        ("  15.5 ", "15.5", "", "ok"),
        ("2.45E6", "2.45E+6", "", "ok"),
        ("274\u00a0000", "274000", "", "ok"),
        ("1 204 000", "1204000", "", "ok"),
        ("98,3", "98.3", "", "ok"),
        ("< 3.2", "3.2", "<", "out_of_range"),
        (">100", "100", ">", "out_of_range"),
        ("", None, "", "missing"),
        ("NaN", None, "", "missing"),
        ("N/A", None, "", "missing"),
        ("ERROR", None, "", "error"),
        ("1,204", None, "", "error"),  # a thousand, or a little more than one: not ours to decide
        ("1,204.5", None, "", "error"),
        ("12 34", None, "", "error"),
        ("0x10", None, "", "error"),
        ("1_000", None, "", "error"),
        ("٣", None, "", "error"),
        ("9" * 80, None, "", "error"),
        ("1e999", None, "", "error"),
        ("<", None, "", "error"),
    ],
)
def test_a_printed_value_means_one_thing_or_nothing(text, number, qualifier, status):
    value = values.parse_value(text)
    assert (value.number, value.qualifier, value.status) == (
        None if number is None else Decimal(number),
        qualifier,
        status,
    )
    assert bool(value.remark) == (status == "error")
    if number is not None:
        assert str(value.number) == number


@pytest.mark.parametrize(
    ("text", "order", "expected"),
    [
        ("31 Aug 2021  4:31:23 PM", "unknown", "2021-08-31T16:31:23"),
        ("3 Sep 2021  12:05:00 AM", "unknown", "2021-09-03T00:05:00"),
        ("3 Sep 2021  12:05:00 PM", "unknown", "2021-09-03T12:05:00"),
        ("2010-10-20 02:23:34 AM", "unknown", "2010-10-20T02:23:34"),
        ("3/21/2022 16:56", "month_first", "2022-03-21T16:56:00"),
        ("03/04/2024", "month_first", "2024-03-04"),
        ("03/04/2024", "day_first", "2024-04-03"),
        ("03/04/2024", "unknown", None),
        ("04/04/2024", "unknown", "2024-04-04"),
        ("21/22/2024", "month_first", None),
        ("29 août 2023  5:21:32", "unknown", None),
        ("31 Feb 2023", "unknown", None),
        ("3 Sep 2021  25:00:00", "unknown", None),
        ("yesterday", "unknown", None),
    ],
)
def test_a_date_is_read_one_way_or_not_at_all(text, order, expected):
    assert values.local_time(text, order=order) == expected


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (["3/21/2022", "4/4/2022"], "month_first"),
        (["21/3/2022", "4/4/2022"], "day_first"),
        (["3/4/2022"], "unknown"),
        (["3/21/2022", "21/3/2022"], "unknown"),
        ([], "unknown"),
    ],
)
def test_the_order_of_dates_needs_proof_from_the_column(texts, expected):
    assert values.date_order(texts) == expected


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252"])
def test_every_usual_encoding_is_decoded(encoding):
    assert values.decode("Sample µ °C".encode(encoding))[0] == "Sample µ °C"


@given(st.binary(max_size=200))
def test_any_bytes_decode(data):
    assert isinstance(values.decode(data)[0], str)


@given(st.text(max_size=60))
def test_any_text_has_a_meaning_or_none(text):
    values.parse_value(text)
    values.local_time(text)
    values.spreadsheet_time(text, is_1904=False)


def test_a_spreadsheet_day_number_is_a_time():
    assert values.spreadsheet_time("44439.688472222224", is_1904=False) == "2021-08-31T16:31:24"
    assert values.spreadsheet_time("42977.5", is_1904=True) == "2021-08-31T12:00:00"

import pytest

from batches.materials.donations import read_donation_number


@pytest.mark.parametrize(
    ("typed", "din"),
    [
        ("G123498654321", "G123498654321"),
        ("G1234 98 654321 H", "G123498654321"),  # check character of the JPAC Red Book, annex 2
        ("g123498654321h", "G123498654321"),
        ("A999922012346*", "A999922012346"),
        ("=G12349865432177", "G123498654321"),  # as scanned, flags 60 + 17
        ("=G12349865432100", "G123498654321"),  # flags that say something else
    ],
)
def test_a_donation_number_is_read_as_its_thirteen_characters(typed, din):
    found = read_donation_number(typed)

    assert (found.din, found.errors) == (din, ())


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "G12349865432",
        "G123498654321X",  # wrong check character
        "O123498654321",  # never O first
        "0123498654321",
        "G12349865432A",
        "G12*498654321",
        "Ｇ123498654321",  # full-width
        "G1234٩٨654321",  # Arabic-Indic digits
        "=G12349865432178",  # misread flags
        "=G123498654321",
    ],
)
def test_a_malformed_donation_number_is_refused_in_words(typed):
    found = read_donation_number(typed)

    assert found.errors
    assert all(error.endswith(".") for error in found.errors)

"""The pack as JSON by its schema and as PDF/A, and what it says of itself."""

import json
from io import BytesIO

import pytest
from jsonschema import Draft202012Validator
from pypdf import PdfReader

from tests.validation.runs import a_run, a_test
from validation import pack, paper, register

pytestmark = pytest.mark.statement("P-01")
AT = "2026-11-22T21:00:00Z"
SCHEMA = json.loads((register.ROOT / "validation/pack.schema.json").read_text())


@pytest.fixture
def packed(tmp_path):
    """Write a pack from a run; returns its JSON, its text on paper, the reader and the status."""

    def write(results):
        file = tmp_path / "results.json"
        file.write_text(json.dumps(results))
        status = pack.main(["--at", AT, "--from", str(file), "--out", str(tmp_path / "out")])
        content = json.loads((tmp_path / "out/validation-pack.json").read_text())
        reader = PdfReader(BytesIO((tmp_path / "out/validation-pack.pdf").read_bytes()))
        text = " ".join(page.extract_text() for page in reader.pages)
        return content, " ".join(text.replace("\u200b", "").split()), reader, status

    return write


def all_met():
    return a_run(a_test(*register.read()))


def test_the_json_is_as_its_schema_says(packed):
    content, *_ = packed(a_run(a_test("P-27", outcome="failed", why="It broke."), a_test()))

    Draft202012Validator.check_schema(SCHEMA)
    assert [error.message for error in Draft202012Validator(SCHEMA).iter_errors(content)] == []
    assert len(content["tests_without_statement"]) == 1


def test_the_paper_says_that_it_is_pdf_a_and_brings_its_fonts(packed):
    _, _, reader, _ = packed(all_met())

    metadata = reader.trailer["/Root"]["/Metadata"].get_object().get_data().decode()
    assert "<pdfaid:part>2</pdfaid:part>" in metadata
    assert "<pdfaid:conformance>B</pdfaid:conformance>" in metadata
    for page in reader.pages:
        for font in page["/Resources"]["/Font"].values():
            (descendant,) = font.get_object()["/DescendantFonts"]
            descriptor = descendant.get_object()["/FontDescriptor"].get_object()
            assert {"/FontFile2", "/FontFile3"} & set(descriptor)


def test_when_every_test_passed_nothing_is_open_and_the_status_is_0(packed):
    content, text, _, status = packed(all_met())

    assert status == 0
    assert {row["verdict"] for row in content["statements"]} == {"met"}
    assert "Every statement is met or is the operator's duty." in text


def test_what_no_passing_test_proves_is_printed_as_not_met(packed):
    ids = set(register.read()) - {"P-27"}
    content, text, _, status = packed(a_run(a_test(*ids)))

    assert status == 1
    assert [r["id"] for r in content["statements"] if r["verdict"] == "not met"] == ["P-27"]
    assert f"1 of {len(ids) + 1} statements are not met." in text
    assert "No test: not met." in text


def test_a_session_that_failed_is_no_success_even_if_every_statement_is_met(packed):
    *_, status = packed({**all_met(), "exit_status": 1})

    assert status == 1


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"whole": False}, "Only a part of the suite was run."),
        ({"not_collected": ["tests/b.py"]}, "1 files of tests could not be loaded."),
        ({}, "The pack was set from another commit than the tests were run on."),
    ],
)
def test_the_first_page_warns_of_what_a_reader_must_know(packed, changes, told):
    _, text, *_ = packed({**all_met(), **changes})

    assert told in text


def test_the_paper_supports_and_never_claims(packed):
    _, text, *_ = packed(all_met())

    assert "supports the operator's validation" in text
    assert "It does not validate the operator's system" in text
    assert "Review and approval by the operator" in text
    for claim in ("is compliant", "fully compliant", "is validated", "certified compliant"):
        assert claim not in text.lower()


def test_passed_cases_of_one_test_are_one_line_and_others_stand_alone():
    cases = [a_test(name=f"tests/a.py::test_a[{n}]") for n in range(3)]
    failed = a_test(name="tests/a.py::test_a[3]", outcome="failed", why="It broke.")

    assert list(paper.lines_of([*cases, failed])) == [
        ("tests/a.py::test_a[3]", "failed", 0.25, "It broke."),
        ("tests/a.py::test_a (3 cases)", "passed", 0.75, ""),
    ]


def test_an_instant_says_its_zone(tmp_path, capsys):
    with pytest.raises(SystemExit):
        pack.main(["--at", "2026-11-22T21:00:00", "--out", str(tmp_path)])
    assert "--at" in capsys.readouterr().err

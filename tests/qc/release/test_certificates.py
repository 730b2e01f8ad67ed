"""Certificates of analysis: what stands on the PDF/A, and what supersedes what."""

import io
from datetime import timedelta

import pytest
from pypdf import PdfReader

from cdmo.accounts.isolation import as_sponsor
from cdmo.blockers import Blocked
from cdmo.records.models import Document
from cdmo.records.services import read_document
from qc.laboratory import services as laboratory
from qc.laboratory.models import Method, Result
from qc.release import services
from qc.release.certificate import render
from qc.release.models import Certificate
from tests.builders.laboratory import a_result
from tests.builders.release import (
    CERTIFIED,
    a_certified_batch,
    a_product_to_release,
    a_tested_batch,
    check_now,
)
from tests.cast import proof_of

pytestmark = [pytest.mark.django_db, pytest.mark.statement("U-15")]

LATER = CERTIFIED + timedelta(days=14)


def reader_of(certificate) -> PdfReader:
    return PdfReader(io.BytesIO(read_document(certificate.document)))


def text_of(certificate) -> str:
    return " ".join(" ".join(page.extract_text().split()) for page in reader_of(certificate).pages)


@pytest.mark.statement("P-21")
def test_the_certificate_states_every_requirement_value_and_signature(cast):
    batch = a_certified_batch(cast)
    certificate = Certificate.objects.get(batch=batch)

    text = text_of(certificate)

    assert certificate.number in text
    assert batch.number in text
    specification = certificate.specification
    assert f"{specification.code}, version {specification.version}" in text
    for line in specification.lines.all():
        assert line.test in text
        assert line.criterion in text
    for method in Method.objects.filter(results__batch=batch):
        assert f"{method.code}, version {method.version}" in text
    for value in ("95", "<0.50", "no growth", "opaque"):
        assert value in text
    assert "Passes" in text
    assert cast.qp.full_name in text
    assert "Qualified Person" in text
    assert "I certify that this batch" in text
    assert certificate.content_sha256 in text.replace(" ", "")
    assert "Page 1 of" in text
    assert "IST" in text
    assert "CONDITIONAL" not in text


def test_the_file_says_that_it_is_pdf_a_and_brings_its_fonts(cast):
    certificate = Certificate.objects.get(batch=a_certified_batch(cast))
    reader = reader_of(certificate)

    metadata = reader.trailer["/Root"]["/Metadata"].get_object().get_data().decode()
    assert "<pdfaid:part>2</pdfaid:part>" in metadata
    assert "<pdfaid:conformance>B</pdfaid:conformance>" in metadata
    for page in reader.pages:
        for font in page["/Resources"]["/Font"].values():
            (descendant,) = font.get_object()["/DescendantFonts"]
            descriptor = descendant.get_object()["/FontDescriptor"].get_object()
            assert {"/FontFile2", "/FontFile3"} & set(descriptor)


def test_a_conditional_certificate_is_marked_and_superseded_by_the_final_one(cast):
    product = a_product_to_release(cast, allows_conditional_release=True)
    batch = a_tested_batch(cast, product, results={"sterility": None})
    check_now(batch)
    batch = services.certify_conditionally(
        batch=batch, by=cast.qp, at=CERTIFIED, proof=proof_of(cast.qp, CERTIFIED)
    )
    first = Certificate.objects.get(batch=batch)
    assert "CONDITIONAL" in text_of(first)
    assert "These follow: sterility" in text_of(first)
    assert "Pending" in text_of(first)

    a_result(cast, batch.samples.get(), "sterility", "no growth", at=LATER)
    check_now(batch, at=LATER)
    services.certify(batch=batch, by=cast.qp, at=LATER, proof=proof_of(cast.qp, LATER))

    final = Certificate.objects.get(batch=batch, issue=2)
    assert (final.supersedes, final.conditional) == (first, False)
    assert f"supersedes {first.number}" in text_of(final)
    assert "CONDITIONAL" not in text_of(final)


def test_a_re_issue_is_numbered_gives_its_reason_and_leaves_the_first_as_it_was(cast):
    batch = a_certified_batch(cast)
    first = Certificate.objects.get(batch=batch)
    before = first.document.sha256

    second = services.reissue_certificate(
        certificate=first, by=cast.qa, at=LATER, reason="The clinic's address was wrong."
    )

    assert (second.issue, second.supersedes) == (2, first)
    assert second.number != first.number
    assert "The clinic's address was wrong" in text_of(second).replace("’", "'")
    assert Document.objects.get(pk=first.document_id).sha256 == before
    read_document(first.document)


def test_a_re_issue_lists_every_objection(cast):
    batch = a_certified_batch(cast)
    first = Certificate.objects.get(batch=batch)
    services.reissue_certificate(certificate=first, by=cast.qa, at=LATER, reason="Lost.")

    with pytest.raises(Blocked) as refusal:
        services.reissue_certificate(certificate=first, by=cast.operator, at=LATER, reason=" ")

    assert set(refusal.value.codes) == {"no_right", "no_reason", "superseded"}
    assert Certificate.objects.filter(batch=batch).count() == 2


def test_an_optional_test_that_was_not_done_is_named_so_and_promised_to_nobody(cast):
    batch = a_tested_batch(cast, results={"appearance": None})
    check_now(batch)
    services.certify(batch=batch, by=cast.qp, at=CERTIFIED, proof=proof_of(cast.qp, CERTIFIED))

    text = text_of(Certificate.objects.get(batch=batch))

    assert "appearance" in text
    assert "not tested" in text
    assert "follows" not in text


def test_nothing_is_issued_again_that_the_certification_did_not_see(cast):
    batch = a_certified_batch(cast)
    first = Certificate.objects.get(batch=batch)
    result = Result.objects.get(batch=batch, test="viability")
    laboratory.invalidate_result(result=result, by=cast.qa, at=LATER, reason="Wrong sample.")

    with pytest.raises(Blocked) as refusal:
        services.reissue_certificate(certificate=first, by=cast.qa, at=LATER, reason="Lost.")

    assert {"RC-02", "RC-03"} <= set(refusal.value.codes)
    assert Certificate.objects.filter(batch=batch).count() == 1


CONTENT = {
    "number": "COA-1", "issue": 1, "supersedes": "", "reason": "", "issued_at": "", "purpose": "",
    "issued_local": "", "conditional": False, "certification": "C", "evidence_sha256": "0" * 64,
    "manufacturer": "M", "site": "S", "sponsor": "X", "product": "P", "batch": "B", "coi": "",
    "process_version": "", "started": "", "completed": "", "expires": "", "yield": "",
    "specification": "SP", "lines": [], "pending": [], "signatures": [], "demonstration": False,
}  # fmt: skip


@pytest.mark.parametrize(
    "name",
    ["#sys.inputs", "$x^2$ *bold* _it_ <b> @ref", '"] #panic("no")', "// gone", "\\u{41}", "= H"],
)
def test_text_is_data_and_never_becomes_markup(name):
    pdf = render({**CONTENT, "sponsor": name}, digest="0" * 64)

    text = " ".join(PdfReader(io.BytesIO(pdf)).pages[0].extract_text().split())
    assert name in text.replace("”", '"').replace("“", '"')


@pytest.mark.parametrize("name", ["漢字製薬", "ไทย", "bell \x07", "😀"])
def test_letters_that_no_font_has_are_spelt_out_instead_of_stopping_a_release(name):
    pdf = render({**CONTENT, "sponsor": name}, digest="0" * 64)

    assert "[U+" in PdfReader(io.BytesIO(pdf)).pages[0].extract_text()


def test_a_sponsor_reads_its_own_certificates_only(cast):
    certificate = Certificate.objects.get(batch=a_certified_batch(cast))

    with as_sponsor(cast.kadimastem.pk):
        mine = [read_document(c.document)[:5] for c in Certificate.objects.all()]
    with as_sponsor(cast.ixaka.pk):
        others = Certificate.objects.filter(pk=certificate.pk).exists()

    assert (mine, others) == ([b"%PDF-"], False)

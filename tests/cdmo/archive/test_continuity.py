"""When the system is down: sheets on paper, and what was written on them entered afterwards."""

import io
import json
from datetime import timedelta

import pypdf
import pytest

from batches.manufacture import services as manufacture
from batches.manufacture.models import BatchStep
from cdmo.archive import tasks
from cdmo.archive.continuity import write_pack
from cdmo.blockers import Blocked
from cdmo.records.canonical import sha256
from tests.builders.manufacture import STARTED, a_planned_batch, a_started_batch, step_of
from tests.builders.release import a_tested_batch

pytestmark = [pytest.mark.django_db, pytest.mark.statement("P-39")]
DOWN = STARTED + timedelta(hours=1)


def text(path) -> str:
    pages = pypdf.PdfReader(io.BytesIO(path.read_bytes())).pages
    return "\n".join(page.extract_text() for page in pages).replace("\u200b", "")


def test_the_pack_holds_a_sheet_of_each_batch_in_work_and_of_no_other(cast, tmp_path):
    started = a_started_batch(cast)
    planned = a_planned_batch(cast)
    tested = a_tested_batch(cast)
    manufacture.perform_step(
        step=step_of(started, "CLEAR"), value="done", by=cast.operator, at=DOWN
    )

    folder = write_pack(tmp_path, at=DOWN)

    assert {path.name for path in folder.iterdir()} == {
        *("overview.pdf", "manifest.json", f"{started.number}.pdf")
    }
    told = json.loads((folder / "manifest.json").read_bytes())
    for name, digest in told["files"].items():
        assert sha256((folder / name).read_bytes()) == digest
    sheet = text(folder / f"{started.number}.pdf")
    assert cast.operator.full_name in sheet.replace("\n", " ")
    assert "HARVEST" in sheet
    assert "late entries" in sheet.replace("\n", " ")
    shown = text(folder / "overview.pdf")
    assert started.number in shown.replace("\n", "")
    assert planned.number not in shown
    assert tested.number not in shown


def test_what_was_written_on_paper_is_entered_late_and_verified_by_a_second_person(cast):
    batch = a_started_batch(cast)
    up_again = DOWN + timedelta(hours=5)
    act = {"value": "done", "by": cast.operator, "at": up_again, "performed_at": DOWN}
    step = step_of(batch, "CLEAR")

    with pytest.raises(Blocked) as refusal:
        manufacture.perform_step(step=step, **act)
    assert "late_without_comment" in refusal.value.codes
    manufacture.perform_step(step=step, comment="From the batch sheet, system down.", **act)
    with pytest.raises(Blocked):
        manufacture.verify_step(step=step_of(batch, "CLEAR"), by=cast.operator, at=up_again)
    manufacture.verify_step(step=step_of(batch, "CLEAR"), by=cast.supervisor, at=up_again)

    step = BatchStep.objects.get(pk=step.pk)
    assert (step.performed_at, step.recorded_at) == (DOWN, up_again)
    assert step.verified_by == cast.supervisor


def test_the_scheduler_writes_sheets_where_it_was_told_to(cast, tmp_path, settings):
    settings.CONTINUITY_DIR = ""
    assert tasks.continuity() is None
    settings.CONTINUITY_DIR = str(tmp_path / "sheets")
    a_started_batch(cast)

    assert tasks.continuity()
    assert len(list((tmp_path / "sheets").glob("continuity-*/*.pdf"))) == 2

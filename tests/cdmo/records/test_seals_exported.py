"""Exported seals and rows are checked by the script in docs, which knows nothing of this system."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from cdmo.records.models import AuditEvent, Seal
from cdmo.records.seals import making
from cdmo.records.seals.form import sealed_models
from cdmo.records.seals.making import seal_rows
from cdmo.records.services import record_event
from tests.builders.portfolio import a_product, an_agreement
from tests.cast import NOON

pytestmark = [pytest.mark.django_db, pytest.mark.statement("P-11"), pytest.mark.statement("P-48")]
SCRIPT = Path(__file__).resolve().parents[3] / "docs/verify_seals.py"
AWKWARD = 'a "quoted" µL\n\ttab, \u2028 line, \\ and 95.10'


def check(*arguments) -> tuple[int, list[str]]:
    """Run the script as an auditor would: a plain Python, isolated, without our packages."""
    done = subprocess.run(
        [sys.executable, "-I", "-S", SCRIPT, *arguments],
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert not done.stderr or done.returncode == 2, done.stderr
    return done.returncode, done.stdout.splitlines() or [done.stderr]


@pytest.fixture
def exported(cast, tmp_path, monkeypatch):
    """Two seals over small blocks, and their rows, as files."""
    monkeypatch.setattr(making, "BLOCK", 10)
    product = a_product(cast)
    an_agreement(cast)
    seal_rows(by=None, at=NOON)
    for place in range(4):
        record_event(
            verb="product.note",
            record=product,
            by=cast.qa,
            at=NOON,
            reason=f"{AWKWARD} {place}",
            new={"value": "95.10", "at": "2026-11-20T12:00:00.100Z", "n": [1.50, None]},
        )
    seal_rows(by=None, at=NOON)
    seals, rows = tmp_path / "seals.jsonl", tmp_path / "rows.jsonl"
    call_command("export_seals", str(seals), rows=str(rows), verbosity=0)
    return seals, rows


def test_what_was_exported_holds(exported):
    seals, rows = exported
    count = sum(model.objects.count() for model in sealed_models())
    count -= 1  # that the chain was exported was written after it
    assert check(seals, "--rows", rows) == (0, [f"2 seals, {count} rows: all hold"])
    assert check(seals) == (0, ["2 seals, 0 rows: all hold"])


@pytest.mark.statement("P-09")
def test_a_copy_made_at_the_machine_is_on_record(exported):
    event = AuditEvent.objects.get(verb="seals.export")
    last = Seal.objects.get(number=2)
    assert (event.record_type, event.record, event.by_name) == ("seal", last.key, "system")
    assert event.new == {"through": 2, "sha256": last.sha256, "rows": True}


def test_the_exported_rows_can_be_read_as_json(exported):
    lines = [json.loads(line) for line in exported[1].read_text("utf-8").split("\n")[:-1]]
    assert sum(any(str(v).startswith(AWKWARD) for v in line["row"]) for line in lines) == 4


def edit(file, pattern, replacement):
    text = file.read_text("utf-8")
    assert re.search(pattern, text)
    file.write_text(re.sub(pattern, replacement, text, count=1), "utf-8")


def of_events(rows) -> list[str]:
    return [line for line in rows.read_text("utf-8").split("\n") if "product.note" in line]


def without(rows, line):
    rows.write_text(rows.read_text("utf-8").replace(line + "\n", ""), "utf-8")


def test_a_changed_digit_is_named(exported):
    seals, rows = exported
    pk = json.loads(of_events(rows)[2])["id"]
    edit(rows, rf'("id":{pk},.*?"value": "95\.1)0', r"\g<1>1")
    assert check(seals, "--rows", rows)[1][0] == f"records_auditevent {pk}: was changed (seal 2)"


def test_a_line_taken_out_is_named(exported):
    seals, rows = exported
    line = of_events(rows)[1]
    without(rows, line)
    code, lines = check(seals, "--rows", rows)
    assert code == 1
    assert lines[0] == f"records_auditevent {json.loads(line)['id']}: was removed (seal 2)"


def test_lines_in_another_order_are_named(exported):
    seals, rows = exported
    one, other = of_events(rows)[:2]
    text = rows.read_text("utf-8")
    rows.write_text(text.replace(f"{one}\n{other}\n", f"{other}\n{one}\n"), "utf-8")
    assert "another order (seal 2)" in check(seals, "--rows", rows)[1][0]


def test_a_line_put_in_is_named(exported):
    seals, rows = exported
    line = of_events(rows)[0]
    edit(rows, re.escape(line), (line + "\n" + line).replace("\\", "\\\\"))
    code, lines = check(seals, "--rows", rows)
    assert code == 1
    assert "records_auditevent" in lines[0]


def test_a_line_behind_the_end_is_named(exported):
    seals, rows = exported
    with rows.open("a", encoding="utf-8") as file:
        file.write('{"table":"records_auditevent","id":99999999,"row":["x"]}\n')
    assert "is not where a seal expects it" in check(seals, "--rows", rows)[1][0]


def test_a_changed_digit_of_a_seal_is_named(exported):
    seals, _ = exported
    edit(seals, r'(\\"number\\":)2', r"\g<1>3")
    code, lines = check(seals)
    assert code == 1
    assert "seal 3: its content does not have its SHA-256" in lines


def test_a_seal_taken_out_is_named(exported):
    seals, _ = exported
    seals.write_text(seals.read_text("utf-8").split("\n")[1] + "\n", "utf-8")
    code, lines = check(seals)
    assert code == 1
    assert "seal 2: stands where seal 1 should" in lines
    assert "seal 2: does not follow on the seal before it" in lines


def test_an_older_copy_tells_of_a_shorter_chain(exported, tmp_path):
    seals, _ = exported
    copy = tmp_path / "copy.jsonl"
    copy.write_bytes(seals.read_bytes())
    seals.write_text(seals.read_text("utf-8").split("\n")[0] + "\n", "utf-8")
    assert check(seals)[0] == 0
    code, lines = check(seals, "--against", copy)
    assert (code, lines[0]) == (1, "seal 2: is in the older copy and no longer here")


@pytest.mark.parametrize("text", ["", "no rows\n"])
def test_a_file_that_cannot_be_read_stops_in_words(exported, tmp_path, text):
    seals, rows = exported
    rows.write_text(text)
    code, lines = check(seals, "--rows", rows)
    assert code == (2 if text else 1)
    assert "Traceback" not in "".join(lines)


def test_an_export_that_cannot_be_written_says_so(exported, tmp_path):
    with pytest.raises(CommandError, match="cannot be written"):
        call_command("export_seals", str(tmp_path / "none" / "seals.jsonl"))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["rows.jsonl", "seals.jsonl"]

"""The diagrams in docs/states are what states.py says."""

import pytest
from django.core.management import CommandError, call_command

from batches.deviations.states import DEVIATION_MOVES
from cdmo.runtime.management.commands.state_diagrams import draw


def test_the_diagrams_in_the_documentation_are_up_to_date():
    call_command("state_diagrams", "--check")


def test_a_diagram_that_is_out_of_date_fails_the_check(settings, tmp_path):
    for folder in ("cdmo", "batches", "qc", "techtransfer"):
        (tmp_path / folder).symlink_to(settings.BASE_DIR / folder)
    settings.BASE_DIR = tmp_path

    call_command("state_diagrams")
    call_command("state_diagrams", "--check")
    page = tmp_path / "docs/states/batches-deviations.md"
    page.write_text(page.read_text().replace("close", "shut"))
    (tmp_path / "docs/states/gone.md").write_text("a room that is no more")

    with pytest.raises(CommandError, match=r"batches-deviations\.md, gone\.md"):
        call_command("state_diagrams", "--check")


def test_a_diagram_shows_where_a_record_begins_and_ends_and_what_is_signed():
    drawn = draw("DEVIATION_MOVES", DEVIATION_MOVES)

    assert "[*] --> open" in drawn
    assert "investigating --> closed: close ✍" in drawn
    assert "closed --> [*]" in drawn
    assert "investigating --> [*]" not in drawn

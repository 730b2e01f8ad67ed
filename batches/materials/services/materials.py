"""The list of materials."""

from batches.materials import rules
from batches.materials.models import Material
from batches.materials.services.races import refusals_in_words
from cdmo.blockers import Blocker, ensure_clear
from cdmo.records.acting import service
from cdmo.records.services import record_event


@service
def create_material(
    *, code, name, unit, by, at, kind="raw_material", critical=False, illustrative=False, reason=""
):
    """Add a kind of material that lots can be of. Raises Blocked."""
    ensure_clear([*rules.material_right_blockers(by), *rules.unit_blockers(unit), *_taken(code)])
    with refusals_in_words():
        material = Material.objects.create(
            code=code, name=name, unit=unit, kind=kind, critical=critical, illustrative=illustrative
        )
    record_event(verb="material.create", record=material, by=by, at=at, reason=reason)
    return material


def _taken(code):
    if Material.objects.filter(code=code).exists():
        yield Blocker("code_taken", f"There is already a material {code}. Codes are never reused.")

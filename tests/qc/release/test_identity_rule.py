"""RC-27: one scan that did not match fails a batch for ever, whatever else was scanned."""

import pytest

from qc.release import rules
from tests.qc.release.evidence import NOW, of_a_patient

pytestmark = pytest.mark.statement("RC-27")


@pytest.mark.parametrize("which", [0, 1])
@pytest.mark.parametrize("change", [{"matched": False}, {"coi": "COI-2"}])
def test_a_scan_that_did_not_match_fails_although_every_handover_was_scanned(which, change):
    scans = list(of_a_patient().scans)
    scans.insert(which, scans[which]._replace(**change))

    (found,) = [f for f in rules.judge(of_a_patient(scans=scans), at=NOW) if f["rule"] == "RC-27"]

    assert found["outcome"] == "fail"
    assert "did not match COI-1" in found["message"]

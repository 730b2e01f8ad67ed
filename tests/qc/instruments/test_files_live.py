"""The real worker and scheduler read an upload, without anybody asking them to."""

from django.utils import timezone

from tests.builders.instruments import an_instrument, an_uploaded_file, blu_file


def test_the_scheduler_has_the_worker_read_what_waits(live_stack, cast):
    now = timezone.now()
    file = an_uploaded_file(cast, an_instrument(cast), at=now)
    empty = an_uploaded_file(cast, file.instrument, data=b"", at=now)
    far = an_uploaded_file(cast, file.instrument, data=blu_file("S-1")[:40], at=now)

    def ended():
        for one in (file, empty, far):
            one.refresh_from_db()
        return all(one.status in {"read", "failed"} for one in (file, empty, far))

    live_stack.wait_for(ended, "the files to be read", patience=90)
    assert [one.status for one in (file, empty, far)] == ["read", "failed", "failed"]
    assert file.measurements.get(quantity="viability").value == "93.3"
    assert file.runs.filter(role="first").count() == 1

"""How far the seals reach, and whether that is as it should be: for a page, a probe, a verifier."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from cdmo.records.models import AuditEvent, Seal
from cdmo.records.seals.content import Content
from cdmo.records.seals.form import LOWEST, sealed_models

# A worker seals every minute; a long transaction may hold it up for a while.
LATE = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Coverage:
    """The last seal, and since when audit events wait for the next one (None: none waits)."""

    last: Seal | None
    covered: dict[str, int]
    since: datetime | None

    @classmethod
    def now(cls) -> "Coverage":
        """Look. Two queries by index, whatever the length of the trail."""
        last = Seal.objects.first()
        covered = {}
        if last is not None:
            try:
                covered = Content.parse(last.content).covered
            except (ValueError, KeyError, TypeError):
                pass  # a damaged seal covers nothing; verify_records names it
        rows = AuditEvent.objects.filter(pk__gt=covered.get(AuditEvent._meta.db_table, LOWEST))
        since = rows.order_by("pk").values_list("logged_at", flat=True).first()
        return cls(last, covered, since)

    def waiting(self) -> int:
        """Return how many rows of all tables are under no seal yet."""
        return sum(
            model._default_manager.filter(
                pk__gt=self.covered.get(model._meta.db_table, LOWEST)
            ).count()
            for model in sealed_models()
        )

    def is_late(self, at: datetime) -> bool:
        return self.since is not None and at - self.since > LATE

    def is_ahead(self, at: datetime) -> bool:
        """Whether the last seal is of a time to come: a clock has been set back since."""
        return self.last is not None and self.last.sealed_at - at > LATE

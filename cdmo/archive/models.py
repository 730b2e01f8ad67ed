"""Exports of dossiers, imported copies of them, and backups as they were made."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from cdmo.accounts.models import Regulated, SponsorOwned, SponsorOwnedQuerySet
from cdmo.archive.states import BackupStatus, Edition, ExportStatus
from cdmo.history import append_only, final, kept, sponsor_guards


class DossierQuerySet(SponsorOwnedQuerySet):
    def shown_to_sponsor(self, organisation_id):
        """What was made for the sponsor, once it is there."""
        return self.filter(
            sponsor_id=organisation_id, edition=Edition.SPONSOR, status=ExportStatus.DONE
        )


class Dossier(SponsorOwned):
    """One export of one batch: asked for, written by a worker, signed. The row is the job."""

    record_type = "dossier"
    key_field = "number"
    sponsor_parents = ("batch",)
    sponsor_sees = "edition = 'sponsor' AND status = 'done'"

    number = models.CharField(max_length=40, unique=True)
    batch = models.ForeignKey("batches.Batch", on_delete=models.PROTECT, related_name="dossiers")
    edition = models.CharField(max_length=8, choices=Edition)
    status = models.CharField(
        max_length=8, choices=ExportStatus, default=ExportStatus.QUEUED, editable=False
    )
    reason = models.CharField(max_length=2000, blank=True)
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    asked_at = models.DateTimeField()
    attempts = models.PositiveSmallIntegerField(default=0, editable=False)
    claimed_at = models.DateTimeField(null=True, editable=False)
    done_at = models.DateTimeField(null=True, editable=False)
    error = models.TextField(blank=True, editable=False)
    # The JSON file's own SHA-256, what the detached signature is over, and by which key.
    sha256 = models.CharField(max_length=64, blank=True, editable=False)
    signature = models.CharField(max_length=120, blank=True, editable=False)
    signing_key = models.CharField(max_length=120, blank=True, editable=False)
    json = models.ForeignKey(
        "records.Document", null=True, on_delete=models.PROTECT, related_name="+"
    )
    pdf = models.ForeignKey(
        "records.Document", null=True, on_delete=models.PROTECT, related_name="+"
    )

    objects = DossierQuerySet.as_manager()

    class Meta(SponsorOwned.Meta):
        ordering = ["-id"]
        triggers = [
            *kept(),
            *sponsor_guards(),
            final(
                "done_is_final",
                ExportStatus.DONE.value,
                "A dossier that was made is never changed.",
            ),
        ]
        indexes = [
            models.Index(
                fields=["id"],
                name="archive_dossier_waiting",
                condition=Q(status__in=["queued", "running"]),
            ),
        ]
        constraints = [
            models.CheckConstraint(
                name="archive_dossier_status", condition=Q(status__in=ExportStatus.values)
            ),
            models.CheckConstraint(
                name="archive_dossier_done_is_signed",
                condition=~Q(status="done")
                | (Q(json__isnull=False, pdf__isnull=False) & ~Q(sha256="") & ~Q(signature="")),
            ),
        ]


class ImportedDossier(models.Model):
    """A dossier that came from another installation: read here, never a batch of this one.

    Keys stand as text, because nothing they name need exist here.
    """

    record_type = "imported_dossier"
    key_field = "number"

    number = models.CharField(max_length=40, unique=True)
    batch = models.CharField(max_length=60)
    product = models.CharField(max_length=40)
    sponsor_name = models.CharField(max_length=200)
    edition = models.CharField(max_length=8)
    schema = models.CharField(max_length=60)
    made_at = models.DateTimeField()
    made_by = models.CharField(max_length=255)
    made_with = models.CharField(max_length=40)
    filename = models.CharField(max_length=255)
    size = models.BigIntegerField()
    sha256 = models.CharField(max_length=64, unique=True)
    # Empty: it came without a signature. A signature that is wrong is refused.
    signature = models.CharField(max_length=120, blank=True)
    signing_key = models.CharField(max_length=120, blank=True)
    key_was_known = models.BooleanField(default=False)
    imported_at = models.DateTimeField()
    imported_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    imported_by_name = models.CharField(max_length=255)

    class Meta:
        ordering = ["-id"]
        triggers = append_only()

    def __str__(self):
        return self.number

    @property
    def key(self):
        return self.number


class ImportedContent(models.Model):
    """The bytes of an imported dossier, as they came."""

    imported = models.OneToOneField(
        ImportedDossier, on_delete=models.PROTECT, related_name="content"
    )
    data = models.BinaryField()

    class Meta:
        triggers = append_only()

    def __str__(self):
        return f"bytes of {self.imported_id}"


class Backup(Regulated):
    """One backup as it was attempted: where, how large, and whether it succeeded."""

    record_type = "backup"

    status = models.CharField(
        max_length=8, choices=BackupStatus, default=BackupStatus.RUNNING, editable=False
    )
    scheduled = models.BooleanField(default=False)
    started_at = models.DateTimeField()
    done_at = models.DateTimeField(null=True, editable=False)
    folder = models.CharField(max_length=400, blank=True)
    size = models.BigIntegerField(default=0)
    rows_count = models.BigIntegerField(default=0)
    encrypted = models.BooleanField(default=False)
    manifest_sha256 = models.CharField(max_length=64, blank=True)
    error = models.TextField(blank=True)

    class Meta(Regulated.Meta):
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                name="archive_backup_status", condition=Q(status__in=BackupStatus.values)
            )
        ]


__all__ = ["Backup", "Dossier", "ImportedContent", "ImportedDossier"]

"""Rows that are written once: audit events, signatures, documents. PostgreSQL refuses the rest."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from cdmo.accounts.models import Organisation, SponsorOwnedQuerySet
from cdmo.history import append_only


class MaybeSponsoredQuerySet(SponsorOwnedQuerySet):
    """Rows whose sponsor may be empty (the CDMO's own): a sponsor sees only rows with its name."""


class AuditEvent(models.Model):
    """One line of the audit trail.

    `change` rows come from triggers (old and new values of changed fields); `event` rows from
    services, in the verbs of the plant. `shared` events are the milestones a sponsor may read.
    """

    class Kind(models.TextChoices):
        CHANGE = "change", "Field change"
        EVENT = "event", "Event"

    key_field = "id"
    sponsor_sees = "shared"

    kind = models.CharField(max_length=6, choices=Kind)
    at = models.DateTimeField()
    logged_at = models.DateTimeField(db_default=models.functions.Now())
    # Compared byte for byte, so that one index serves equality, "begins with" and the order.
    verb = models.CharField(max_length=60, db_collation="C")
    record_type = models.CharField(max_length=40)
    record_id = models.BigIntegerField(null=True)
    record = models.CharField(max_length=120, db_collation="C")
    sponsor = models.ForeignKey(Organisation, null=True, on_delete=models.PROTECT, related_name="+")
    old = models.JSONField(null=True)
    new = models.JSONField(null=True)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    by_name = models.CharField(max_length=255, default="", db_collation="C")
    role = models.CharField(max_length=120, default="")
    reason = models.TextField(default="")
    request_id = models.CharField(max_length=64, default="")
    app_version = models.CharField(max_length=40, default="")
    database_user = models.CharField(max_length=80, default="")
    shared = models.BooleanField(default=False)

    objects = MaybeSponsoredQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["record_type", "record_id", "-id"], name="records_event_record"),
            models.Index(fields=["sponsor", "-id"], name="records_event_sponsor"),
            models.Index(fields=["-at"], name="records_event_at"),
            # What the trail is sorted and searched by (11.10(e)); each ends in the id, so that a
            # page begins where the last one ended.
            models.Index(fields=["record", "id"], name="records_event_key"),
            models.Index(fields=["by_name", "id"], name="records_event_by"),
            models.Index(fields=["verb", "id"], name="records_event_verb"),
            # Changes in nobody's name: few, and every release check asks for them.
            models.Index(
                fields=["record_type", "record_id"],
                name="records_event_outside",
                condition=Q(kind="change", by_name=""),
            ),
        ]
        triggers = append_only()

    def __str__(self):
        return f"{self.verb} {self.record}"

    @property
    def key(self):
        return str(self.pk)


class Signature(models.Model):
    """A person's electronic signature under one record's content (21 CFR 11.50, 11.70)."""

    key_field = "id"
    sponsor_sees = (
        "record_type IN ('batch', 'certification', 'certificate', 'specification', 'agreement',"
        " 'transfer_gate', 'gate_decision')"
    )

    record_type = models.CharField(max_length=40)
    record_id = models.BigIntegerField()
    record = models.CharField(max_length=120)
    sponsor = models.ForeignKey(Organisation, null=True, on_delete=models.PROTECT, related_name="+")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    printed_name = models.CharField(max_length=200)
    email = models.CharField(max_length=254)
    role = models.CharField(max_length=120)
    verb = models.CharField(max_length=60)
    meaning = models.CharField(max_length=200)
    at = models.DateTimeField()
    reason = models.TextField(default="")
    content = models.TextField(help_text="Canonical JSON of what was signed.")
    content_sha256 = models.CharField(max_length=64)
    method = models.CharField(max_length=20, default="password")

    objects = MaybeSponsoredQuerySet.as_manager()

    class Meta:
        ordering = ["at", "id"]
        indexes = [
            models.Index(fields=["record_type", "record_id"], name="records_signature_record")
        ]
        triggers = append_only()

    def __str__(self):
        return f"{self.printed_name}: {self.meaning}"

    @property
    def key(self):
        return str(self.pk)

    @property
    def voided_at(self):
        void = getattr(self, "void", None)
        return void.at if void else None


class SignatureVoid(models.Model):
    """A signature no longer stands, because what was signed has changed. The signature stays."""

    sponsor_sees = (
        "EXISTS (SELECT 1 FROM records_signature s"
        + " WHERE s.id = signature_id AND s.sponsor_id = {mine})"
    )

    signature = models.OneToOneField(Signature, on_delete=models.PROTECT, related_name="void")
    at = models.DateTimeField()
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    by_name = models.CharField(max_length=255, default="")
    reason = models.TextField()

    class Meta:
        triggers = append_only()

    def __str__(self):
        return f"{self.signature} voided"


class Document(models.Model):
    """An immutable document: what was received or issued, byte for byte, with its SHA-256."""

    class Kind(models.TextChoices):
        CERTIFICATE = "certificate", "Certificate of analysis"
        INSTRUMENT_FILE = "instrument_file", "Instrument file"
        CALIBRATION = "calibration", "Calibration record"
        AGREEMENT = "agreement", "Agreement"
        TRANSFER = "transfer", "Transfer document"
        DOSSIER = "dossier", "Batch dossier"
        SPONSOR_DOSSIER = "sponsor_dossier", "Batch dossier for the sponsor"
        OTHER = "other", "Other"

    # A sponsor reads certificates and the dossiers made for it; everything else stays inside.
    sponsor_sees = "kind IN ('certificate', 'sponsor_dossier')"

    number = models.CharField(max_length=40, unique=True)
    kind = models.CharField(max_length=20, choices=Kind)
    title = models.CharField(max_length=200)
    filename = models.CharField(max_length=255)
    media_type = models.CharField(max_length=120)
    size = models.BigIntegerField()
    sha256 = models.CharField(max_length=64, db_index=True)
    sponsor = models.ForeignKey(Organisation, null=True, on_delete=models.PROTECT, related_name="+")
    record_type = models.CharField(max_length=40, blank=True)
    record_id = models.BigIntegerField(null=True)
    record = models.CharField(max_length=120, blank=True)
    created_at = models.DateTimeField()
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )

    key_field = "number"

    objects = MaybeSponsoredQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        triggers = append_only()

    def __str__(self):
        return self.number

    @property
    def key(self):
        return self.number


class DocumentContent(models.Model):
    """The bytes, apart from the facts, so that a list of documents never loads them."""

    sponsor_sees = "EXISTS (SELECT 1 FROM records_document d WHERE d.id = document_id)"

    document = models.OneToOneField(Document, on_delete=models.PROTECT, related_name="content")
    data = models.BinaryField()

    class Meta:
        triggers = append_only()

    def __str__(self):
        return f"bytes of document {self.document_id}"


class Outbox(models.Model):
    """A change that may bear on batches, written in the change's own transaction (law 9).

    The release room's sweep claims these rows and queues checks. Rows are work, not records: they
    are deleted once handled.
    """

    record_type = models.CharField(max_length=40)
    record_id = models.BigIntegerField()
    at = models.DateTimeField()
    cause = models.CharField(max_length=200)

    class Meta:
        verbose_name_plural = "outbox"

    def __str__(self):
        return self.cause


class SigningAttempt(models.Model):
    """A failed re-authentication (P-27): counted for the lockout, never deleted."""

    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    record_type = models.CharField(max_length=40)
    record = models.CharField(max_length=120)
    verb = models.CharField(max_length=60)

    class Meta:
        indexes = [models.Index(fields=["by", "-at"], name="records_attempt_by")]
        triggers = append_only()

    def __str__(self):
        return f"{self.by_id} {self.verb}"


class Seal(models.Model):
    """One link of the chain over all rows written once; see cdmo.records.seals.

    `content` is what was sealed, as canonical JSON; the other columns repeat parts of it for
    reading. Each seal's content holds the SHA-256 of the seal before it.
    """

    record_type = "seal"
    key_field = "number"

    number = models.BigIntegerField(unique=True)
    sealed_at = models.DateTimeField()
    app_version = models.CharField(max_length=40)
    rows = models.BigIntegerField(help_text="How many rows came under a seal with this one.")
    previous_sha256 = models.CharField(max_length=64, blank=True)
    content = models.TextField(help_text="Canonical JSON of what was sealed.")
    sha256 = models.CharField(max_length=64, unique=True)

    class Meta:
        ordering = ["-number"]
        triggers = append_only()

    def __str__(self):
        return f"Seal {self.number}"

    @property
    def key(self):
        return str(self.number)


class SealedBlock(models.Model):
    """Rows of one table under one seal, a digest each, so that a damaged row can be named.

    The proof does not lean on this table: the seal's content has the SHA-256 of `leaves`.
    """

    seal = models.ForeignKey(Seal, on_delete=models.PROTECT, related_name="blocks")
    table = models.CharField(max_length=63)
    after = models.BigIntegerField()
    through = models.BigIntegerField()
    leaves = models.BinaryField(help_text="40 bytes a row: its id, then its SHA-256.")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["table", "after"], name="records_block_once"),
            models.CheckConstraint(
                name="records_block_forward", condition=Q(through__gt=models.F("after"))
            ),
        ]
        triggers = append_only()

    def __str__(self):
        return f"{self.table} {self.after}–{self.through}"


class Counter(models.Model):
    """The last number given out in a series, for human-readable keys that are never reused."""

    series = models.CharField(max_length=60, unique=True)
    last = models.BigIntegerField(default=0)

    class Meta:
        constraints = [
            models.CheckConstraint(name="records_counter_positive", condition=Q(last__gte=0))
        ]

    def __str__(self):
        return self.series

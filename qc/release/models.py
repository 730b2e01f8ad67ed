"""Release checks with what they saw, justifications, certifications, certificates."""

from django.db import models
from django.db.models import Q

from cdmo.accounts.models import SponsorOwned, SponsorOwnedQuerySet
from cdmo.history import append_only, final, kept, sponsor_guards
from qc.release.states import CheckStatus, CheckVerdict


class ReleaseCheckQuerySet(SponsorOwnedQuerySet):
    def shown_to_sponsor(self, organisation_id):
        """Checks that have ended; of those only verdict and digest, never what was seen."""
        return self.filter(sponsor_id=organisation_id, status=CheckStatus.DONE)

    def waiting(self):
        """Checks that somebody still has to run, or is running."""
        return self.filter(status__in=[CheckStatus.QUEUED, CheckStatus.RUNNING])

    def latest(self):
        """The last check that ended, of each batch."""
        newer = self.model.objects.filter(
            batch_id=models.OuterRef("batch_id"),
            status=CheckStatus.DONE,
            pk__gt=models.OuterRef("pk"),
        )
        return self.filter(status=CheckStatus.DONE).exclude(models.Exists(newer))


class ReleaseCheck(SponsorOwned):
    """One evaluation of one batch. The row is the job; once done it never changes again.

    What it saw and found in full stands in `seen`, which no sponsor reads; `digest` is a list of
    {rule, title, outcome, since}. Shown again years later as it was.
    """

    record_type = "release_check"
    sponsor_parents = ("batch",)
    sponsor_sees = "status = 'done'"
    history_hidden = ("digest",)

    batch = models.ForeignKey(
        "batches.Batch", on_delete=models.PROTECT, related_name="release_checks"
    )
    status = models.CharField(
        max_length=8, choices=CheckStatus, default=CheckStatus.QUEUED, editable=False
    )
    verdict = models.CharField(max_length=12, choices=CheckVerdict, blank=True, editable=False)
    cause = models.CharField(max_length=200, blank=True)
    queued_at = models.DateTimeField()
    queued_by = models.ForeignKey(
        "accounts.User", null=True, on_delete=models.PROTECT, related_name="+"
    )
    started_at = models.DateTimeField(null=True, editable=False)
    evaluated_at = models.DateTimeField(null=True, editable=False)
    attempts = models.PositiveSmallIntegerField(default=0, editable=False)
    valid_until = models.DateTimeField(
        null=True,
        editable=False,
        help_text="From then on time alone may turn an answer; empty: it stands until a change.",
    )
    rules_version = models.CharField(max_length=20, blank=True, editable=False)
    evidence_sha256 = models.CharField(max_length=64, blank=True, editable=False)
    digest = models.JSONField(default=list, editable=False)
    passed_count = models.PositiveSmallIntegerField(default=0, editable=False)
    pending_count = models.PositiveSmallIntegerField(default=0, editable=False)
    failed_count = models.PositiveSmallIntegerField(default=0, editable=False)
    error = models.TextField(blank=True, editable=False)

    objects = ReleaseCheckQuerySet.as_manager()

    class Meta(SponsorOwned.Meta):
        ordering = ["-id"]
        triggers = [
            *kept(),
            *sponsor_guards(),
            final(
                "done_is_final",
                CheckStatus.DONE.value,
                "A release check that is done is never changed.",
            ),
        ]
        indexes = [
            models.Index(
                fields=["id"],
                name="qc_releasecheck_waiting",
                condition=Q(status__in=["queued", "running"]),
            ),
            models.Index(fields=["batch", "-id"], name="qc_releasecheck_latest"),
        ]
        constraints = [
            models.CheckConstraint(
                name="qc_releasecheck_status", condition=Q(status__in=CheckStatus.values)
            ),
            models.CheckConstraint(
                name="qc_releasecheck_done_has_evidence",
                condition=~Q(status="done") | (~Q(evidence_sha256="") & ~Q(verdict="")),
            ),
            # Ten changes in a second make one waiting check, not ten.
            models.UniqueConstraint(
                fields=["batch"], condition=Q(status="queued"), name="qc_releasecheck_one_queued"
            ),
        ]


class CheckEvidence(SponsorOwned):
    """What one check saw and found: written once, never changed, never shown to a sponsor.

    `evidence` is canonical JSON, its SHA-256 stands in the check; `findings` is a list of {rule,
    title, class, outcome, message, records, owner, since, action?, justified?}. Not copied into the
    audit trail (it would double every check): the check's own history carries the hash.
    """

    record_type = "check_evidence"
    sponsor_parents = ("check_row",)
    sponsor_sees = "false"

    check_row = models.OneToOneField(ReleaseCheck, on_delete=models.PROTECT, related_name="seen")
    evidence = models.TextField()
    findings = models.JSONField()

    class Meta(SponsorOwned.Meta):
        triggers = [*sponsor_guards(), *append_only()]


class Justification(SponsorOwned):
    """A QP accepts a failed, justifiable rule with a signed rationale. It stays displayed."""

    record_type = "justification"
    sponsor_parents = ("batch", "check_row")
    sponsor_sees = "false"

    batch = models.ForeignKey(
        "batches.Batch", on_delete=models.PROTECT, related_name="justifications"
    )
    check_row = models.ForeignKey(
        ReleaseCheck, on_delete=models.PROTECT, related_name="justifications"
    )
    rule = models.CharField(max_length=10)
    message = models.TextField(help_text="The finding as it stood when it was accepted.")
    rationale = models.TextField()
    by = models.ForeignKey("accounts.User", on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta(SponsorOwned.Meta):
        ordering = ["id"]

    def signed_content(self, verb: str) -> dict:
        return {
            "record_type": self.record_type,
            "batch": self.batch.number,
            "rule": self.rule,
            "message": self.message,
            "rationale": self.rationale,
        }


class AuditReview(SponsorOwned):
    """Somebody who had no part in a batch read its audit trail; the last one of a batch counts.

    `exceptions` is a list of {line, kind, record_type, record, text, explanation}, as they stood.
    """

    record_type = "audit_review"
    key_field = "number"
    sponsor_parents = ("batch",)
    sponsor_sees = "false"
    # Records in which a change that no service made is an exception.
    WATCHED = frozenset({"batch", "step", "result", "sample", "consumption", "deviation"})

    number = models.CharField(max_length=40, unique=True)
    batch = models.ForeignKey(
        "batches.Batch", on_delete=models.PROTECT, related_name="audit_reviews"
    )
    accepted = models.BooleanField()
    remarks = models.TextField(blank=True)
    exceptions = models.JSONField(default=list)
    through = models.BigIntegerField(help_text="The last line of the audit trail that was there.")
    by = models.ForeignKey("accounts.User", on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta(SponsorOwned.Meta):
        ordering = ["id"]

    def signed_content(self, verb: str) -> dict:
        return {
            "record_type": self.record_type,
            "number": self.number,
            "batch": self.batch.number,
            "accepted": self.accepted,
            "remarks": self.remarks,
            "exceptions": self.exceptions,
            "through": self.through,
        }


class Certification(SponsorOwned):
    """A Qualified Person's decision, bound to one check's evidence: a line of the QP register."""

    class Kind(models.TextChoices):
        CONDITIONAL = "conditional", "Conditional"
        FINAL = "final", "Final"

    record_type = "certification"
    key_field = "number"
    sponsor_parents = ("batch", "check_row")

    number = models.CharField(max_length=40, unique=True)
    batch = models.ForeignKey(
        "batches.Batch", on_delete=models.PROTECT, related_name="certifications"
    )
    check_row = models.ForeignKey(
        ReleaseCheck, on_delete=models.PROTECT, related_name="certifications"
    )
    kind = models.CharField(max_length=12, choices=Kind)
    by = models.ForeignKey("accounts.User", on_delete=models.PROTECT, related_name="+")
    by_name = models.CharField(max_length=200)
    at = models.DateTimeField()
    evidence_sha256 = models.CharField(max_length=64)
    pending = models.JSONField(default=list, help_text="Tests whose results follow.")

    class Meta(SponsorOwned.Meta):
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["batch", "kind"], name="qc_certification_once")
        ]

    def signed_content(self, verb: str) -> dict:
        return {
            "record_type": self.record_type,
            "number": self.number,
            "batch": self.batch.number,
            "kind": self.kind,
            "evidence_sha256": self.evidence_sha256,
            "pending": self.pending,
        }


class Certificate(SponsorOwned):
    """A certificate of analysis as issued: numbered; a re-issue supersedes the one before."""

    record_type = "certificate"
    key_field = "number"
    sponsor_parents = ("batch", "certification", "specification", "supersedes")

    number = models.CharField(max_length=40, unique=True)
    batch = models.ForeignKey(
        "batches.Batch", on_delete=models.PROTECT, related_name="certificates"
    )
    issue = models.PositiveSmallIntegerField()
    document = models.OneToOneField(
        "records.Document", on_delete=models.PROTECT, related_name="certificate"
    )
    certification = models.ForeignKey(
        Certification, null=True, on_delete=models.PROTECT, related_name="certificates"
    )
    specification = models.ForeignKey(
        "qc.Specification", on_delete=models.PROTECT, related_name="certificates"
    )
    conditional = models.BooleanField(default=False)
    supersedes = models.OneToOneField(
        "self", null=True, on_delete=models.PROTECT, related_name="superseded_by"
    )
    reason = models.CharField(max_length=400, blank=True)
    content_sha256 = models.CharField(max_length=64)
    issued_at = models.DateTimeField()
    issued_by = models.ForeignKey("accounts.User", on_delete=models.PROTECT, related_name="+")
    issued_by_name = models.CharField(max_length=200)

    class Meta(SponsorOwned.Meta):
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["batch", "issue"], name="qc_certificate_issue_once")
        ]

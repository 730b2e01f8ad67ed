"""The release room's dialogs: issue, check, certify, justify, re-issue."""

from django.http import Http404
from django.utils import timezone
from django.utils.functional import cached_property

from batches.manufacture.models import Batch
from batches.manufacture.views import BatchIssue
from cdmo.accounts.roles import Right
from cdmo.web.links import page
from cdmo.web.views import VerbView
from qc.release import services
from qc.release.dossier import quality_readiness
from qc.release.forms import JustifyForm
from qc.release.models import Certificate, Certification, ReleaseCheck
from qc.release.services.certification import (
    JUSTIFY_MEANING,
    MEANINGS,
    VERBS,
    certify_blockers,
    findings_of,
    justify_objections,
    pending_tests,
    standing_of,
)

FINAL, CONDITIONAL = Certification.Kind.FINAL, Certification.Kind.CONDITIONAL


class ReleaseBatchIssue(BatchIssue):
    """Issue with QC's word on the specification in force."""

    def quality_readiness(self, batch, *, at):
        return quality_readiness(batch, at=at)


class BatchCheck(VerbView):
    model = Batch
    verb = "check"
    title = "Check this batch now"
    button = "Check now"
    right = Right.CHECK_RELEASE
    done = "A release check is queued."

    def act(self, *, by, at, data, proof):
        services.request_check(batch=self.record, by=by, at=at)
        return self.record

    def get_success_url(self, record=None):
        return page("qc:batch_release", key=self.record.key)


class Certify(VerbView):
    """Final certification. Shows what is signed: the hash of the evidence the last check saw."""

    model = Batch
    select = ("product", "site", "sponsor")
    fragment_name = "qc/release/_certify.html"
    kind = FINAL
    verb = VERBS[FINAL]
    title = "Certify this batch"
    meaning = MEANINGS[FINAL]
    button = "Sign and certify"
    signed = True
    reason = "optional"
    done = "The batch is certified; its certificate of analysis is issued."

    @cached_property
    def found(self):
        return standing_of(self.record, at=timezone.now())

    def blockers(self):
        return certify_blockers(
            self.record,
            kind=self.kind,
            standing=self.found,
            by=self.request.user,
            at=timezone.now(),
        )

    def signed_content(self):
        check = self.found.check
        return {
            "batch": self.record.number,
            "kind": str(self.kind),
            "check": str(check.pk) if check else None,
            "evidence_sha256": self.found.sha256,
            "pending": pending_tests(self.found.evidence),
        }

    def get_context_data(self, **kwargs):
        return super().get_context_data(
            standing=self.found, pending=pending_tests(self.found.evidence), **kwargs
        )

    def act(self, *, by, at, data, proof):
        return services.certify(batch=self.record, by=by, at=at, proof=proof, **data)

    def get_success_url(self, record=None):
        return page("qc:batch_release", key=self.record.key)


class CertifyConditionally(Certify):
    kind = CONDITIONAL
    verb = VERBS[CONDITIONAL]
    title = "Certify this batch conditionally"
    meaning = MEANINGS[CONDITIONAL]
    button = "Sign and certify conditionally"
    done = "The batch is certified on conditions; its certificate says which results follow."

    def act(self, *, by, at, data, proof):
        return services.certify_conditionally(batch=self.record, by=by, at=at, proof=proof, **data)


class JustifyFinding(VerbView):
    model = ReleaseCheck
    select = ("batch", "batch__site")
    fragment_name = "qc/release/_justify.html"
    form_class = JustifyForm
    verb = "justify"
    title = "Justify this finding"
    meaning = JUSTIFY_MEANING
    button = "Sign and justify"
    signed = True
    done = "The finding is justified; a new check is queued."

    def setup(self, request, *args, **kwargs):
        super().setup(request, *args, **kwargs)
        found = {f["rule"]: f for f in findings_of(self.record)}
        self.finding = found.get(kwargs["rule"])
        if self.finding is None:
            raise Http404

    def blockers(self):
        return justify_objections(
            check=self.record, rule=self.finding["rule"], by=self.request.user, at=timezone.now()
        )

    def signed_content(self):
        return {
            "batch": self.record.batch.number,
            "rule": self.finding["rule"],
            "message": self.finding["message"],
        }

    def get_context_data(self, **kwargs):
        return super().get_context_data(finding=self.finding, **kwargs)

    def act(self, *, by, at, data, proof):
        services.justify_finding(
            check=self.record, rule=self.finding["rule"], by=by, at=at, proof=proof, **data
        )

    def get_success_url(self, record=None):
        return page("qc:batch_release", key=self.record.batch.key)


class CertificateReissue(VerbView):
    model = Certificate
    select = ("batch", "batch__site")
    verb = "reissue"
    title = "Issue this certificate again"
    button = "Issue again"
    reason = "required"
    done = "The certificate is issued again; the former one is superseded."

    def blockers(self):
        return services.reissue_objections(self.record, by=self.request.user, at=timezone.now())

    def act(self, *, by, at, data, proof):
        return services.reissue_certificate(certificate=self.record, by=by, at=at, **data)

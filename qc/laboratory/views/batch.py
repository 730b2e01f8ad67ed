"""The QC tab of a batch: every requirement, what was found, and what is missing."""

from django.utils import timezone

from batches.manufacture.models import Batch
from cdmo.accounts.roles import Right
from cdmo.web.views import RecordPage
from qc.laboratory.models import OosInvestigation
from qc.laboratory.states import ResultStatus
from qc.laboratory.views.samples import lines_with_results
from qc.specifications.in_force import day_of_manufacture, specification_for


class BatchQc(RecordPage):
    model = Batch
    select = ("product", "site", "sponsor", "process_version", "master", "coi")
    template_name = "qc/laboratory/batch_qc.html"

    def get_context_data(self, **kwargs):
        record, user, now = self.record, self.request.user, timezone.now()
        samples = list(record.samples.order_by("taken_at", "id"))
        specification = specification_for(record, now)
        rows = lines_with_results(specification, samples)
        results = [r for row in rows for r in row["results"]]
        return super().get_context_data(
            tab="qc",
            specification=specification,
            judged_on=day_of_manufacture(record, now),
            samples=samples,
            rows=rows,
            missing=sum(1 for row in rows if row["line"] and not row["results"]),
            to_review=sum(1 for r in results if r.status == ResultStatus.SUBMITTED),
            may_review=user.may(Right.APPROVE_RESULT),
            may_sample=user.may(Right.TAKE_SAMPLE),
            investigations=OosInvestigation.objects.visible_to(user)
            .filter(batch=record)
            .select_related("result")
            .order_by("id"),
            **kwargs,
        )

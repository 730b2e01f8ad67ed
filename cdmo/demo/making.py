"""One batch of the demonstration along its way, through the real services, in plausible time."""

from datetime import timedelta
from decimal import Decimal

from batches.deviations.services import classify_deviation, raise_deviation
from batches.manufacture.evidence import QualityReadiness
from batches.manufacture.models import Batch, BatchStep
from batches.manufacture.services import (
    complete_batch,
    issue_batch,
    perform_step,
    plan_batch,
    review_batch,
    start_batch,
    verify_step,
)
from batches.materials.models import Lot
from batches.materials.services import record_consumption
from cdmo.demo.masters import steps_of
from cdmo.demo.specifications import good_values
from cdmo.demo.stage import Stage, product
from qc.laboratory.services import approve_results, enter_results, submit_results, take_sample
from qc.specifications.in_force import specification_for


class Making:
    """A batch and the clock on its wall. Every act moves the clock on, never past `stage.at`."""

    def __init__(self, stage: Stage, code: str, purpose: str, *, days: float, **plan):
        """Plan a batch whose manufacture starts `days` ago; negative days lie ahead."""
        self.stage, self.code = stage, code
        self.clock = stage.ago(max(days, 0) + 10)
        self.begins = stage.ago(days)
        self.batch = plan_batch(
            product=product(code),
            purpose=purpose,
            planned_start_at=self.begins,
            illustrative=True,
            **plan,
            **stage.acted("planner", self.clock),
        )

    def later(self, **span):
        self.clock = min(self.clock + timedelta(**span), self.stage.at)
        return self.clock

    def fresh(self) -> Batch:
        self.batch = Batch.objects.select_related("product", "site").get(pk=self.batch.pk)
        return self.batch

    def issue(self) -> "Making":
        at = self.later(days=3)
        specification = specification_for(self.fresh(), at)
        quality = QualityReadiness(specification=specification.code, at=at)
        issue_batch(batch=self.batch, quality=quality, **self.stage.signed("qa", at))
        return self

    def start(self) -> "Making":
        self.clock = max(self.clock, self.begins)
        start_batch(
            batch=self.batch,
            verified_by=self.stage.operator2,
            witness_proof=self.stage.signed("operator2", self.clock)["proof"],
            **self.stage.acted("operator", self.clock),
        )
        return self

    def perform(self, *, until: str = "", values=None, instead=None, gap=150) -> "Making":
        """Record the steps in order, up to and with `until`, `gap` minutes apart.

        `values`: other values by step; `instead`: other sources by the name in the instructions.
        """
        for step in BatchStep.objects.filter(batch=self.batch, status="open").order_by("position"):
            self._perform(step, values or {}, instead or {}, gap)
            if step.code == until:
                break
        return self

    def _perform(self, step, values, instead, gap) -> None:
        told = steps_of(self.code)[step.code]
        at = self.later(minutes=gap)
        for source, quantity in told.uses:
            self._take(step, instead.get(source, source), quantity, at)
        step = perform_step(
            step=step, value=values.get(step.code, told.good), **self.stage.acted("operator", at)
        )
        if step.in_limits is False:
            self.excursion(step)
        if told.critical:
            verify_step(step=step, **self.stage.acted("supervisor", self.later(minutes=10)))

    def _take(self, step, source, quantity, at) -> None:
        lot = Lot.objects.filter(number=source).first()
        batch = None if lot else Batch.objects.get(number=source)
        record_consumption(
            batch=self.fresh(),
            lot=lot,
            source_batch=batch,
            quantity=Decimal(quantity),
            unit=lot.unit if lot else batch.yield_unit,
            used_at=at,
            step=step,
            **self.stage.acted("operator", at),
        )

    def excursion(self, step, classification="critical") -> None:
        """Raise and classify the deviation that a value outside its limits demands."""
        at = self.later(minutes=5)
        deviation = raise_deviation(
            batch=self.batch,
            step=step,
            title=f"{step.title}: {step.value} {step.unit}"[:200],
            description="Outside its limits; material was held at 2–8 °C meanwhile. Illustrative.",
            occurred_at=at,
            **self.stage.acted("operator", at),
        )
        classify_deviation(
            deviation=deviation,
            classification=classification,
            reason="The time out of the band is longer than the hold study covers (illustrative).",
            **self.stage.acted("qa", self.later(hours=2)),
        )

    def complete(self, *, review=True) -> "Making":
        complete_batch(
            batch=self.fresh(),
            **self.stage.signed("supervisor", self.later(hours=2)),
        )
        return self.review() if review else self

    def review(self, **after) -> "Making":
        at = self.later(**(after or {"days": 2}))
        review_batch(batch=self.fresh(), **self.stage.signed("qa2", at))
        return self

    def test(self, *, days: float, number="", leave_out=frozenset(), values=None) -> "Making":
        """Sample the batch and test it by its specification, the last result after `days`."""
        sample = take_sample(
            batch=self.fresh(),
            number=number,
            kind="release",
            illustrative=True,
            **self.stage.acted("operator", self.clock),
        )
        found = {**good_values(self.code), **(values or {})}
        at = self.later(days=days)
        results = enter_results(
            entries=[
                {
                    "sample": sample,
                    "test": test,
                    "value": value,
                    "tested_at": at - timedelta(minutes=30),
                    "illustrative": True,
                }
                for test, value in found.items()
                if test not in leave_out
            ],
            **self.stage.acted("analyst", at),
        )
        submit_results(results=results, **self.stage.acted("analyst", self.later(hours=1)))
        approve_results(results=results, **self.stage.signed("reviewer", self.later(hours=1)))
        return self

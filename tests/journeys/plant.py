"""A batch taken from planning to certification over REST, as an outsider's script would."""

import re
from datetime import UTC, datetime, timedelta

from tests.journeys.integrator import Integrator

_NUMBER = re.compile(r"-?\d+(\.\d+)?")


def passing_value(criterion: str) -> str:
    """Return a value that meets a criterion of the contract's grammar."""
    if criterion == "report":
        return "1.0"
    if criterion.startswith("="):
        return criterion.removeprefix("=").strip()
    found = _NUMBER.search(criterion)
    number = found.group()
    if criterion.startswith((">=", "<=")) or not criterion.startswith((">", "<")):
        return number
    step = 1 if criterion.startswith(">") else -1
    decimals = len(number.partition(".")[2])
    return f"{float(number) + step * 10**-decimals:.{decimals}f}"


def value_for(step: dict, coi: str | None) -> str:
    """Return what an operator writes into a step that goes well."""
    if step["kind"] == "number":
        lower, upper = step.get("lower"), step.get("upper")
        if lower is not None and upper is not None:
            return f"{(float(lower) + float(upper)) / 2:.6f}".rstrip("0").rstrip(".")
        return lower or upper or "1"
    if step["kind"] == "scan":
        return step.get("expected") or coi or "scanned"
    return step.get("expected") or "done"


class Plant:
    """Everybody's hands, over REST."""

    def __init__(self, url, tokens: dict[str, str]):
        self.people = {name: Integrator(url, token) for name, token in tokens.items()}

    def __getattr__(self, name) -> Integrator:
        try:
            return self.__dict__["people"][name]
        except KeyError:
            raise AttributeError(name) from None

    def plan(self, product, purpose="clinical", **more) -> dict:
        return self.planner.post("batches/", {"product": product, "purpose": purpose, **more})

    def take_lot(self, lot, batch, quantity="1"):
        found = self.operator.get(f"lots/{lot}/")
        return self.operator.post(
            f"batches/{batch}/consumptions/",
            {"lot": lot, "quantity": quantity, "unit": found["unit"], "used_at": now()},
        )

    def manufacture(self, batch, lots=(), source_batches=()) -> None:
        """Issue, start, consume, perform, verify, complete."""
        found = self.planner.get(f"batches/{batch}/")
        self.qa.sign(f"batches/{batch}/issue/")
        if found["coi"]:
            self.scan(batch, found["coi"], "start")
        self.operator.post(f"batches/{batch}/start/")
        for lot in lots:
            self.take_lot(lot, batch)
        for source, quantity, unit in source_batches:
            self.operator.post(
                f"batches/{batch}/consumptions/",
                {"batch": source, "quantity": quantity, "unit": unit, "used_at": now()},
            )
        for step in self.steps(batch):
            value = value_for(step, found.get("coi"))
            self.operator.post(f"batches/{batch}/steps/{step['code']}/perform/", {"value": value})
            if step["critical"]:
                self.supervisor.post(f"batches/{batch}/steps/{step['code']}/verify/")
        if found["coi"]:
            self.scan(batch, found["coi"], "fill")
        self.supervisor.sign(f"batches/{batch}/complete/")

    def scan(self, batch, coi, handover) -> None:
        """Scan the patient's identifier at a handover."""
        body = {"handover": handover, "scanned": coi}
        self.operator.post(f"batches/{batch}/scans/", body)

    def steps(self, batch) -> list[dict]:
        found = self.operator.get(f"batches/{batch}/steps/")
        return found["results"] if isinstance(found, dict) else found

    def specification(self, product) -> dict:
        rows = self.analyst.get(f"specifications/?product={product}&status=approved")["results"]
        return max(rows, key=lambda row: row["version"])

    def sample(self, batch, number) -> str:
        return self.analyst.post(
            "samples/",
            {"number": number, "batch": batch, "kind": "release", "taken_at": now()},
        )["number"]

    def enter(self, sample, lines, values=None) -> list[int]:
        """Enter and submit passing results for these lines."""
        body = [
            {
                "sample": sample,
                "test": line["test"],
                "value": (values or {}).get(line["test"]) or passing_value(line["criterion"]),
                "unit": line["unit"],
            }
            for line in lines
        ]
        made = [row["id"] for row in self.analyst.post("results/", body)]
        for result in made:
            self.analyst.post(f"results/{result}/submit/")
        return made

    def approve(self, results) -> None:
        for result in results:
            self.reviewer.sign(f"results/{result}/approve/")

    def review(self, batch) -> None:
        self.qa.sign(f"batches/{batch}/review/")

    def ready(self, batch, verdict="ready") -> dict:
        """Wait until the release check that follows every change has come to a verdict."""
        return self.qp.wait(
            f"batches/{batch}/readiness/",
            lambda found: not found["is_stale"] and found["verdict"] == verdict,
        )

    def certify(self, batch) -> dict:
        return self.qp.sign(f"batches/{batch}/certify/")


def now(minus: timedelta = timedelta()) -> str:
    return (datetime.now(UTC) - minus).isoformat().replace("+00:00", "Z")

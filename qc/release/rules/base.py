"""The frame of release rules: what a rule is told, what it answers, the register of all rules."""

from collections.abc import Callable
from datetime import date, datetime
from functools import cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

from cdmo.accounts.roles import Role
from cdmo.blockers import Ref
from qc.release.evidence.values import BatchEvidence, Line, Result
from qc.release.states import Outcome, RuleClass

PASS, FAIL = Outcome.PASS.value, Outcome.FAIL.value
NOT_APPLICABLE, PENDING = Outcome.NOT_APPLICABLE.value, Outcome.PENDING.value
HARD, JUSTIFIABLE = RuleClass.HARD.value, RuleClass.JUSTIFIABLE.value
MAY_FOLLOW = RuleClass.MAY_FOLLOW.value

zone = cache(ZoneInfo)


class Judged(NamedTuple):
    """A rule's answer on one batch.

    `kind` and `owner` replace the rule's own where this case differs; `action` says in a few words
    what the owner has to do.
    """

    outcome: str
    message: str
    records: tuple[Ref, ...] = ()
    action: str = ""
    kind: str = ""
    owner: str = ""


class Rule(NamedTuple):
    """A line of the release check catalogue (domain.md section 5)."""

    id: str
    title: str
    kind: str
    owner: str
    source: str
    judge: Callable[["Case"], Judged]


RULES: dict[str, Rule] = {}


def rule(identifier: str, title: str, *, kind: str, owner: Role, source: str):
    """Register a rule: a pure function of one batch's evidence."""

    def register(judge):
        if identifier in RULES:
            raise ValueError(f"{identifier} is registered twice")
        RULES[identifier] = Rule(identifier, title, kind, owner.value, source, judge)
        return judge

    return register


def passed(message: str, *records: Ref) -> Judged:
    return Judged(PASS, message, records)


def failed(message: str, *records: Ref, action: str, owner: str = "") -> Judged:
    return Judged(FAIL, message, records, action, "", owner)


def waiting(message: str, *records: Ref, action: str, kind: str = "", owner: str = "") -> Judged:
    return Judged(PENDING, message, records, action, kind, owner)


def not_applicable(reason: str, *records: Ref) -> Judged:
    return Judged(NOT_APPLICABLE, reason, records)


def listed(names) -> str:
    """Return names as people list them: a, b and c."""
    names = list(dict.fromkeys(names))
    if len(names) < 2:
        return "".join(names)
    return f"{', '.join(names[:-1])} and {names[-1]}"


def counted(number: int, singular: str, plural: str = "") -> str:
    return f"{number} {singular if number == 1 else plural or singular + 's'}"


class Case:
    """One batch as the rules see it: its evidence, the instant of judgement, and what follows.

    `at` is the day on which agreements and appointments must stand: now, or the certification of a
    batch that was released.
    """

    __slots__ = ("approved", "at", "by_test", "e", "in_force", "line_ids", "open_results")

    def __init__(self, evidence: BatchEvidence, at: datetime):
        self.e = evidence
        self.at = at
        self.in_force = evidence.in_force
        self.approved: list[Result] = []
        self.open_results: list[Result] = []
        self.by_test: dict[str, list[Result]] = {}
        for result in self.in_force:
            if result.status == "approved":
                self.approved.append(result)
                self.by_test.setdefault(result.test, []).append(result)
            else:
                self.open_results.append(result)
        self.line_ids = {line.id for line in evidence.lines}

    @property
    def batch(self):
        return self.e.batch

    @property
    def today(self) -> date:
        return self.at.astimezone(zone(self.e.batch.timezone)).date()

    @property
    def specification_refs(self) -> tuple[Ref, ...]:
        return tuple(Ref("specification", s.code) for s in self.e.specifications)

    @property
    def completed(self) -> bool:
        return self.e.batch.execution in {"completed", "aborted"}

    def conforms(self, test: str) -> bool:
        """Whether a test has an approved result and every one of them passes."""
        found = self.by_test.get(test)
        return bool(found) and all(r.verdict == "pass" for r in found)

    def may_follow(self, line: Line) -> bool:
        """Whether this line's result may follow release: it says so and its stand-in passes."""
        return line.may_follow and (not line.surrogate or self.conforms(line.surrogate))

    def all_may_follow(self, tests) -> bool:
        """Whether everything among these tests may follow release, each by its own line."""
        lines = {line.test: line for line in self.e.lines}
        return all(test in lines and self.may_follow(lines[test]) for test in tests)


def result_ref(result: Result) -> Ref:
    return Ref("result", str(result.id))


def step_ref(case: Case, code: str) -> Ref:
    return Ref("step", f"{case.batch.number}/{code}")

"""Statuses of release checks, outcomes of rules, verdicts."""

from django.db.models import TextChoices

from cdmo.states import Move


class CheckStatus(TextChoices):
    QUEUED = "queued", "Waiting"
    RUNNING = "running", "Running"
    DONE = "done", "Done"
    FAILED = "failed", "Failed"


class CheckVerdict(TextChoices):
    READY = "ready", "Ready to certify"
    CONDITIONAL = "conditional", "Ready for conditional certification"
    PENDING = "pending", "Evidence is missing"
    BLOCKED = "blocked", "Blocked"


class Outcome(TextChoices):
    PASS = "pass", "Pass"
    FAIL = "fail", "Fail"
    NOT_APPLICABLE = "not_applicable", "Not applicable"
    PENDING = "pending", "Pending"


# Dispositions that still wait for a decision, for which time goes on.
UNDECIDED = frozenset({"pending", "conditional"})


class RuleClass(TextChoices):
    HARD = "hard", "Hard"
    JUSTIFIABLE = "justifiable", "Justifiable"
    MAY_FOLLOW = "may_follow", "May follow release"


START = Move("start", CheckStatus.QUEUED, CheckStatus.RUNNING)
RESTART = Move("start", CheckStatus.RUNNING, CheckStatus.RUNNING)
FINISH = Move("finish", CheckStatus.RUNNING, CheckStatus.DONE)
FAIL = Move("fail", CheckStatus.RUNNING, CheckStatus.FAILED)
CHECK_MOVES = (START, RESTART, FINISH, FAIL)

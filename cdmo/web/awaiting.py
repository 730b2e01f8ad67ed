"""What waits for a signature, and whose role must give it: as data, for the list and every page.

Kinds of record are named, not imported: they stand on floors above. A condition is a mapping of
field to value, or to a tuple of values; None means empty.
"""

from dataclasses import dataclass

from cdmo.accounts.roles import Right, Role, roles_with
from cdmo.web.history import kind_label, models_by_type
from cdmo.web.views import visible

SHOWN = 50


@dataclass(frozen=True, slots=True)
class Awaited:
    """One signature that records of a kind wait for while a condition holds."""

    record_type: str
    verb: str
    what: str
    right: Right
    where: dict

    @property
    def roles(self) -> list[Role]:
        return roles_with(self.right)

    @property
    def whose(self) -> str:
        return " or ".join(role.label for role in self.roles)

    def applies(self, record) -> bool:
        return all(_is(getattr(record, name), wanted) for name, wanted in self.where.items())

    def lookup(self) -> dict:
        return {
            f"{name}__isnull" if wanted is None else f"{name}__in": True
            if wanted is None
            else _values(wanted)
            for name, wanted in self.where.items()
        }


def _values(wanted) -> tuple:
    return wanted if isinstance(wanted, tuple) else (wanted,)


def _is(value, wanted) -> bool:
    return value is None if wanted is None else value in _values(wanted)


_R = Right
SIGNATURES = (
    Awaited("batch", "issue", "to be issued", _R.ISSUE_BATCH, {"execution": "planned"}),
    Awaited(
        "batch",
        "complete",
        "to be completed",
        _R.COMPLETE_BATCH,
        {"execution": ("in_process", "on_hold")},
    ),
    Awaited(
        "batch",
        "review",
        "to be reviewed",
        _R.REVIEW_BATCH,
        {"execution": "completed", "reviewed_at": None, "disposition": ("pending", "conditional")},
    ),
    Awaited(
        "batch",
        "certify",
        "to be certified or rejected",
        _R.CERTIFY,
        {"execution": "completed", "disposition": ("pending", "conditional")},
    ),
    Awaited(
        "master_batch_record", "approve", "to be approved", _R.APPROVE_MASTER, {"status": "draft"}
    ),
    Awaited(
        "process_version",
        "approve",
        "to be approved for its next use",
        _R.APPROVE_MASTER,
        {"status": ("development", "engineering")},
    ),
    Awaited(
        "specification", "approve", "to be approved", _R.APPROVE_SPECIFICATION, {"status": "draft"}
    ),
    Awaited("method", "approve", "to be approved", _R.APPROVE_METHOD, {"status": "draft"}),
    Awaited("result", "approve", "to be approved", _R.APPROVE_RESULT, {"status": "submitted"}),
    Awaited("oos", "conclude", "to be concluded", _R.CONCLUDE_OOS, {"status": "open"}),
    Awaited(
        "deviation",
        "close",
        "to be closed",
        _R.CLOSE_DEVIATION,
        {"status": ("open", "investigating")},
    ),
    Awaited(
        "lot", "release", "to be released or rejected", _R.RELEASE_LOT, {"status": "quarantine"}
    ),
    Awaited("agreement", "sign", "to be signed", _R.SIGN_AGREEMENT, {"status": "draft"}),
    Awaited(
        "transfer_gate", "decide", "to be decided", _R.DECIDE_GATE, {"status": ("open", "hold")}
    ),
)


@dataclass(frozen=True, slots=True)
class Group:
    """Records of one kind that wait for one signature."""

    awaited: Awaited
    kind: str
    records: list
    count: int
    mine: bool  # the reader holds a role that may sign

    @property
    def rest(self) -> int:
        return self.count - len(self.records)


def awaited(user) -> list[Group]:
    """Return what waits for whose signature, the reader's own first: two queries a kind."""
    groups = []
    for one in SIGNATURES:
        model = models_by_type().get(one.record_type)
        if model is None:
            continue
        related = [f.name for f in model._meta.fields if f.name in {"batch", "transfer"}]
        found = visible(model, user).filter(**one.lookup()).select_related(*related).order_by("pk")
        records = list(found[: SHOWN + 1])
        count = len(records) if len(records) <= SHOWN else found.count()
        if records:
            groups.append(
                Group(
                    awaited=one,
                    kind=kind_label(one.record_type),
                    records=records[:SHOWN],
                    count=count,
                    mine=user.may(one.right),
                )
            )
    return sorted(groups, key=lambda group: not group.mine)


def awaited_of(record) -> list[Awaited]:
    """Return the signatures that one record waits for. Asks the database nothing."""
    kind = getattr(record, "record_type", "")
    return [one for one in SIGNATURES if one.record_type == kind and one.applies(record)]

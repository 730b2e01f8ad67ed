"""Pages of manufacture. QC's release room completes `BatchIssue` and gives it an address."""

from batches.manufacture.views.lists import BatchList
from batches.manufacture.views.masters import (
    MasterApprove,
    MasterChange,
    MasterCompare,
    MasterCopy,
    MasterList,
    MasterNew,
    MasterPage,
    MasterRetire,
)
from batches.manufacture.views.steps import StepCorrect, StepNotApplicable, StepPage, StepVerify
from batches.manufacture.views.tabs import (
    BatchAudit,
    BatchDeviations,
    BatchRecord,
    BatchTab,
    BatchTimeline,
)
from batches.manufacture.views.verbs import (
    BatchAbort,
    BatchChange,
    BatchComplete,
    BatchHold,
    BatchIssue,
    BatchNew,
    BatchRecall,
    BatchReject,
    BatchResume,
    BatchReview,
    BatchStart,
)
from batches.manufacture.views.yields import BatchRecordYield

__all__ = [
    "BatchAbort",
    "BatchAudit",
    "BatchChange",
    "BatchComplete",
    "BatchDeviations",
    "BatchHold",
    "BatchIssue",
    "BatchList",
    "BatchNew",
    "BatchRecall",
    "BatchRecord",
    "BatchRecordYield",
    "BatchReject",
    "BatchResume",
    "BatchReview",
    "BatchStart",
    "BatchTab",
    "BatchTimeline",
    "MasterApprove",
    "MasterChange",
    "MasterCompare",
    "MasterCopy",
    "MasterList",
    "MasterNew",
    "MasterPage",
    "MasterRetire",
    "StepCorrect",
    "StepNotApplicable",
    "StepPage",
    "StepVerify",
]

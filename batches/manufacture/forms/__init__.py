"""What a person types about batches, their steps and master batch records. Shapes only."""

from batches.manufacture.forms.batches import (
    ChangeForm,
    CompleteForm,
    NumberText,
    PerformForm,
    PlanForm,
    StartForm,
    ValueForm,
    VerifyForm,
    YieldForm,
    limits_of,
)
from batches.manufacture.forms.masters import (
    ChangeMasterForm,
    CopyMasterForm,
    MasterStepForm,
    NewMasterForm,
)

__all__ = [
    "ChangeForm",
    "ChangeMasterForm",
    "CompleteForm",
    "CopyMasterForm",
    "MasterStepForm",
    "NewMasterForm",
    "NumberText",
    "PerformForm",
    "PlanForm",
    "StartForm",
    "ValueForm",
    "VerifyForm",
    "YieldForm",
    "limits_of",
]

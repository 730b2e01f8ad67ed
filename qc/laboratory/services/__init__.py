"""Every change in the laboratory: methods, samples, results, investigations."""

from qc.laboratory.services.confirm import confirm_measurements
from qc.laboratory.services.entry import change_result, enter_results, submit_results
from qc.laboratory.services.methods import approve_method, write_method
from qc.laboratory.services.oos import conclude_oos
from qc.laboratory.services.review import approve_results, invalidate_result
from qc.laboratory.services.samples import take_sample

__all__ = [
    "approve_method",
    "approve_results",
    "change_result",
    "conclude_oos",
    "confirm_measurements",
    "enter_results",
    "invalidate_result",
    "submit_results",
    "take_sample",
    "write_method",
]

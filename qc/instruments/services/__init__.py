"""Every change of instruments and their files."""

from qc.instruments.services.files import read_file_again, upload_file
from qc.instruments.services.instruments import (
    calibration_at,
    change_instrument,
    put_in_use,
    record_calibration,
    register_instrument,
    take_out_of_use,
)
from qc.instruments.services.sweep import claim_file, read_claimed_file, read_next_file

__all__ = [
    "calibration_at",
    "change_instrument",
    "claim_file",
    "put_in_use",
    "read_claimed_file",
    "read_file_again",
    "read_next_file",
    "record_calibration",
    "register_instrument",
    "take_out_of_use",
    "upload_file",
]

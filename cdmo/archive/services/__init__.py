"""Changes of the archive, by noun."""

from cdmo.archive.services.backups import begin_backup, end_backup
from cdmo.archive.services.exports import (
    ask_for_dossier,
    claim_dossier,
    dossier_bytes,
    export_now,
    export_objections,
    make_next_dossier,
    write_claimed_dossier,
)
from cdmo.archive.services.imports import import_dossier

__all__ = [
    "ask_for_dossier",
    "begin_backup",
    "claim_dossier",
    "dossier_bytes",
    "end_backup",
    "export_now",
    "export_objections",
    "import_dossier",
    "make_next_dossier",
    "write_claimed_dossier",
]

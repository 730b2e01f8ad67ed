"""The dossier of a batch: gathered from every room, written as canonical JSON and as PDF/A."""

from cdmo.archive.dossier.gather import gather
from cdmo.archive.dossier.package import Damaged, Opened, opened, packed

__all__ = ["Damaged", "Opened", "gather", "opened", "packed"]

"""Handovers at which the patient's identity is scanned, in the order of the way."""

from django.db.models import TextChoices


class Handover(TextChoices):
    COLLECTION = "collection", "Collection"
    RECEIPT = "receipt", "Receipt at the site"
    START = "start", "Start of manufacture"
    FILL = "fill", "Filling and labelling"
    DISPATCH = "dispatch", "Dispatch"
    ADMINISTRATION = "administration", "Administration"

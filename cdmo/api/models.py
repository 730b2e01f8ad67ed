"""Answers already given, by Idempotency-Key."""

from django.conf import settings
from django.db import models


class IdempotentAnswer(models.Model):
    """The first answer to a POST with an Idempotency-Key, kept to be given again."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    key = models.CharField(max_length=255)
    request_sha256 = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField(default=0)
    body = models.BinaryField(default=b"")
    headers = models.JSONField(default=dict)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "key"], name="api_idempotentanswer_once")
        ]

    def __str__(self):
        return self.key

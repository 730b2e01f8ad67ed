"""One sealed envelope a chain of identity. Without VAULT_KEY the table says nothing."""

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q

from cdmo.accounts.models import Regulated
from cdmo.history import kept


class SealedIdentity(Regulated):
    """Who stands behind a chain of identity, sealed. Linked by the identifier as text, not by key:
    this table can be kept, moved and backed up apart from the others.

    `wrapped_key` opens `sealed`, and VAULT_KEY opens `wrapped_key`. Neither goes into the audit
    trail: a trail is kept for ever, and this must be able to be forgotten.
    """

    record_type = "sealed_identity"
    key_field = "coi"
    history_hidden = ("sealed", "wrapped_key")

    coi = models.CharField(max_length=40, unique=True)
    pseudonym = models.CharField(max_length=40)
    sealed = models.BinaryField()
    wrapped_key = models.BinaryField()
    key_name = models.CharField(max_length=16, help_text="Fingerprint of the vault's key.")
    stored_at = models.DateTimeField()
    stored_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )

    class Meta(Regulated.Meta):
        ordering = ["coi"]
        verbose_name_plural = "sealed identities"
        constraints = [
            models.CheckConstraint(name="vault_sealed_identity_named", condition=~Q(pseudonym=""))
        ]
        triggers = [
            *kept(),
            pgtrigger.Trigger(
                name="facts_fixed",
                when=pgtrigger.Before,
                operation=pgtrigger.Update,
                func="""
                    IF (NEW.coi, NEW.pseudonym) IS DISTINCT FROM (OLD.coi, OLD.pseudonym) THEN
                        RAISE EXCEPTION 'A sealed identity never changes its chain.'
                            USING ERRCODE = 'restrict_violation';
                    END IF;
                    RETURN NEW;
                """,
            ),
        ]


__all__ = ["SealedIdentity"]

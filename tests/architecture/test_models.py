"""Laws about tables, found by walking every model: none can be forgotten when one is added."""

import pytest
from django.apps import apps
from django.db import connection, models

from cdmo.accounts.models import Regulated, SponsorOwned

OURS = {
    "accounts",
    "records",
    "access",
    "people",
    "training",
    "incidents",
    "portfolio",
    "api",
    "batches",
    "qc",
    "techtransfer",
}
OURS |= {"archive", "vault", "evaluation"}

# Tables without a sponsor, each with the reason. A reason that no longer applies fails the test.
NOT_SPONSORED = {
    "archive.ImportedDossier": "another installation's copy; the sponsors' role cannot read it",
    "archive.ImportedContent": "follows its imported dossier",
    "archive.Backup": "about the whole house; the sponsors' role cannot read it",
    "vault.SealedIdentity": "who patients are; the sponsors' role cannot read it",
    "accounts.Organisation": "the boundary itself; a policy shows its own row and the CDMO's",
    "accounts.Site": "sites of the CDMO; shown through their organisation's policy",
    "accounts.User": "people; the sponsors' role cannot read them",
    "accounts.Appointment": "people's roles; the sponsors' role cannot read them",
    "accounts.ApiToken": "secrets; the sponsors' role cannot read them",
    "access.Credential": "about people; the sponsors' role cannot read it",
    "access.PolicyAcknowledgement": "about people; the sponsors' role cannot read it",
    "access.IdentityVerification": "about people; the sponsors' role cannot read it",
    "access.FailedEntry": "about people; the sponsors' role cannot read it",
    "access.SignIn": "about people; the sponsors' role cannot read it",
    "evaluation.PeriodicEvaluation": "about the system; the sponsors' role cannot read it",
    "incidents.Incident": "about the system; the sponsors' role cannot read it",
    "training.Training": "about people; the sponsors' role cannot read it",
    "training.TrainingDemand": "the CDMO's own; the sponsors' role cannot read it",
    "people.AccessReview": "about accounts; the sponsors' role cannot read it",
    "people.AccessLine": "about accounts; the sponsors' role cannot read it",
    "records.AuditEvent": "sponsor may be empty; a policy shows shared rows of one sponsor",
    "records.Signature": "sponsor may be empty; a policy shows rows of one sponsor",
    "records.SignatureVoid": "follows its signature, by policy",
    "records.Document": "sponsor may be empty; a policy shows certificates of one sponsor",
    "records.DocumentContent": "follows its document, by policy",
    "records.Outbox": "work, not records; the sponsors' role cannot read it",
    "records.SigningAttempt": "about people; the sponsors' role cannot read it",
    "records.Counter": "numbers in series; the sponsors' role cannot read it",
    "records.Seal": "over the rows of all sponsors; the sponsors' role cannot read it",
    "records.SealedBlock": "over the rows of all sponsors; the sponsors' role cannot read it",
    "api.IdempotentAnswer": "answers by person; the sponsors' role cannot read it",
    "batches.Material": "kinds of things; a policy shows those of lots a sponsor may see",
    "qc.Method": "the laboratory's own; the sponsors' role cannot read it",
    "qc.Instrument": "the laboratory's own; the sponsors' role cannot read it",
    "qc.Calibration": "the laboratory's own; the sponsors' role cannot read it",
    "qc.InstrumentFile": "mixes samples of several sponsors; their role cannot read it",
    "qc.ParseRun": "follows its file",
    "qc.Measurement": "follows its file",
}
WRITTEN_ONCE = {
    "archive.ImportedDossier",
    "archive.ImportedContent",
    "records.AuditEvent",
    "records.Signature",
    "records.SignatureVoid",
    "records.Document",
    "records.DocumentContent",
    "records.SigningAttempt",
    "access.PolicyAcknowledgement",
    "access.IdentityVerification",
    "access.FailedEntry",
    "records.Seal",
    "records.SealedBlock",
    "qc.CheckEvidence",
}
NOT_RECORDS = {
    "access.SignIn": "where somebody is signed in; the events stand in the audit trail",
    "records.Outbox": "rows are work and are deleted when done",
    "records.Counter": "technical",
    "api.IdempotentAnswer": "technical",
}


def ours():
    return [model for model in apps.get_models() if model._meta.app_label in OURS]


def triggers(model) -> set[str]:
    return {trigger.name for trigger in getattr(model._meta, "triggers", ())}


@pytest.mark.statement("P-06")
@pytest.mark.parametrize("model", ours(), ids=lambda model: model._meta.label)
def test_every_table_has_a_sponsor_or_a_reason(model):
    sponsored = issubclass(model, SponsorOwned)
    assert sponsored != (model._meta.label in NOT_SPONSORED)
    if sponsored:
        assert not model._meta.get_field("sponsor").null
        assert hasattr(model._default_manager.all(), "visible_to")


def test_no_excuse_is_stale():
    labels = {model._meta.label for model in ours()}
    assert set(NOT_SPONSORED) <= labels
    assert set(NOT_RECORDS) <= labels


@pytest.mark.statement("P-07")
@pytest.mark.parametrize("model", ours(), ids=lambda model: model._meta.label)
def test_every_table_keeps_its_history_or_is_written_once(model):
    label = model._meta.label
    if label in NOT_RECORDS:
        return
    if label in WRITTEN_ONCE:
        assert {"no_update", "no_delete", "no_truncate"} <= triggers(model)
        return
    assert issubclass(model, Regulated)
    assert {"log_insert", "log_update", "no_delete", "no_truncate"} <= triggers(model)
    if issubclass(model, SponsorOwned):
        assert {"sponsor_matches", "sponsor_fixed"} <= triggers(model)


@pytest.mark.statement("P-07")
@pytest.mark.django_db
def test_every_trigger_of_the_models_is_in_the_database():
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.relname, t.tgname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid"
            " WHERE NOT t.tgisinternal AND t.tgenabled = 'O'"
        )
        found = set(cursor.fetchall())
    for model in ours():
        for trigger in getattr(model._meta, "triggers", ()):
            assert (model._meta.db_table, trigger.get_pgid(model)) in found


@pytest.mark.statement("P-10")
@pytest.mark.parametrize("model", ours(), ids=lambda model: model._meta.label)
def test_nothing_is_deleted_in_cascade(model):
    for field in model._meta.concrete_fields:
        if isinstance(field, models.ForeignKey):
            assert field.remote_field.on_delete is models.PROTECT, field


@pytest.mark.parametrize("model", ours(), ids=lambda model: model._meta.label)
def test_rows_whose_parent_has_a_sponsor_name_that_parent(model):
    """A child of a sponsored row has the same sponsor, held by a trigger (`sponsor_parents`)."""
    if not issubclass(model, SponsorOwned):
        return
    for field in model._meta.concrete_fields:
        if not isinstance(field, models.ForeignKey) or field.name == "sponsor":
            continue
        if issubclass(field.related_model, SponsorOwned):
            allowed = {*model.sponsor_parents, *SPONSOR_MAY_DIFFER.get(model._meta.label, {})}
            assert field.name in allowed, f"{model._meta.label}.{field.name}"


SPONSOR_MAY_DIFFER = {
    "batches.Consumption": {
        "lot": "may be the CDMO's own stock; the service and a trigger refuse another sponsor's",
        "source_batch": "a component may be made for another programme; the service judges it",
        "step": "belongs to the batch, which is checked",
    },
}

"""What happened to a batch, as sentences: one for every verb of the audit trail. Pure."""

SENTENCES = {
    "batch.planned": "The batch was planned.",
    "batch.changed": "The plan was changed.",
    "batch.issued": "The batch record was issued.",
    "batch.started": "Manufacture started.",
    "batch.held": "The batch was put on hold.",
    "batch.resumed": "The batch was resumed.",
    "batch.completed": "Manufacture was completed.",
    "batch.completed_again": "The corrected record was signed as complete again.",
    "batch.aborted": "The batch was aborted.",
    "batch.reviewed": "The batch record was reviewed.",
    "batch.review_voided": "The review no longer stands: the record was changed after it.",
    "batch.certified": "The batch was certified and released.",
    "batch.certified_conditionally": "The batch was certified conditionally.",
    "batch.rejected": "The batch was rejected.",
    "batch.recalled": "The batch was recalled.",
    "step.performed": "Step {code} was performed.",
    "step.out_of_limits": "Step {code} was performed with a value outside its limits.",
    "step.verified": "Step {code} was verified by a second person.",
    "step.not_applicable": "Step {code} was marked as not applicable.",
    "step.corrected": "The value of step {code} was corrected.",
    "deviation.raised": "Deviation {record} was raised.",
    "deviation.changed": "The text of deviation {record} was changed.",
    "deviation.classified": "Deviation {record} was classified.",
    "deviation.closed": "Deviation {record} was closed.",
    "consumption.record": "A use of material was recorded.",
    "consumption.cancel": "A use of material was taken back.",
    "batch.reopened": "A later check speaks against the decision on this batch.",
    "batch.trail_reviewed": "The audit trail of the batch was reviewed.",
    "batch.yield_recorded": "The yield was recorded.",
    "identity.match": "An identity scan matched.",
    "identity.mismatch": "An identity scan did not match.",
    "sample.take": "Sample {record} was taken.",
    "result.enter": "A result of sample {record} was entered.",
    "result.change": "A draft result was changed.",
    "result.submit": "A result of sample {record} was submitted.",
    "result.approve": "A result of sample {record} was approved.",
    "result.invalidate": "A result was invalidated.",
    "release_check.request": "A release check was asked for.",
    "certificate.issued": "Certificate {record} was issued.",
    "document.download": "Document {record} was downloaded.",
    "dossier.downloaded": "The dossier was downloaded.",
    "signature.void": "A signature was voided.",
    "signature.refused": "A signature was refused.",
}


def sentence(verb: str, record: str, new: dict | None = None) -> str:
    """Return the sentence for a verb; an unknown verb is said as it is, never an error."""
    text = SENTENCES.get(verb)
    if text is None:
        noun, _, past = verb.partition(".")
        words = f"{noun} {past}".replace("_", " ").strip()
        return f"{words.capitalize()}: {record}." if record else f"{words.capitalize()}."
    if new and verb == "consumption.record" and {"quantity", "unit", "source"} <= set(new):
        return f"{new['quantity']} {new['unit']} of {new['source']} was used."
    return text.format(code=record.rpartition("/")[2], record=record)

"""The record: audit trail, electronic signatures, immutable documents, the outbox of changes."""

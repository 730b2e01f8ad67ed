"""The REST door's shared parts: authentication, errors, paging, idempotency, ETags, verbs."""

"""How long a million rows of the audit trail take to prove, beside a loop written by hand."""

"""Who is trained for what, and which tasks demand it (P-17)."""

"""Periodic evaluation: what a period shows about the system, concluded and signed (P-40)."""

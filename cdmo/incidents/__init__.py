"""What went wrong with the system itself: the incident log (P-43)."""

"""Bringing a process in: it watches everything, so it stands on top."""

"""Organisations, people, roles as code, appointments, API tokens, and who may see what."""

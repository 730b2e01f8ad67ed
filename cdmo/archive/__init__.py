"""Copies that outlive the system: dossiers out and in, backups, retention, paper for bad days."""

"""Pages of release: the panel, the dialogs, the records."""

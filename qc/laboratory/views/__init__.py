"""Pages of the laboratory, a file for each kind of record."""

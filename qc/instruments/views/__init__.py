"""Pages of instruments and of their files."""

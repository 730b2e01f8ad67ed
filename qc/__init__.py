"""Knowing what was made: specifications, instruments, laboratory, release."""

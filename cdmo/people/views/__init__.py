"""Pages of people, their appointments and tokens, and of access reviews."""

"""The first page after signing in, by role. Above every floor, since it gathers work from all."""

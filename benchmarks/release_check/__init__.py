"""How long release checks take, one and 10,000, beside hand-written psycopg2 doing the same."""

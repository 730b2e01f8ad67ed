"""Seals: a chain of hashes over every row that is written once.

*What is under a seal.* All tables whose rows PostgreSQL refuses to change: audit events, signatures
and their voids, documents, failed signings, evidence of release checks, and whatever is added later
(`form.sealed_models`; an exception needs a reason there). Rows are taken by id: each seal covers,
for each table, the ids after the last seal's `through` up to its own, gaps included.

*What is hashed.* A row's text is what PostgreSQL's `json_build_array(column, …)::text` gives for
the columns named in the seal, in that order, with the session's time zone at UTC. Its leaf is the
id (8 bytes, big-endian) and the SHA-256 of that text in UTF-8 (32 bytes). A block is up to 2,000
leaves in the order of their ids; the seal has the SHA-256 of them. The seal's content is canonical
JSON with its number, time, blocks and the SHA-256 of the seal before; its own SHA-256 is over that
text. Columns are named, so a column added later leaves old seals as they were.

*What is found.* A sealed row that was changed, removed, exchanged with another or moved to another
id; a row slipped in among sealed ids; a seal that was changed, removed or does not follow on the
one before; a clock that was set back.

*What is not found here.* A row written and changed within the minute before its first seal, or
removed from behind the last one (the seal's number says at least that a seal is missing). And
whoever owns the database can rewrite rows and every seal after them: only a copy of the seals kept
somewhere else tells (`export_seals`, then `verify_records --against`). So keep copies.
"""

#!/usr/bin/env python3
"""Check exported seals, and exported rows, without the system that made them.

    python3 verify_seals.py seals.jsonl
    python3 verify_seals.py seals.jsonl --rows rows.jsonl
    python3 verify_seals.py seals.jsonl --against an-older-copy.jsonl

Python 3.8 or later and nothing else; read it before you trust it. The files come from
`manage.py export_seals seals.jsonl --rows rows.jsonl`. Exit 0: all holds. Exit 1: a line for each
thing that does not. Exit 2: a file cannot be read.

What is proven. Each seal's `sha256` is that of its `content` (UTF-8), and the content names the
SHA-256 of the seal before it as `previous`. The content lists blocks of rows,

    [after, through, rows, sha256, earliest, latest]

ids above `after` up to `through`. `sha256` is over the block's leaves in the order of the ids. A
leaf is 40 bytes: the id (8, big-endian) and the SHA-256 of the row's text (UTF-8). The text is what
stands in the rows' file after "row": without a change: the values of the columns that the seal
names, as PostgreSQL's json_build_array spells them.

What is not proven: that these seals are the ones that were made at the time. Compare with a copy
that you kept (`--against`), or the last hash with one that you wrote down.
"""

import argparse
import base64
import hashlib
import json
import re
import struct
import sys

ROW = re.compile(r'\{"table":"([a-z0-9_]+)","id":(-?\d+),"row":(.*)\}\n?', re.DOTALL)
FORM = "json_build_array/1"
LOWEST = -(2**63)


def sha256(data):
    return hashlib.sha256(data).hexdigest()


class Check:
    """Counts what was looked at and says what does not hold."""

    def __init__(self):
        self.seals = self.rows = self.broken = 0

    def say(self, line):
        self.broken += 1
        sys.stdout.write(line + "\n")

    def chain(self, lines):
        """Yield (content, leaves by table and first id) of every seal that can be read."""
        number, previous, covered = 0, "", {}
        for place, line in enumerate(lines, 1):
            try:
                seal = json.loads(line)
                content = json.loads(seal["content"])
                claimed = seal["sha256"]
                blocks = [
                    (part["table"], block) for part in content["tables"] for block in part["blocks"]
                ]
                followed, own = content["previous"], content["number"]
            except (ValueError, KeyError, TypeError) as error:
                self.say(f"line {place} of the seals cannot be read: {error}")
                continue
            self.seals += 1
            name = f"seal {own}"
            if own != number + 1:
                self.say(f"{name}: stands where seal {number + 1} should")
            if sha256(seal["content"].encode()) != claimed:
                self.say(f"{name}: its content does not have its SHA-256")
            if followed != previous:
                self.say(f"{name}: does not follow on the seal before it")
            if content.get("form") != FORM or seal.get("number") != own:
                self.say(f"{name}: is not of the form that this script knows")
            for table, block in blocks:
                if block[0] != covered.get(table, LOWEST):
                    self.say(f"{name}: leaves out rows of {table}")
                covered[table] = block[1]
            number, previous = own, claimed
            kept = {(t, a): base64.b64decode(text) for t, a, text in seal.get("leaves", [])}
            yield content, kept

    def prove_rows(self, seals, lines):
        """Compare rows with the seals, both in the same order, a block in memory at a time."""
        lines = numbered(lines)
        row = next(lines, None)
        for content, kept in seals:
            for part in content["tables"]:
                for block in part["blocks"]:
                    found = []
                    while row and row[1] == part["table"] and block[0] < row[2] <= block[1]:
                        found.append((row[2], hashlib.sha256(row[3].encode()).digest()))
                        row = next(lines, None)
                    self.rows += len(found)
                    self.block(content["number"], part["table"], block, found, kept)
        if row:
            self.say(f"line {row[0]} of the rows is not where a seal expects it")

    def block(self, number, table, block, found, kept):
        packed = b"".join(struct.pack(">q32s", *leaf) for leaf in found)
        if len(found) == block[2] and sha256(packed) == block[3]:
            return
        leaves = kept.get((table, block[0]))
        if leaves is None or sha256(leaves) != block[3]:
            self.say(
                f"{table}: rows {block[0] + 1} to {block[1]} are not as seal {number} says"
                " (no digests to name the row)"
            )
            return
        sealed, now = dict(struct.iter_unpack(">q32s", leaves)), dict(found)
        before = self.broken
        for pk in sorted(set(sealed) | set(now)):
            if pk not in now:
                self.say(f"{table} {pk}: was removed (seal {number})")
            elif pk not in sealed:
                self.say(f"{table} {pk}: was slipped in (seal {number})")
            elif sealed[pk] != now[pk]:
                self.say(f"{table} {pk}: was changed (seal {number})")
        if self.broken == before:
            self.say(f"{table}: rows up to {block[1]} stand in another order (seal {number})")


def numbered(lines):
    """Yield (line number, table, id, text of the row)."""
    for place, line in enumerate(lines, 1):
        found = ROW.fullmatch(line)
        if not found:
            raise ValueError(f"line {place} of the rows is no row")
        yield place, found[1], int(found[2]), found[3]


def hashes(file):
    """Return the hash of every seal in a file, by its number."""
    with open(file, encoding="utf-8") as lines:
        return {seal["number"]: seal["sha256"] for seal in map(json.loads, lines)}


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("seals")
    parser.add_argument("--rows", help="the exported rows")
    parser.add_argument("--against", help="an older copy of the seals")
    options = parser.parse_args(arguments)
    check = Check()
    try:
        with open(options.seals, encoding="utf-8") as lines:
            if options.rows:
                with open(options.rows, encoding="utf-8", newline="\n") as rows:
                    check.prove_rows(check.chain(lines), rows)
            else:
                for _ in check.chain(lines):
                    pass
        if options.against:
            now = hashes(options.seals)
            for number, digest in sorted(hashes(options.against).items()):
                if number not in now:
                    check.say(f"seal {number}: is in the older copy and no longer here")
                elif now[number] != digest:
                    check.say(f"seal {number}: is not the one in the older copy")
    except (OSError, ValueError, KeyError, TypeError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    verdict = f"{check.broken} broken" if check.broken else "all hold"
    sys.stdout.write(f"{check.seals} seals, {check.rows} rows: {verdict}\n")
    return 1 if check.broken else 0


if __name__ == "__main__":
    sys.exit(main())

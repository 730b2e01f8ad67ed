"""`manage.py state_diagrams`: draw docs/states from the moves in every room's states.py."""

import importlib
from pathlib import Path

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db.models import TextChoices

from cdmo.states import Move

FOLDERS = ("cdmo", "batches", "qc", "techtransfer")
HEAD = "<!-- Drawn from {module} by `manage.py state_diagrams`. Do not edit. -->\n"


class Command(BaseCommand):
    help = "Draw the state diagrams of every room; with --check say which ones are out of date."

    def add_arguments(self, parser):
        parser.add_argument("--check", action="store_true", help="Write nothing; fail if stale.")

    def handle(self, *args, check, **options):
        folder = settings.BASE_DIR / "docs" / "states"
        wanted = dict(pages())
        there = {path.name: path.read_text() for path in folder.glob("*.md")}
        stale = sorted(
            name for name in wanted | there if wanted.get(name) != there.get(name)
        )  # fmt: skip
        if check:
            if stale:
                raise CommandError(
                    f"Not as states.py says: {', '.join(stale)}. Run manage.py state_diagrams."
                )
            return
        folder.mkdir(parents=True, exist_ok=True)
        for name in stale:
            if name in wanted:
                (folder / name).write_text(wanted[name])
            else:
                (folder / name).unlink()
        self.stdout.write(f"{len(wanted)} diagrams, {len(stale)} changed.")


def pages():
    """Yield a file name and its content for every room that has moves."""
    for path in sorted(
        file for folder in FOLDERS for file in Path(settings.BASE_DIR, folder).glob("*/states.py")
    ):
        module = importlib.import_module(".".join([*path.parts[-3:-1], "states"]))
        diagrams = [
            draw(name, moves) for name, moves in vars(module).items() if name.endswith("_MOVES")
        ]
        if diagrams:
            room = "-".join(path.parts[-3:-1])
            title = f"# {path.parts[-2].capitalize()}\n"
            page = "\n".join([HEAD.format(module=module.__name__), title, *diagrams])
            yield f"{room}.md", page


def draw(name: str, moves: tuple[Move, ...]) -> str:
    """Return one axis as a heading and a mermaid state diagram; signed moves carry a pen."""
    choices: type[TextChoices] = type(moves[0].source)
    ends = [move.source for move in moves] + [move.target for move in moves]
    states = [state for state in choices if state in ends]
    lines = [
        f"## {name.removesuffix('_MOVES').replace('_', ' ').capitalize()}\n",
        "```mermaid",
        "stateDiagram-v2",
        *(f"    {state.name.lower()}: {state.label}" for state in states),
        f"    [*] --> {states[0].name.lower()}",
        *(
            f"    {move.source.name.lower()} --> {move.target.name.lower()}: "
            f"{move.verb}{' ✍' if move.signed else ''}"
            for move in moves
        ),
        *(
            f"    {state.name.lower()} --> [*]"
            for state in states
            if state not in {move.source for move in moves}
        ),
        "```\n",
    ]
    return "\n".join(lines)

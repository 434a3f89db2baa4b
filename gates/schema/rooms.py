"""How does a program start another program of gonogo? By the path of this file, so that only our own packages can answer.

`python -m loadtests` imports whatever package of that name comes first: one in the working folder, or one that PYTHONPATH names.
Run as `python -P rooms.py MODULE ARGUMENTS...`, this file first checks where the packages are.
"""

import runpy
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

ROOMS = ("drills", "gates", "gateway", "loadtests", "scorecards")
HINT = "run gonogo from another folder, or take that folder off PYTHONPATH"
_ROOT = Path(__file__).resolve().parents[2]


def room_argv(module: str, *arguments: str) -> list[str]:
    """The command that runs a module of ours, whatever the working folder and PYTHONPATH hold."""
    return [sys.executable, "-P", __file__, module, *arguments]


def foreign_rooms() -> Iterator[str]:
    """For each package of ours that would be imported from another place: its name and that place."""
    for room in ROOMS:
        spec = find_spec(room)
        origin = spec.origin if spec else None
        if origin is None or Path(origin).resolve() != _ROOT / room / "__init__.py":
            yield f"the package {room!r} is not gonogo's: it comes from {origin or 'nowhere'}, not from {_ROOT / room}"


def main() -> None:
    """Run a module as `python -m` does, if every package is ours; else end with 2 and say what is in the way."""
    foreign = list(foreign_rooms())
    if foreign:
        sys.stderr.write("".join(f"error: {line}\n" for line in foreign) + f"  next: {HINT}\n")
        sys.exit(2)
    sys.argv = sys.argv[1:]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()

"""The adapter `command`: a value on the stdout of a command, or its exit code."""

from gates.adapters.numbers import Text, measure_at
from gates.adapters.program import run_program
from gates.adapters.shape import LIMIT_BYTES, Adapter, Fetched, Found, Notes, Scene, Unanswered
from gates.evidence.statement import Measure
from gates.schema.outcome import UnknownReason
from gates.schema.program import ended, last_line
from gates.schema.source import CommandSource, Request
from gates.schema.time import parse_duration_s

STDOUT = "stdout.txt"


def fetch(source: CommandSource, scene: Scene) -> Fetched:
    """Run the command."""
    done = run_program(source.argv, scene.environ, timeout_s=parse_duration_s(source.timeout), limit=LIMIT_BYTES)
    if done.code not in source.exit_codes:
        raise Unanswered(UnknownReason.ADAPTER_ERROR, f"{source.argv[0]} {ended(done.code)}{last_line(done.stderr)}")
    return Fetched(Notes(scene.now, is_live=True, exit_code=done.code), {STDOUT: done.stdout})


def read(request: Request, fetched: Fetched) -> Found:
    """The value that it wrote, or the code that it ended with."""
    source = request.source
    assert isinstance(source, CommandSource), "the table pairs sources and adapters"
    if source.value is None:
        return Found(Measure(str(fetched.notes.exit_code), request.unit, samples=1, statistic=request.statistic))
    document = Text(fetched.files[STDOUT], "the output")
    return Found(measure_at(request, document, source.value, source.samples, source.failures))


ADAPTER = Adapter(fetch, read)

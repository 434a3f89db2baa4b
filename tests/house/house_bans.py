"""What this house does not do, each with its reason, what to do instead, and the few files that may."""

import ast
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from house_tree import ROOMS, dotted, names, strings, tree, walk


@dataclass(frozen=True)
class Ban:
    """One ban. `found` yields the lines of a file that break it; `allowed` maps a file to why it may."""

    name: str
    reason: str
    instead: str
    found: Callable[[Path], Iterator[int]]
    where: tuple[str, ...] = ROOMS
    allowed: dict[str, str] = field(default_factory=dict)


def uses(*banned: str) -> Callable[[Path], Iterator[int]]:
    """Lines that mention one of these dotted names; a name that ends with a dot bans everything below it."""

    def found(path: Path) -> Iterator[int]:
        known = names(tree(path))
        for node in walk(tree(path)):
            if isinstance(node, ast.Attribute | ast.Name) and isinstance(node.ctx, ast.Load):
                name = dotted(node, known)
                if name and any(name == ban or (ban.endswith(".") and name.startswith(ban)) for ban in banned):
                    yield node.lineno

    return found


def calls(*banned: str) -> Callable[[Path], Iterator[int]]:
    """Lines that call one of these names; naming one without calling it is no offence."""

    def found(path: Path) -> Iterator[int]:
        known = names(tree(path))
        for node in walk(tree(path)):
            if isinstance(node, ast.Call) and dotted(node.func, known) in banned:
                yield node.lineno

    return found


def imported(*modules: str) -> Callable[[Path], Iterator[int]]:
    """Lines that import one of these modules, or something of it."""

    def found(path: Path) -> Iterator[int]:
        for node in walk(tree(path)):
            if isinstance(node, ast.Import):
                wanted = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                wanted = [node.module or "", *(f"{node.module}.{alias.name}" for alias in node.names)]
            else:
                continue
            if any(name == module or name.startswith(f"{module}.") for name in wanted for module in modules):
                yield node.lineno

    return found


SERVERS = ("granian", "uvicorn", "httptools", "hypercorn", "h11", "litestar")


def inside_a_library(path: Path) -> Iterator[int]:
    """Lines that import a private name of the HTTP libraries, or make a subclass of a class of a server or of Litestar itself."""
    known = names(tree(path))
    for node in walk(tree(path)):
        if isinstance(node, ast.ImportFrom):
            wanted = [*(node.module or "").split("."), *(alias.name for alias in node.names)]
            if wanted[0] in SERVERS and any(name.startswith("_") and not name.startswith("__") for name in wanted):
                yield node.lineno
        elif isinstance(node, ast.ClassDef):
            bases = [dotted(base, known) or "" for base in node.bases]
            if any(base.split(".")[0] in SERVERS for base in bases):
                yield node.lineno


def matching(pattern: str) -> Callable[[Path], Iterator[int]]:
    """Lines on which a string that is not a docstring matches."""
    compiled = re.compile(pattern)
    return lambda path: (line for line, value in strings(path) if compiled.search(value))


def signing(path: Path) -> Iterator[int]:
    """Lines that have the signer of a batch sign one receipt by itself."""
    for node in walk(tree(path)):
        if (
            isinstance(node, ast.Attribute)
            and node.attr in ("sign", "sign_message")
            and ast.unparse(node.value).endswith(".signer")
        ):
            yield node.lineno


def a_shell(path: Path) -> Iterator[int]:
    """Lines that hand a command line to a shell."""
    yield from uses("os.system", "os.popen", "subprocess.getoutput", "subprocess.getstatusoutput")(path)
    yield from calls("asyncio.create_subprocess_shell")(path)
    for node in walk(tree(path)):
        if (
            isinstance(node, ast.keyword)
            and node.arg == "shell"
            and not (isinstance(node.value, ast.Constant) and not node.value.value)
        ):
            yield node.value.lineno


def assert_false(path: Path) -> Iterator[int]:
    """Lines that say `assert False`: -O removes them, and the function goes on."""
    for node in walk(tree(path)):
        if isinstance(node, ast.Assert) and isinstance(node.test, ast.Constant) and not node.test.value:
            yield node.lineno


def swallowed(path: Path) -> Iterator[int]:
    """Lines of bare excepts, and of handlers for every exception that do nothing."""
    for node in walk(tree(path)):
        if not isinstance(node, ast.ExceptHandler):
            continue
        broad = node.type is None or dotted(node.type, {}) in ("Exception", "BaseException")
        idle = all(isinstance(item, ast.Pass | ast.Continue) or _is_ellipsis(item) for item in node.body)
        if node.type is None or (broad and idle):
            yield node.lineno


def _is_ellipsis(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and node.value.value is ...


SQL = r"^\s*(SELECT|INSERT( OR \w+)? INTO|UPDATE \w+ SET|DELETE FROM|CREATE|DROP|ALTER|PRAGMA)\b"

BANS = (
    Ban(
        "reading the wall clock",
        "an artifact must come out the same from the same inputs, and tests must not wait for a date",
        "take `now` or a Clock as a parameter; gates.schema.time and gateway.clock provide the system's",
        uses(
            "datetime.datetime.now", "datetime.datetime.utcnow", "datetime.datetime.today", "datetime.date.today",
            "time.time", "time.time_ns", "time.localtime", "time.gmtime", "time.strftime",
        ),
        (*ROOMS, "tests"),
        {"gates/schema/time.py": "the toolkit's clock", "gateway/clock.py": "the gateway's clock"},
    ),
    Ban(
        "drawing identifiers",
        "a replay with the same inputs must give the same ids",
        "take an Ids as a parameter; gateway.ids provides the system's",
        uses("uuid.uuid1", "uuid.uuid4", "uuid_utils.", "secrets.", "os.urandom"),
        (*ROOMS, "tests"),
        {
            "gateway/ids.py": "the gateway's identifiers and salts",
            "gates/probes/cli.py": "the nonce in a probe's idempotency keys; --nonce fixes it",
            "drills/onboarding/cli.py": "the nonce in the idempotency keys and names of new tenants; --nonce fixes it",
            "gates/slo/canary/cli.py": "the nonce in the canary's idempotency keys; --nonce fixes it",
            "drills/incident/receiver.py": "the word in the addresses of a rehearsal's receiver, which nobody else may know",
            "tests/conftest.py": "a fresh seed for the simulation; the report header names it, and --seed fixes it",
        },
    ),
    Ban(
        "drawing from the shared generator",
        "a storm must be repeatable from its seed alone",
        "take a seed, make a random.Random(seed) of your own and pass it on",
        uses(
            "random.random", "random.randint", "random.randrange", "random.choice", "random.choices", "random.shuffle",
            "random.sample", "random.uniform", "random.expovariate", "random.gauss", "random.seed", "random.SystemRandom",
        ),
        (*ROOMS, "tests"),
    ),
    Ban(
        "making a generator",
        "every seed enters at one place, so that a report can name it",
        "pass the plan, or the generator, that the seed made",
        calls("random.Random"),
        ROOMS,
        {},
    ),
    Ban(
        "sleeping",
        "a sleep is a guess about somebody else's speed: too short on a busy machine, too long on every other",
        "wait for the event itself with a deadline, or take the waiting as a parameter (`pause: Pause = sleep` is welcome)",
        calls("time.sleep", "gevent.sleep"),
        (*ROOMS, "tests"),
        {
            "drills/rehearsal.py": "the one wait of a drill; signals and guards take effect in it",
            "loadtests/locustfile.py": "sleeps until an attempt is due: the schedule itself",
            "tests/loadtests/test_process.py": "waits for a real process, with a deadline",
            "tests/scorecards/test_review.py": "the kernel's own time to end an orphan, with a deadline",
            "tests/scorecards/test_steps.py": "a pause that passes the waiting on to a real process",
            "tests/support/drill_service.py": "a service that hangs is what it plays",
            "tests/support/drill_storm.py": "a storm that takes its time is what it plays",
            "tests/support/fake_http.py": "a service that is slow is what it plays",
        },
    ),
    Ban(
        "print",
        "the product goes to stdout and talk to stderr, and print cannot tell them apart",
        "gates.schema.output for the product, show(..., err=True) or gates.schema.progress for what happens meanwhile",
        calls("print"),
    ),
    Ban(
        "a shell",
        "a shell reads file names and settings as code",
        "subprocess with a list of arguments",
        a_shell,
        (*ROOMS, "tests"),
    ),
    Ban("eval and exec", "data must never become code", "decode into a struct", calls("eval", "exec"), (*ROOMS, "tests")),
    Ban(
        "reading YAML loosely",
        "PyYAML takes doubled keys and turns dates and `no` into surprises; a misspelt gate would pass",
        "gates.schema.documents.load_document",
        uses("yaml.load", "yaml.safe_load", "yaml.full_load", "yaml.unsafe_load", "yaml.load_all", "yaml.safe_load_all"),
        ROOMS,
        {
            "gates/adapters/numbers.py": "files of other tools, by the base loader: every scalar stays a text",
            "gateway/rail/simulator/script.py": "as strict, in a room that imports no other",
        },
    ),
    Ban(
        "printing past gates.schema.output",
        "a name with a control character acts on the terminal, and a command cannot be run as it is printed",
        "show for people, write_document for programs",
        uses("click.echo", "click.secho"),
        ("gates", "drills", "loadtests", "scorecards"),
        {
            "gates/schema/output.py": "the one place",
            "gates/schema/entry.py": "recognises where stdout failed",
            "scorecards/cli.py": "the version",
        },
    ),
    Ban(
        "json.dumps",
        "its bytes are not canonical: spacing, escapes and floats differ from RFC 8785, so a signature over them means little",
        "gates.schema.canonical.canonical_json for what is hashed or signed, msgspec.json.encode for the rest",
        uses("json.dumps", "json.dump"),
        ROOMS,
        {
            "gates/probes/isolation.py": "bodies of requests, neither hashed nor signed",
            "gateway/setup/hosts/json_edit.py": "text in the layout of a person's file: indentation may be a tab",
        },
    ),
    Ban(
        "floats near money",
        "0.1 + 0.2 is not 0.3, and 2^53 + 1 is 2^53",
        "int for amounts, Decimal or Fraction for ratios, decimal strings on the wire",
        calls("float"),
        ("gateway",),
    ),
    Ban(
        "assert False",
        "python -O removes it and the function goes on",
        "raise AssertionError(...)",
        assert_false,
        (*ROOMS, "tests"),
    ),
    Ban(
        "swallowing exceptions",
        "around money, not knowing must be said aloud",
        "catch the one exception that you expect, and say what follows from it",
        swallowed,
        (*ROOMS, "tests"),
    ),
    Ban(
        "SQL outside the store",
        "an invariant that lives in two places lives in neither",
        "a named function in gateway/store; sqlite-utils for the history",
        matching(SQL),
        ROOMS,
        {
            "gateway/rail/simulator/book.py": "the rail is another house: its book shares nothing with the gateway's store",
            "drills/audit.py": "asks SQLite whether a drilled database is sound, read only",
            "loadtests/bench/peers/fastapi_sqlite.py": "a peer of the speed comparison: PRAGMAs of its own database",
            "loadtests/bench/peers/grouped.py": "a peer of the speed comparison, on its own PostgreSQL",
            "loadtests/bench/peers/litestar_postgres.py": "a peer of the speed comparison, on its own PostgreSQL",
            "loadtests/bench/peers/litestar_postgres_group.py": "a peer of the speed comparison, on its own PostgreSQL",
            "loadtests/bench/peers/litestar_sqlite.py": "a peer of the speed comparison, on its own database",
            "loadtests/bench/peers/postgres_tables.py": "a peer of the speed comparison, on its own PostgreSQL",
        },
    ),
    Ban(
        "a database driver outside the store",
        "what decides must run on any store, and an error of a driver means nothing to what is above it",
        "the names of gateway/store/port.py; StorageError in place of the driver's errors",
        imported("sqlite3", "sqlite_utils", "asyncpg", "psycopg", "aiosqlite"),
        ("gateway",),
        {
            "gateway/rail/simulator/book.py": "the rail is another house: its book shares nothing with the gateway's store",
            "gateway/rail/simulator/serve.py": "the same book: what its file cannot be used for",
        },
    ),
    Ban(
        "signing a receipt by itself",
        "a second way to sign is a second place for a wrong key and a wrong moment",
        "leave the receipt unsigned in its row: gateway/receipts/batch_signer.py signs it with its batch",
        signing,
        ("gateway",),
    ),
    Ban(
        "a server of HTTP by another library",
        "limits and timeouts of one server are known and tested",
        "gateway.server.http serves, on granian",
        imported("uvicorn", "hypercorn"),
        ROOMS,
        {"loadtests/bench/peers/__main__.py": "the peers of the speed comparison stay on it, so that figures compare over time"},
    ),
    Ban(
        "the inside of an HTTP library",
        "it changes without notice: a subclass of a server's protocol read trailers as headers for a year",
        "the library's public interface; without one, the slower way or another library",
        inside_a_library,
        (*ROOMS, "tests"),
    ),
    Ban(
        "mocks",
        "a test of a mock proves the mock",
        "use the real thing, or a fake that is a product: a fixed clock, counted ids, a scripted service",
        imported("unittest.mock", "mock", "pytest_mock"),
        (*ROOMS, "tests"),
    ),
)  # fmt: skip

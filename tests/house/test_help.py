"""`gonogo --help` answers at once: it imports no room and nothing heavy."""

import subprocess
import sys

import house_tree
import pytest

# With Python 3.11 it loads 120, most of them Python's own and the command line's; another version may load a few more or fewer.
MOST_MODULES = 160
HEAVY = ("litestar", "locust", "gevent", "sqlite_utils", "httpx", "rich", "cryptography", "jinja2", "uvicorn", "yaml")


def loaded(*arguments: str) -> set[str]:
    """The modules that are loaded once `gonogo ARGUMENTS` has ended."""
    code = "import sys; from scorecards.cli import main; main(); print(*sys.modules, file=sys.stderr)"
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], cwd=house_tree.ROOT, capture_output=True, text=True, check=True
    )
    assert "Usage:" in done.stdout, done
    return set(done.stderr.split())


def modules_after(*arguments: str) -> set[str]:
    """The same, top-level ones only."""
    return {name.partition(".")[0] for name in loaded(*arguments)}


def test_help_imports_nothing_heavy() -> None:
    """Asking for the list of commands loads no room's libraries."""
    assert not modules_after("--help") & {*HEAVY, "gateway", "drills", "loadtests"}


@pytest.mark.parametrize("group", ["scorecard", "gate", "evidence", "state", "load", "drill", "runbook", "gateway", "receipt"])
def test_help_of_a_group_starts_no_engine(group: str) -> None:
    """Asking a room for its commands loads neither the web framework nor the load generator."""
    assert not modules_after(group, "--help") & {"litestar", "locust", "gevent", "uvicorn"}


def test_help_loads_few_modules() -> None:
    """What asking for help costs is the modules that it loads: their number is the same on every machine, their time is not."""
    assert len(loaded("--help")) < MOST_MODULES

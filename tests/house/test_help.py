"""`gonogo --help` answers at once: it imports no room and nothing heavy."""

import os
import subprocess
import sys

import house_tree
import pytest

# Seconds of CPU, user and system together, that asking for help may cost.
BUDGET_S = 0.150
HEAVY = ("litestar", "locust", "gevent", "sqlite_utils", "httpx", "rich", "cryptography", "jinja2", "uvicorn", "yaml")


def modules_after(*arguments: str) -> set[str]:
    """The top-level modules that are loaded once `gonogo ARGUMENTS` has ended."""
    code = "import sys; from scorecards.cli import main; main(); print(*sys.modules, file=sys.stderr)"
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], cwd=house_tree.ROOT, capture_output=True, text=True, check=True
    )
    assert "Usage:" in done.stdout, done
    return {name.partition(".")[0] for name in done.stderr.split()}


def cpu_s(command: list[str]) -> float:
    """The CPU seconds that one run of a command took, as the kernel counted them."""
    pid = os.posix_spawn(command[0], command, os.environ, file_actions=[(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)])
    _, status, usage = os.wait4(pid, 0)
    assert os.waitstatus_to_exitcode(status) == 0
    return usage.ru_utime + usage.ru_stime


def test_help_imports_nothing_heavy() -> None:
    """Asking for the list of commands loads no room's libraries."""
    assert not modules_after("--help") & {*HEAVY, "gateway", "drills", "loadtests"}


@pytest.mark.parametrize("group", ["scorecard", "gate", "evidence", "load", "drill", "gateway", "receipt"])
def test_help_of_a_group_starts_no_engine(group: str) -> None:
    """Asking a room for its commands loads neither the web framework nor the load generator."""
    assert not modules_after(group, "--help") & {"litestar", "locust", "gevent", "uvicorn"}


@pytest.mark.process
def test_help_costs_less_than_150_ms_of_cpu() -> None:
    """The best of several runs stays within the budget, whatever else the machine does."""
    command = [sys.executable, "-m", "scorecards", "--help"]
    assert min(cpu_s(command) for _ in range(7)) < BUDGET_S

"""The machine and the programs of a run: enough to compare two runs, without names and paths."""

import os
import platform
import sqlite3
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from time import perf_counter_ns

import msgspec

from loadtests.histogram import milliseconds, nearest_rank

_PACKAGES = ("litestar", "granian", "uvicorn", "uvloop", "httptools", "msgspec", "fastapi", "sqlalchemy", "asyncpg")
_FSYNCS = 200
_VOLATILE = ("tmpfs", "ramfs", "overlay-tmpfs")


class Machine(msgspec.Struct, frozen=True):
    """The machine of the run. `sync_ms` is the time of one durable 4 KiB append: no durable response can be faster."""

    cpu: str
    cores: int
    pinned: bool
    memory_mb: int
    system: str
    file_system: str
    sync_ms: dict[str, str]
    python: str
    sqlite: str
    packages: dict[str, str]
    generator: str
    postgres: str | None

    @property
    def durable(self) -> bool:
        """Whether a commit reaches a disk at all."""
        return self.file_system not in _VOLATILE


def describe(folder: Path, *, cores: Sequence[int], pinned: bool, generator: str, postgres: str | None) -> Machine:
    """This machine, and the file system of `folder`, where the databases are."""
    return Machine(
        cpu=_cpu(),
        cores=len(cores) or os.cpu_count() or 1,
        pinned=pinned,
        memory_mb=os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20,
        system=f"{platform.system()} {platform.release().partition('-')[0]} {platform.machine()}",
        file_system=_file_system(folder),
        sync_ms=_sync_times(folder),
        python=platform.python_version(),
        sqlite=sqlite3.sqlite_version,
        packages={name: found for name in _PACKAGES if (found := _version(name))},
        generator=generator,
        postgres=postgres,
    )


def _cpu() -> str:
    lines = _lines(Path("/proc/cpuinfo"))
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())


def _file_system(folder: Path) -> str:
    """The type of the file system of `folder`: that of the longest mount point above it."""
    mounts = [line.split() for line in _lines(Path("/proc/mounts"))]
    above = [(len(words[1]), words[2]) for words in mounts if folder.resolve().is_relative_to(words[1])]
    return max(above)[1] if above else "unknown"


def _sync_times(folder: Path) -> dict[str, str]:
    """Median and p99 of appending 4 KiB and waiting for the disk, in milliseconds."""
    took: list[int] = []
    probe = folder / "sync-probe"
    with probe.open("wb", buffering=0) as file:
        for _ in range(_FSYNCS):
            begun = perf_counter_ns()
            file.write(bytes(4096))
            os.fdatasync(file.fileno())
            took.append(perf_counter_ns() - begun)
    probe.unlink()
    ordered = sorted(took)
    return {name: milliseconds(nearest_rank(ordered, rank) // 1000 * 1000) for name, rank in (("p50", 500), ("p99", 990))}


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(errors="replace").splitlines()
    except OSError:
        return []

"""The load generator wrk, if it is installed: requests come from a file, the figures from its Lua hooks."""

import shutil
import subprocess
from pathlib import Path

import msgspec

from gates.schema.errors import UnknownProblem
from loadtests.bench.requests import Orders
from loadtests.bench.samples import Received

_SPARE_S = 30
_TIMEOUT_S = 10
_SCRIPT = r"""
local threads, records, position = {}, {}, 0
function setup(thread) threads[#threads + 1] = thread end
function init(args)
  local file = assert(io.open(args[1], "rb"))
  for record in string.gmatch(file:read("*a"), "[^%z]+") do records[#records + 1] = record end
  file:close()
  cycle, dry = args[2] == "cycle", 0
end
function request()
  position = position + 1
  if position > #records then
    if cycle then
      position = 1
    else
      position, dry = #records, 1
      if wrk.thread then wrk.thread:stop() end
    end
  end
  return records[position]
end
function done(summary, latency, requests)
  local errors = summary.errors
  io.write(string.format(
    '{"requests":%d,"duration_us":%d,"p50_us":%d,"p99_us":%d,"p999_us":%d,"refused":%d,"broken":%d,"dry":%s}\n',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99), latency:percentile(99.9),
    errors.status, errors.connect + errors.read + errors.write + errors.timeout,
    threads[1]:get("dry") == 1 and "true" or "false"))
end
"""
"""One thread: it has one core. wrk calls `request` once before it begins, to test whether it changes: that request is lost."""


class WrkGenerator:
    """Runs wrk with one thread, on the caller's core."""

    def __init__(self, program: str, folder: Path) -> None:
        self._program, self._folder = program, folder
        self.name = _version(program)
        (folder / "orders.lua").write_text(_SCRIPT, encoding="utf-8")

    def run(self, port: int, orders: Orders, connections: int, seconds: int) -> Received:
        """Keep `connections` requests in flight for `seconds`.

        Without further requests wrk waits until its time is over, so that the rate of a `dry` run means nothing.
        Raises UnknownProblem if wrk fails.
        """
        records = self._folder / "orders.bin"
        records.write_bytes(b"\0".join(orders.requests))
        argv = [self._program, "-t", "1", "-c", str(connections), "-d", f"{seconds}s", "--timeout", f"{_TIMEOUT_S}s"]
        argv += ["-s", str(self._folder / "orders.lua"), f"http://127.0.0.1:{port}/", "--", str(records)]
        argv.append("cycle" if orders.cycle else "once")
        try:
            done = subprocess.run(argv, capture_output=True, text=True, timeout=seconds + _SPARE_S, check=True)
            return msgspec.json.decode(done.stdout.strip().rpartition("\n")[2], type=Received)
        except subprocess.CalledProcessError as error:
            raise UnknownProblem(f"wrk failed: {(error.stderr or error.stdout).strip()[-300:]}") from None
        except (OSError, subprocess.TimeoutExpired, msgspec.MsgspecError) as error:
            raise UnknownProblem(f"wrk did not print its figures: {error}") from None


def find_wrk() -> str | None:
    """The path of wrk, if it is installed."""
    return shutil.which("wrk")


def _version(program: str) -> str:
    done = subprocess.run([program, "--version"], capture_output=True, text=True, check=False)
    return " ".join(done.stdout.split()[:2]) or "wrk"

"""The setups that are walked: each the real client in a process of its own, in an empty folder, without a terminal."""

import os
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import msgspec

from drills.onboarding.house import House
from gates.schema.errors import UnknownProblem
from gates.schema.rooms import room_argv

LIMIT_S = 120
"""How long one walk may take; it is a few seconds."""
BOOTSTRAP = "bootstrap.key"
_KEPT = ("PATH", "LANG", "LC_ALL", "SSL_CERT_FILE", "GONOGO_REHEARSAL_CLOCK")
HOSTS = ("--host", "none", "--no-ask")
"""No host's file is changed, and no host is run."""


class Named(msgspec.Struct, frozen=True):
    """What names a failure."""

    code: str | None = None


class Ended(msgspec.Struct, frozen=True):
    """What a walk came to, from the client's own report."""

    run: str
    outcome: str
    tenant_id: str | None = None
    wallet: str | None = None
    failure: Named | None = None


class Around(msgspec.Struct, frozen=True):
    """What surrounds a new user: the gateway's house, demo money for a wallet (tenant, wallet), the codes that were mailed."""

    house: House
    give_money: Callable[[str, str], None]
    newest_code: Callable[[str], str]
    nonce: str


class User:
    """A new user with an empty folder."""

    def __init__(self, folder: Path, around: Around) -> None:
        self._folder, self.around = folder, around
        folder.mkdir(parents=True)
        self.address = f"setup+{around.nonce}@example.com"

    @property
    def home(self) -> Path:
        """The folder, which is the home of everything that is run."""
        return self._folder

    @property
    def state(self) -> Path:
        """Where the client keeps journals, reports and receipts."""
        return self._folder / "state"

    @property
    def key_file(self) -> Path:
        """Where the client writes the agent's key."""
        return self._folder / "api.key"

    def colleague(self) -> "User":
        """Another new user."""
        return User(self._folder / "colleague", self.around)

    def codes(self, ended: Ended) -> frozenset[str]:
        """The code that a walk ended with, and those in its journal: of what failed on the way and did not stop it."""
        lines = (self.state / "runs" / ended.run / "journal.jsonl").read_bytes().splitlines()
        found = (*(msgspec.json.decode(line, type=Named) for line in lines), ended.failure or Named())
        return frozenset(one.code for one in found if one.code)

    def new_key(self) -> tuple[str, str]:
        """An operator's key for a new tenant, as options of the client."""
        made = self.around.house.new_tenant(f"setups {self.around.nonce} {self._folder.name}")
        path = self._folder / BOOTSTRAP
        path.touch(mode=0o600)
        path.write_text(made.key + "\n", encoding="ascii")
        return "--bootstrap-key", str(path)

    def give_money(self, ended: Ended) -> None:
        """Demo money for the wallet that the client made, if it came to one."""
        if ended.tenant_id is not None and ended.wallet is not None:
            self.around.give_money(ended.tenant_id, ended.wallet)

    def setup(self, verb: str, *options: str) -> Ended:
        """`gonogo setup run` or `resume`; raises UnknownProblem where it printed no report."""
        argv = room_argv("scorecards", "setup", verb, "--base-url", self.around.house.url, *options, "--format", "json")
        done = subprocess.run(
            argv, env=self._environ(), stdin=subprocess.DEVNULL, capture_output=True, timeout=LIMIT_S, check=False
        )
        try:
            return msgspec.json.decode(done.stdout, type=Ended)
        except msgspec.MsgspecError:
            said = done.stderr.decode(errors="replace").strip().splitlines()[-3:]
            raise UnknownProblem(f"gonogo setup {verb}: exit {done.returncode}, no report: {' '.join(said)}") from None

    def _environ(self) -> Mapping[str, str]:
        kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
        own = {"HOME": self._folder, "GONOGO_SETUP_STATE": self.state, "GONOGO_KEY_FILE": self.key_file}
        return {**kept, **{name: str(path) for name, path in own.items()}}


def signs_up(user: User) -> Ended:
    """Signs up by the code in a mail, pauses, has demo money by then, sets up a host, pays, and verifies the receipt."""
    user.around.house.sign_up("public_signup")
    try:
        user.setup("run", "--address", user.address, "--tenant-name", f"setups {user.around.nonce}")
        begun = user.setup("resume", "--code", user.around.newest_code(user.address))
    finally:
        user.around.house.sign_up("managed")
    if begun.tenant_id is None:
        return begun
    user.around.house.label(begun.tenant_id)
    user.give_money(begun)
    return user.setup("resume", "--host", "cursor", "--apply", "--no-ask", "--pay")


def tries_without_money(user: User) -> Ended:
    """Begins with an operator's key and ends trust-only: the signed denial of a call verifies."""
    return user.setup("run", *HOSTS, "--pay", *user.new_key())


def types_a_wrong_code(user: User) -> Ended:
    """Asks for a code, types a wrong one, and goes on with an operator's key."""
    user.setup("run", "--address", user.address, "--code", "00000000")
    return user.setup("resume", *HOSTS, "--pay", *user.new_key())


def comes_back_for_money(user: User) -> Ended:
    """Ends trust-only first, gets demo money, and pays in a second walk."""
    user.give_money(user.setup("run", *HOSTS, "--pay", *user.new_key()))
    return user.setup("resume", *HOSTS, "--pay")


WALKS: Sequence[Callable[[User], Ended]] = (signs_up, tries_without_money, types_a_wrong_code, comes_back_for_money)
"""The walks, in the order in which a shorter rehearsal takes them."""

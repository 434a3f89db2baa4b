"""Setups that fail: for each code how a new user comes to it with the real client, and what the user does about it."""

from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec

from drills.onboarding.walks import BOOTSTRAP, HOSTS, Ended, User

_WRONG_CODE = "00000000"
_CURSOR = ("--host", "cursor", "--apply", "--no-ask")


class FailedSetup(msgspec.Struct, frozen=True):
    """One of them. `cure` gets the key that an operator may have made; `is_cured` looks at what the gateway does not see."""

    fail: Callable[[User], Ended]
    cure: Callable[[User, Ended, Path], Ended]
    is_cured: Callable[[User], bool] = lambda _: True


def _asks_nobody(user: User) -> Ended:
    """Without a terminal and without the flag that decides."""
    return user.setup("run", *HOSTS)


def _gives_the_flag(user: User, failed: Ended, key: Path) -> Ended:
    user.setup("resume", "--address", user.address)
    return _types_the_code(user, failed, key)


def _types_a_wrong_code(user: User) -> Ended:
    return user.setup("run", "--address", user.address, "--code", _WRONG_CODE)


def _types_the_code(user: User, failed: Ended, key: Path) -> Ended:  # noqa: ARG001  # no key is needed
    return user.setup("resume", "--code", user.around.newest_code(user.address), *HOSTS, "--pay")


def _has_a_spoilt_key(user: User) -> Ended:
    """A letter of it was lost on the way."""
    option, path = user.new_key()
    key = Path(path).read_text(encoding="ascii").strip()
    Path(path).write_text(f"{key[:-1]}\n", encoding="ascii")
    return user.setup("run", option, path)


def _has_a_used_key(user: User) -> Ended:
    """A colleague was quicker."""
    key = user.new_key()
    user.colleague().setup("run", *HOSTS, *key)
    return user.setup("run", *key)


def _takes_the_new_key(user: User, failed: Ended, key: Path) -> Ended:  # noqa: ARG001  # the setup that goes on is the last
    return user.setup("resume", "--bootstrap-key", str(key), *HOSTS, "--pay")


def _has_no_money(user: User) -> Ended:
    return user.setup("run", *HOSTS, "--pay", *user.new_key())


def _gets_money(user: User, failed: Ended, key: Path) -> Ended:  # noqa: ARG001  # no key is needed
    user.give_money(failed)
    return user.setup("resume", *HOSTS, "--pay")


def _has_a_broken_file(user: User) -> Ended:
    """The file of the host ends in the middle."""
    file = _file(user)
    file.parent.mkdir(parents=True)
    file.write_text('{"mcpServers": {\n', encoding="utf-8")
    return user.setup("run", *_CURSOR, "--no-pay", *user.new_key())


def _corrects_the_file(user: User, failed: Ended, key: Path) -> Ended:  # noqa: ARG001  # no key is needed
    _file(user).write_text('{"mcpServers": {}}\n', encoding="utf-8")
    user.give_money(failed)
    return user.setup("resume", *_CURSOR, "--pay")


def _file_has_our_entry(user: User) -> bool:
    return '"gonogo"' in _file(user).read_text(encoding="utf-8")


def _file(user: User) -> Path:
    return user.home / ".cursor" / "mcp.json"


def _has_another_key_there(user: User) -> Ended:
    """Where the key would be written, there is a file of something else."""
    user.key_file.write_text("of another service\n", encoding="ascii")
    return user.setup("run", *HOSTS, *user.new_key())


def _names_another_file(user: User, failed: Ended, key: Path) -> Ended:  # noqa: ARG001  # no key of an operator is needed
    again = ("--bootstrap-key", str(user.home / BOOTSTRAP))
    return user.setup("resume", "--key-file", str(user.home / "api-2.key"), *again, *HOSTS, "--pay")


FAILED_SETUPS: Mapping[str, FailedSetup] = {
    "no_terminal": FailedSetup(_asks_nobody, _gives_the_flag),
    "otp_invalid": FailedSetup(_types_a_wrong_code, _types_the_code),
    "bootstrap_key_invalid": FailedSetup(_has_a_spoilt_key, _takes_the_new_key),
    "bootstrap_key_used": FailedSetup(_has_a_used_key, _takes_the_new_key),
    "wallet_empty": FailedSetup(_has_no_money, _gets_money),
    "host_file_unparsable": FailedSetup(_has_a_broken_file, _corrects_the_file, _file_has_our_entry),
    "key_file_taken": FailedSetup(_has_another_key_there, _names_another_file),
}
"""By their codes; a rehearsal takes seconds for each."""

"""How drills act on a service: the commands of a target file."""

import msgspec


class Commands(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """How to act on the service: argv lists, no shell. `{port}` and `{db}` are filled in for one that gonogo runs itself.

    `deploy`, `rollback`, `kill` and `restore` are for a service that others run. `pause` lets it refuse new reserves and settle
    open holds, `resume` ends that. `cut_rail` and `restore_rail` take its rail away and give it back.

    `rotate_key` has another key sign receipts from then on, `revoke_key` revokes the one whose id is filled in as `{keyid}`.
    `copy_key` lets a drill be the thief: it copies the private key that signs now (32 raw bytes of Ed25519, or PEM) to
    `{key_file}`. Never write it for a service whose receipts anybody relies on.
    """

    deploy: tuple[str, ...] = ()
    rollback: tuple[str, ...] = ()
    kill: tuple[str, ...] = ()
    restore: tuple[str, ...] = ()
    pause: tuple[str, ...] = ()
    resume: tuple[str, ...] = ()
    cut_rail: tuple[str, ...] = ()
    restore_rail: tuple[str, ...] = ()
    rotate_key: tuple[str, ...] = ()
    revoke_key: tuple[str, ...] = ()
    copy_key: tuple[str, ...] = ()

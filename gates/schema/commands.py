"""How drills act on a service: the commands of a target file."""

import msgspec


class Commands(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """How to act on the service: argv lists, no shell. `{port}` and `{db}` are filled in for one that gonogo runs itself.

    `deploy`, `rollback`, `kill` and `restore` are for a service that others run. `pause` lets it refuse new reserves and settle
    open holds, `resume` ends that. `cut_rail` and `restore_rail` take its rail away and give it back.

    `rotate_key` has another key sign receipts from then on, `revoke_key` revokes the one whose id is filled in as `{keyid}`.
    `copy_key` lets a drill be the thief: it copies the private key that signs now (32 raw bytes of Ed25519, or PEM) to
    `{key_file}`. Never write it for a service whose receipts anybody relies on.

    `backup` writes a backup of `{db}` to `{backup}`, a new place, while the service works; `restore_database` makes of it the new
    database `{restored_db}`, or has a service that others run serve what was backed up. `lose_database` ends such a service and
    takes its database away. `reconcile` holds the rail's book in the file `{book}` against the payouts, and prints
    {"matched": n, "open": n, "differences": [{"gap", "rail_id", "rail_key", "amount"}]}, the gap `only_at_rail` for a charge
    without its payout; it ends with 1 where there are differences.
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
    backup: tuple[str, ...] = ()
    restore_database: tuple[str, ...] = ()
    lose_database: tuple[str, ...] = ()
    reconcile: tuple[str, ...] = ()

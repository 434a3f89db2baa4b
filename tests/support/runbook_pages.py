"""Runbooks for tests: a sound page of three steps, and parts to put in its place."""

SOUND = """# Everything is broken

Read this when it is.

## Signal

It is broken.

## First five minutes

```sh step=look expect=0 timeout=20s
echo '{"mode":"broken"}'
```

```output of=look
"mode":"broken"
```

## Decide

Repair it.

## Act

```sh step=repair expect=3 timeout=20s verify=works confirm
echo done > repaired
exit 3
```

```human step=call who=finance timeout=1h
Call finance.
```

## Verify

```sh step=works expect=0 timeout=20s verify=exit
test -f repaired
```

## Wake up

The owner.
"""


def page(*blocks: str) -> str:
    """A page with these blocks in its section Act, and nothing else that is run."""
    return "# A page\n\n## Act\n\n" + "\n\n".join(blocks) + "\n"


def shell(text: str, step: str = "one", info: str = "expect=0 timeout=20s verify=exit") -> str:
    """A block of commands."""
    return f"```sh step={step} {info}\n{text}\n```"

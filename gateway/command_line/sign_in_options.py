"""The options of `gonogo gateway serve` about signing in: where users reach the gateway, and how codes reach them."""

import ipaddress
import os
import urllib.parse
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict

import click

if TYPE_CHECKING:
    from gateway.settings import Settings

_path = click.Path(path_type=Path)
Command = Callable[..., Any]


class SignInOptions(TypedDict):
    """The options as click hands them over."""

    public_url: str | None
    dev: bool
    mail: str
    mail_folder: Path | None
    smtp: str | None
    smtp_ca: Path | None
    mail_from: str | None
    trusted_proxies: tuple[str, ...]


_OPTIONS = (
    click.option(
        "--public-url",
        envvar="GONOGO_PUBLIC_URL",
        show_envvar=True,
        default=None,
        help="Where users reach the gateway.  [default: the address it listens on]",
    ),
    click.option(
        "--dev",
        envvar="GONOGO_DEV",
        show_envvar=True,
        is_flag=True,
        help="For development: allows --mail record and log, on a loopback address.",
    ),
    click.option(
        "--mail",
        envvar="GONOGO_MAIL",
        show_envvar=True,
        type=click.Choice(["smtp", "record", "log", "none"]),
        default="none",
        show_default=True,
        help="How codes reach users; none: nobody can sign in by a code.",
    ),
    click.option(
        "--mail-folder",
        envvar="GONOGO_MAIL_FOLDER",
        show_envvar=True,
        type=_path,
        default=None,
        help="--mail record: the folder that mails are written into.",
    ),
    click.option(
        "--smtp",
        envvar="GONOGO_SMTP",
        show_envvar=True,
        default=None,
        help="--mail smtp: smtp://USER@HOST:587 or smtps://...; GONOGO_SMTP_PASSWORD.",
    ),
    click.option(
        "--smtp-ca",
        envvar="GONOGO_SMTP_CA",
        show_envvar=True,
        type=_path,
        default=None,
        help="Certificates (PEM) to verify the mail server with.",
    ),
    click.option(
        "--mail-from", envvar="GONOGO_MAIL_FROM", show_envvar=True, default=None, help="The address that mails come from."
    ),
    click.option(
        "--trusted-proxy",
        "trusted_proxies",
        multiple=True,
        help="A proxy's network, such as 10.0.0.0/8, that may say whom a request comes from. Repeatable.",
    ),
)


def sign_in_options(command: Command) -> Command:
    """Add the options to a command."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def with_sign_in(settings: "Settings", given: SignInOptions) -> "Settings":
    """The settings with these options; raises StartProblem naming the option that is wrong."""
    import msgspec

    from gateway.mailing import MailMode, MailSettings

    mail = MailSettings(
        mode=MailMode(given["mail"]),
        folder=given["mail_folder"],
        smtp=given["smtp"],
        ca=given["smtp_ca"],
        sender=given["mail_from"],
        password=os.environ.get("GONOGO_SMTP_PASSWORD") if given["mail"] == "smtp" else None,
    )
    proxies = tuple(_network(text) for text in given["trusted_proxies"])
    url = _public_url(given["public_url"], dev=given["dev"])
    return msgspec.structs.replace(settings, mail=mail, dev=given["dev"], public_url=url, trusted_proxies=proxies)


def _network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    from gateway.errors import StartProblem

    try:
        return ipaddress.ip_network(text)
    except ValueError:
        raise StartProblem(f"--trusted-proxy {text!r} is not a network such as 10.0.0.0/8 or an address") from None


def _public_url(text: str | None, *, dev: bool) -> str | None:
    """The address as users write it, without a slash at the end: documents and mails are about this one and no other."""
    from gateway.errors import StartProblem
    from gateway.process.listen import is_loopback

    if text is None:
        return None
    problem = StartProblem("--public-url is not an address such as https://pay.example.com: scheme and host, and nothing else")
    try:
        parts = urllib.parse.urlsplit(text)
        named = parts.hostname is not None and (parts.port is None or parts.port > 0)
    except ValueError:
        raise problem from None
    extra = parts.path.strip("/") or parts.query or parts.fragment or parts.username or parts.password
    if parts.scheme not in ("http", "https") or not named or extra or not text.isascii() or any(map(str.isspace, text)):
        raise problem
    if parts.scheme == "http" and not dev and not is_loopback(parts.hostname or ""):
        raise StartProblem("--public-url begins with http: keys and sessions would travel in the clear; use https, or --dev")
    return f"{parts.scheme}://{parts.netloc.lower()}"

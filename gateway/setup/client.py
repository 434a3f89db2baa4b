"""A gateway over HTTP, as an agent uses it: with its key, and with answers that say what to do next."""

import asyncio
import ssl
from collections.abc import Mapping
from pathlib import Path

import httpx
import msgspec

from gateway.setup.failures import SetupCode, SetupProblem
from gateway.setup.short_file import first_line

ANSWER_S = 30.0
"""How long one try may take as a whole, from the connection to the answer's last byte."""

LARGEST_ANSWER = 4 * 1024 * 1024
"""Bytes; what is longer is of no gateway."""

_TRIES = 4
_LONGEST_PAUSE_S = 5.0

Body = Mapping[str, object]


class Refusal(msgspec.Struct, frozen=True):
    """What the gateway refused with: the members of its problem document that a caller acts on."""

    code: str
    title: str
    detail: str
    money_moved: str
    next_step: str
    retry: dict[str, object] = {}
    reasons: tuple[str, ...] = ()
    status: int = 0
    resource: str | None = None

    @property
    def same_key_after_s(self) -> float | None:
        """After how many seconds the same request may be sent again; None where that does not help."""
        after = self.retry.get("after_ms")
        if self.retry.get("action") != "same_key" or not isinstance(after, int):
            return None
        return min(max(after, 0), _LONGEST_PAUSE_S * 1000) / 1000


class Refused(Exception):
    """A refusal of the gateway, as an exception."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.code)
        self.refusal = refusal


def read_key(environ: Mapping[str, str], default: Path) -> str:
    """The API key: of GONOGO_API_KEY, else of the file that GONOGO_KEY_FILE names, else of the user's own file.

    Raises SetupProblem(key_missing), naming where it was looked for, and never what was found there.
    """
    key = environ.get("GONOGO_API_KEY", "")
    if not key or key.startswith("$"):  # a host that does not know the variable passes its reference on
        path = Path(environ.get("GONOGO_KEY_FILE") or default)
        try:
            key = first_line(path)
        except (OSError, ValueError):
            raise SetupProblem(SetupCode.KEY_MISSING, f"neither in GONOGO_API_KEY nor in {path}") from None
    if not key or not key.isascii() or not key.isprintable() or " " in key:
        raise SetupProblem(SetupCode.KEY_MISSING, "what is there has white space, or characters that no key has")
    return key


class Gateway:
    """One gateway and one key. The environment's proxies stay out: a payment goes where the address says, or nowhere.

    One try takes no longer than `answer_s`, however slowly the answer comes.
    """

    def __init__(
        self, base_url: str, key: str, transport: httpx.AsyncBaseTransport | None = None, answer_s: float = ANSWER_S
    ) -> None:
        self._answer_s = answer_s
        self._client = httpx.AsyncClient(
            base_url=base_url,
            headers={"authorization": f"Bearer {key}"},
            timeout=answer_s,
            transport=transport,
            verify=ssl.create_default_context(),  # which reads SSL_CERT_FILE
            follow_redirects=False,
            trust_env=False,
        )

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def read(self, path: str) -> dict[str, object]:
        """The JSON at a path; raises Refused, or SetupProblem where there was no answer."""
        try:
            return _decoded(*await self._exchange(self._client.build_request("GET", path)))
        except httpx.HTTPError as error:
            raise _unreachable(error) from None

    async def decide(self, path: str, body: Body, key: str | None = None) -> dict[str, object]:
        """Send a request, again with the same idempotency key while the gateway says so or does not answer.

        Raises Refused; SetupProblem(call_unknown) where it may have been carried out and no answer came.
        """
        headers = {"content-type": "application/json"} | ({} if key is None else {"idempotency-key": key})
        content, arrived = msgspec.json.encode(body), False
        for last in (False,) * (_TRIES - 1) + (True,):
            try:
                request = self._client.build_request("POST", path, content=content, headers=headers)
                return _decoded(*await self._exchange(request))
            except Refused as refused:
                arrived = arrived or refused.refusal.money_moved != "no"
                pause_s = refused.refusal.same_key_after_s
                if last or pause_s is None:
                    raise
            except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                if last and not arrived:
                    raise _unreachable(error) from None
                pause_s = 0.5
            except SetupProblem:  # what answered is no gateway's answer; the request may have come through all the same
                if key is None:
                    raise
                arrived, pause_s = True, 0.5
            except httpx.HTTPError:
                arrived, pause_s = True, 0.5
            await asyncio.sleep(0 if last else pause_s)
        raise SetupProblem(SetupCode.CALL_UNKNOWN, "no whole answer of a gateway came")

    async def _exchange(self, request: httpx.Request) -> tuple[httpx.Response, bytes]:
        """The answer and its whole body; raises httpx.HTTPError, also where it takes too long."""
        content = bytearray()
        try:
            async with asyncio.timeout(self._answer_s):
                response = await self._client.send(request, stream=True)
                try:
                    async for part in response.aiter_bytes():
                        content += part
                        if len(content) > LARGEST_ANSWER:
                            raise SetupProblem(SetupCode.SERVICE_UNREACHABLE, f"an answer of more than {LARGEST_ANSWER} bytes")
                finally:
                    await response.aclose()
        except TimeoutError:
            raise httpx.ReadTimeout(f"the answer was not whole within {self._answer_s:g} s") from None
        return response, bytes(content)


def _unreachable(error: httpx.HTTPError) -> SetupProblem:
    text = str(error) or type(error).__name__
    code = SetupCode.TLS_UNTRUSTED if "CERTIFICATE_VERIFY_FAILED" in text else SetupCode.SERVICE_UNREACHABLE
    return SetupProblem(code, text)


def _decoded(answer: httpx.Response, content: bytes) -> dict[str, object]:
    try:
        if answer.is_success:
            return msgspec.json.decode(content, type=dict[str, object])
        raise Refused(msgspec.json.decode(content, type=Refusal))
    except (msgspec.DecodeError, RecursionError):
        detail = f"status {answer.status_code} without the body of a gateway"
        raise SetupProblem(SetupCode.SERVICE_UNREACHABLE, detail) from None

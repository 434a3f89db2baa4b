"""Bodies that name a mail address: from here on it has its one spelling, in the command and in what is fingerprinted."""

import msgspec
from msgspec.structs import replace

from gateway.access.addresses import normalised
from gateway.api.body import BodyDecoder, C


class AddressDecoder(BodyDecoder[C]):
    """Decodes a command with a member `address`."""

    def decode(self, body: bytes) -> tuple[C, bytes]:
        """The command with its address normalised, and a body that says the same; raises Refused."""
        command, _ = super().decode(body)
        command = replace(command, address=normalised(command.address))  # type: ignore[attr-defined]  # chosen for its member
        return command, msgspec.json.encode(command)

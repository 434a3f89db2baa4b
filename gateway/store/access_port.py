"""The tables of access, as handlers use them inside a transaction: part of the port."""

from typing import Protocol

from gateway.commands import HouseRoleName
from gateway.store.access_rows import (
    ApiKeyRow,
    Counted,
    EndedBy,
    MailRow,
    MailsLine,
    MemberRow,
    MemberTenant,
    NewMail,
    NewSession,
    PersonRow,
    SessionRow,
    SignInRow,
)
from gateway.store.house_port import BootstrapKeys, Funnel, House


class SignIns(Protocol):
    """Challenges."""

    def add(self, row: SignInRow) -> None:
        """Store a challenge."""

    def find(self, sign_in_id: str) -> SignInRow | None:
        """A challenge."""

    def use(self, sign_in_id: str, now: str) -> bool:
        """Mark a challenge as used; False where it was used, has expired or is locked: one conditional update decides."""

    def add_try(self, sign_in_id: str) -> None:
        """Count a wrong code."""

    def sent_again(self, sign_in_id: str, now: str) -> None:
        """Its code was sent once more."""

    def forget(self, address_hash: str) -> None:
        """Delete the challenges of an address, with their mails."""

    def purge(self, expired_until: str, limit: int) -> int:
        """Delete challenges that expired before a moment, with their mails; returns how many."""


class Throttles(Protocol):
    """What was counted against an address, by its hash, or a network."""

    def add(self, subject: str, kind: Counted, now: str) -> None:
        """Count one event."""

    def newest(self, subject: str, kind: Counted, since: str, limit: int) -> list[str]:
        """When the newest events after `since` happened, newest first."""

    def failures_in_row(self, address_hash: str) -> int:
        """Wrong codes since the last right one."""

    def fail(self, address_hash: str, now: str) -> None:
        """Count a wrong code, in the row and within the day."""

    def succeed(self, address_hash: str) -> None:
        """A right code ends the row."""

    def forget(self, address_hash: str) -> None:
        """Delete everything that was counted against an address."""

    def purge(self, until: str, limit: int) -> int:
        """Delete events before a moment; returns how many."""

    def purge_rows(self, until: str, fewer_than: int, limit: int) -> int:
        """Delete rows of failures whose last one is older, but for those that lock their address; returns how many."""


class People(Protocol):
    """People, and the tenants that they belong to."""

    def find(self, person_id: str) -> PersonRow | None:
        """A person."""

    def of_address(self, address_hash: str) -> PersonRow | None:
        """Whose address this is."""

    def add(self, row: PersonRow) -> None:
        """Store a person."""

    def set_address(self, person_id: str, address: str | None, address_hash: str | None) -> None:
        """Change the address, or erase it with None."""

    def set_house_role(self, person_id: str, role: HouseRoleName | None) -> None:
        """Make somebody one of the house's people, or no longer."""

    def join(self, person_id: str, tenant_id: str, now: str) -> None:
        """Make somebody a member of a tenant."""

    def tenants(self, person_id: str) -> list[MemberTenant]:
        """The tenants of a person, by name."""

    def members(self, tenant_id: str) -> list[MemberRow]:
        """The people of a tenant, who came first first."""

    def leave(self, person_id: str, tenant_id: str) -> bool:
        """Take somebody out of a tenant; False for who is not in it. Sessions and keys are ended on their own."""


class Sessions(Protocol):
    """Sessions."""

    def add(self, row: NewSession) -> None:
        """Store a session; it counts as fresh, and as seen now."""

    def find(self, session_id: str) -> SessionRow | None:
        """A session by its id."""

    def of_token(self, token_sha256: bytes) -> SessionRow | None:
        """A session by its token's hash."""

    def live(self, person_id: str, now: str, seen_after: str) -> list[str]:
        """The ids of a person's sessions that are not over, oldest first."""

    def choose_tenant(self, session_id: str, tenant_id: str) -> None:
        """Let a session act in a tenant; a trigger wants its person to be a member."""

    def refresh(self, session_id: str, now: str) -> None:
        """A code was confirmed: the session is fresh again."""

    def see(self, session_id: str, now: str) -> None:
        """The session was used; never back in time, and not once it has ended."""

    def end(self, session_id: str, now: str, by: EndedBy) -> int:
        """End a session; 1, or 0 where it had ended."""

    def end_of_person(self, person_id: str, now: str, by: EndedBy) -> int:
        """End all sessions of a person; how many."""

    def end_of_tenant(self, tenant_id: str, now: str) -> int:
        """End all sessions that act in a tenant; how many."""

    def end_of_member(self, person_id: str, tenant_id: str, now: str) -> int:
        """End the sessions of a person that act in a tenant; how many."""

    def purge(self, until: str, limit: int) -> int:
        """Delete sessions whose time was over before a moment; returns how many."""


class Mails(Protocol):
    """Mails to be sent: a worker takes those that are due, one after another, outside of any request."""

    def add(self, row: NewMail) -> None:
        """Queue a mail, due at once."""

    def due(self, now: str, limit: int) -> list[MailRow]:
        """Queued mails whose time has come, oldest first."""

    def next_due(self) -> str | None:
        """When the next queued mail is due; None where nothing waits."""

    def find(self, mail_id: str) -> MailRow | None:
        """A mail."""

    def summary(self) -> list[MailsLine]:
        """The mails by state and last code."""

    def take(self, mail_id: str, due_at: str) -> None:
        """A try begins; without a result the mail is due again then."""

    def sent(self, mail_id: str) -> None:
        """It was handed over."""

    def failed(self, mail_id: str, code: str) -> None:
        """It will not be sent: `code` says why."""

    def again(self, mail_id: str, due_at: str, code: str) -> None:
        """A try failed; the next one is due later."""


class ApiKeys(Protocol):
    """API keys, beyond their making."""

    def of_tenant(self, tenant_id: str, limit: int) -> list[ApiKeyRow]:
        """A tenant's newest keys, the newest first."""

    def find(self, tenant_id: str | None, key_id: str) -> ApiKeyRow | None:
        """A key of a tenant, or of the house."""

    def revoke(self, key_id: str, now: str) -> bool:
        """Revoke a key; False where it was revoked already."""

    def revoke_of_person(self, tenant_id: str, person_id: str, now: str) -> int:
        """Revoke a person's keys of a tenant; how many."""

    def by_id(self, key_id: str) -> ApiKeyRow | None:
        """A key, whosever it is: for the commands of the house."""

    def made_at(self, tenant_id: str, place: int) -> str | None:
        """When the tenant's key that has this place was made, the newest being 1; None where there are fewer."""

    def people_called(self, tenant_id: str, agent_id: str) -> frozenset[str | None]:
        """Whose keys of this tenant act, or have acted, under a name, however it is written; None stands for programs."""


class Access(Protocol):
    """All tables of access."""

    @property
    def sign_ins(self) -> SignIns:
        """Challenges."""

    @property
    def throttles(self) -> Throttles:
        """Counts."""

    @property
    def people(self) -> People:
        """People and memberships."""

    @property
    def sessions(self) -> Sessions:
        """Sessions."""

    @property
    def mails(self) -> Mails:
        """Mails to be sent."""

    @property
    def api_keys(self) -> ApiKeys:
        """API keys."""

    @property
    def bootstrap_keys(self) -> BootstrapKeys:
        """Bootstrap keys."""

    @property
    def house(self) -> House:
        """What the house decides."""

    @property
    def funnel(self) -> Funnel:
        """Runs and the activation funnel."""

    def key_check(self) -> bytes | None:
        """What recognises the access key; None in a database that has none yet."""

    def set_key_check(self, check: bytes) -> None:
        """Remember which access key belongs to this database."""

"""Problems that a user can fix: each has an exit code and the next step."""

from gates.schema.outcome import ExitCode


class Problem(Exception):
    """A refusal with a documented exit code; commands print its text, never a traceback."""

    exit_code = ExitCode.INTERNAL

    def __init__(self, message: str, *, next_step: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.next_step = next_step

    def __str__(self) -> str:
        return f"{self.message}\n  next: {self.next_step}" if self.next_step else self.message


class RedProblem(Problem):
    """A check or a drill that had to pass, and failed."""

    exit_code = ExitCode.RED


class UsageProblem(Problem):
    """An argument, or a document, that cannot be read as written."""

    exit_code = ExitCode.USAGE


class RefusedProblem(Problem):
    """Something that is allowed only with authority that is not there: a signature, a role, a second person."""

    exit_code = ExitCode.REFUSED


class UnverifiedProblem(Problem):
    """Evidence, a signature or a chain that does not verify."""

    exit_code = ExitCode.UNVERIFIED


class UnknownProblem(Problem):
    """Something needed for an answer is not there: a program, a service, a measurement."""

    exit_code = ExitCode.UNKNOWN

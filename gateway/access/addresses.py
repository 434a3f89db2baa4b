"""One spelling for each mail address: what is hashed, stored and mailed. Nothing is looked up."""

from gateway.errors import Code, Refusal, Refused


def normalised(address: str) -> str:
    """The address in lower case and ASCII; raises Refused(invalid_request) for what is none, or is spelt oddly.

    Quoted local parts, comments, display names, address literals, names that no mail reaches and letters beyond ASCII before the
    @ are refused; a domain in another script is written as DNS has it.
    """
    from email_validator import EmailNotValidError, validate_email  # a tenth of a second, for those who sign in

    try:
        found = validate_email(address, check_deliverability=False, allow_smtputf8=False)
    except EmailNotValidError as error:
        raise Refused(Refusal(Code.INVALID_REQUEST, f"$.address: {error}")) from None
    return f"{found.local_part}@{found.ascii_domain}".lower()

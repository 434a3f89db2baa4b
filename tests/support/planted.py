"""One secret of each kind, to plant where a scan has to find it."""

import base64

# Planted secrets are put together here, so that no scanner takes this file for a leak.
VALUE = "gng" + "_agent_" + "Ab3/" * 10 + "x+9"
PLANTED = {
    "private key (PEM)": "-----BEGIN " + "EC PRIVATE KEY-----",
    "private key (JWK)": '{"kty":"OKP","d": "' + "a1B" * 14 + '2"}',
    "bearer token": "Authorization: Bearer " + "abc123" * 4,
    "basic credentials": '"authorization": "Basic ' + base64.b64encode(b"user:secret-word").decode() + '"',
    "gonogo API key": "gng" + "_tenant_admin_" + "Zz9" * 14 + "-",
    "JSON web token": ".".join(base64.urlsafe_b64encode(b'{"a":"%d"}' % number).decode().strip("=") * 2 for number in (1, 2, 3)),
    "AWS access key id": "AKIA" + "ABCDEFGH12345678",
    "AWS secret access key": "aws_secret_access_key = " + "Ab1/" * 10,
    "GitHub token": "ghp" + "_" + "aB3" * 12,
    "Slack token": "xoxb" + "-123456789012-" + "abcdefghij",
    "Stripe key": "sk" + "_live_" + "4eC39HqLyjWDarjtT1zdp7dc",
    "Google API key": "AIza" + "SyA1" * 8 + "xyz",
    "password in a URL": "postgres://gonogo:" + "hunter22" + "@localhost/db",
}

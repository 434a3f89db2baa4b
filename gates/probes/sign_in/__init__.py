"""The canary of a hosted sign-in: what a new user would meet, tried from outside."""

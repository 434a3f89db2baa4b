"""The HTTP shell: from a request to a command, and from an answer to bytes."""

"""A rail to practise with: a small HTTP service with a durable book of its own, which misbehaves as its script says."""

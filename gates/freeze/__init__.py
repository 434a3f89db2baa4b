"""Change freeze: may this be deployed now? A calendar, signed change records, and signed exceptions."""

"""The commands that are not the server: demo data, pausing, explaining errors, a rail to practise with."""

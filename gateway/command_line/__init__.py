"""The commands beside the server: demo data, pausing, explaining errors, a rail to practise with."""

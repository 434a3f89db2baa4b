"""A reference gateway started for practice: its processes, its cores, its seeded database."""

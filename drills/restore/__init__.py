"""A database is lost and restored: from the backup to the comparison of every payment."""

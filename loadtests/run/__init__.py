"""One load run: its folder, its runner, its report and its assessment."""

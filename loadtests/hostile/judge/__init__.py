"""Judging of hostile-rail runs: joins the recorded books and finds contradictions."""

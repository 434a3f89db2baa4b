"""The hostile rail kit, judging: joins the recorded books and finds what contradicts."""

"""The page of one run of a drill: one HTML file from the files of its folder, without scripts or network."""

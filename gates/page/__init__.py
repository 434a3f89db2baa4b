"""Pages that people read: charts, the one style sheet and the template environment; drills, load runs and scorecards share them.

A page is one HTML file without scripts or network. Texts and values are decided before a template sees them; a template places
and repeats.
"""

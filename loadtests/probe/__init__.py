"""`gonogo load probe`: what one payment shows about a target file: what was understood, and what cannot be judged."""

"""`python -m scorecards` is `gonogo`."""

import sys

from scorecards.cli import main

if __name__ == "__main__":
    sys.exit(main())

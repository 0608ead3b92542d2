"""``python -m careloom.connectathon.suppliers CONFIGURATION.json``: one simulated system."""

import sys
from pathlib import Path

from careloom.connectathon.suppliers.process import main

if __name__ == "__main__":
    main(Path(sys.argv[1]))

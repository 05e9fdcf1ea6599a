"""What the studio costs, measured against what one would use instead: `python -m tests.bench`."""

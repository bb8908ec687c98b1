"""`python -m recon.cli` is `recon`."""

from recon.cli import main

main()

"""recon: recomputes every charge and payout of a month from contracts and events, and compares."""

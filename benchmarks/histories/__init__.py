"""Random histories of contracts with writers at work at once, each compared with a plain account of what may happen."""

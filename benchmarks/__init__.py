"""Speed and memory, as ratios to a bare scan of the same data in the same run."""

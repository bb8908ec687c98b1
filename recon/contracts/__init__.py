"""The contract book: what was agreed, from when, known since when (RULES 2)."""

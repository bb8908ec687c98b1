"""How the ledger's tables came about, step by step; opening a ledger applies what it lacks."""

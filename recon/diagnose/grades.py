"""The grades of a finding and what each of them claims (AUDIT, Proof), and a cause's code as people read it."""

GRADES = {
    "proven": "the edit gives what was billed to the cent on every line it should move, moves no line that agreed, "
    "no other single edit fits, and more than one number confirms it",
    "consistent": "the only explanation that fits, but too little confirms it, such as a single amount",
    "ambiguous": "two or more edits fit, so it may be any of them",
    "unexplained": "the rest, for which no cause was found",
}


def cause_words(code: object) -> str:
    """A code as people read it; a pair of them joined by `+`.

    >>> cause_words("timezone_cutoff"), cause_words("fx_date+ivt_billed")
    ('timezone cutoff', 'fx date with ivt billed')
    """
    return str(code or "").replace("+", " with ").replace("_", " ")

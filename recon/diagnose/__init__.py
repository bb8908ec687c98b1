"""Why a line differs: the edits to our belief under which the recomputation gives what was billed."""

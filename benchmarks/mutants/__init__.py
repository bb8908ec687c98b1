"""Mutation testing of what prices a month: small faults are put into the code, and the tests must notice each.

    python -m benchmarks.mutants --sample 500 --seed 20261101      # the whole sample, its report on the screen
    python -m benchmarks.mutants --sample 500 --only 17 23        # some mutants of it

The usual tools start the test suite anew for each mutant and do not look into SQL. Here each mutant lives in a forked
process that has everything but the mutated rooms imported; it is asked the quick tests of its module first, then every
hand-checked case and some random months, from stored observations, as long as none goes red.
"""

"""The `recon.toml` that a new workspace starts with."""

TEMPLATE = """\
[workspace]
name = "NAME"
database = "sqlite:///recon.db"      # the ledger: any SQLAlchemy URL; PostgreSQL for a team
memory_limit = "1GB"                 # of the engine that reads the events; beyond it, it spills to .spill/
# threads = 4                        # of the engine; all cores where unsaid
# engine = "local[*]"                # Spark scans the events: local[*] or a master's URL (README: On Spark)
cutoff_days = 3                      # an event that arrives later than this after the month's end is late
billing_timezone = "UTC"             # the zone the billing system cuts its months in

[people]                             # viewer, preparer, reviewer, auditor, contract_author, contract_approver
# dana = ["preparer", "contract_author"]
# lee = ["reviewer", "contract_approver"]

[tolerance]                          # per line, in its currency; the larger of the two
amount = "0.00"
percent = "0"

[materiality]                        # per currency, for the month
USD = "100.00"

# [drift]                            # what was waived or within tolerance, by counterparty, over the months
# months = 12                        # so many months count …
# in_a_row = 3                       # … and so many in a row in one direction ask for a decision

[contracts]
path = "contracts"

# [approvals]                        # whose contract versions need two who approve
# counterparties = ["acme"]
# effect = { USD = "10000.00" }      # and those that move the last closed month by more than this

# [accounts]                         # what proposed journal entries are written to
# receivable = "1200"
# revenue = "4000"
# payable = "2100"
# cost = "5000"

# [sample]                           # what the evidence pack draws for the auditor
# seed = "auditor's choice"          # set after the month is locked; the period where none is given
# selections = 25                    # lines per currency, by money
# conversions = 25
# confidence_factor = "3.00"         # 95 %, no misstatement expected
# performance_materiality = { USD = "5000.00" }  # in place of selections: interval = this / confidence factor

# One table per dataset: files (Parquet, .csv, .csv.gz; one or a glob) or a database with a query.
# [data.impressions]
# path = "data/impressions/**/*.parquet"
# columns = { ts = "event_time" }    # ours = theirs, where names differ
#
# [data.billing_lines]
# database = "postgresql+psycopg://reader:${BILLING_PASSWORD}@billing.example/ads"   # ${…}: from the environment
# query = "select * from invoice_lines where period = :period"
# control = { rows = 1204, amount = "88301.12" }
"""

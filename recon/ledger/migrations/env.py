"""Alembic's entry: the migrations run in the transaction of whoever opens the ledger."""

from alembic import context

from recon.ledger.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    version_table="ledger_version",
)
with context.begin_transaction():
    context.run_migrations()

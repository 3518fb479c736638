"""Alembic's entry: migrate over the connection that the store hands in, each step in one transaction."""

from alembic import context

from programme.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transactional_ddl=True,
    transaction_per_migration=True,
)
context.run_migrations()

"""Alembic's entry: migrate over the connection that the store hands in, all steps in one transaction."""

from alembic import context

from collector.store.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transactional_ddl=True,
)
with context.begin_transaction():  # a reader, and a start after a kill, sees all steps or none
    context.run_migrations()

"""Postgres: connecting as a role, the schema's migrations, the embedded server and the named queries."""

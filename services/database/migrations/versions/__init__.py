"""Alembic's revisions, one per change of the tables. Never edit one that was released."""

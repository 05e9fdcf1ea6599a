"""Everything that one transaction writes together: jobs, files, submissions, caps and how people organize them.

`services.database.jobs.History` is the entry point. SQLite and PostgreSQL, through SQLAlchemy.
"""

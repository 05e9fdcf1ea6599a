"""Everything that one transaction writes together: jobs, files, submissions, caps and what people organize.

`services.database.jobs.History` is the door. SQLite and PostgreSQL, through SQLAlchemy.
"""

"""The gallery: organize, search, reuse, export and import results, and adopt them after a lost database."""

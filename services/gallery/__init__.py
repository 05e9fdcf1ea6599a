"""What people do with their works: organize, search, reuse, export, import, and take in again after a lost database."""

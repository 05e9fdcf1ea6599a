"""Values that every package shares: jobs, people, money, errors and queries. No I/O."""

"""Fire drills: real studios are killed with -9 under a provider that fails, and then the books are compared.

`python -m tests.chaos --runs N --seed S`. See `plan` for what may happen to a run, `books` for what must not.
"""

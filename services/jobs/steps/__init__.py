"""The steps of a job, in the order that it runs them.

`upload`, `precheck`, `throttle`, `submit` or `stream`, `poll` (`poll_many` for many at once), `download`, `verify`,
`save`. And those beside them: `cancel`, `resolve` (a person decides), `reconcile` (a lost answer), `backoff`.
"""

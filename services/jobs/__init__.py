"""The life of a job: check, build, then the steps, until its results are saved.

The tables say how far a job has come, `scheduling` which job may be submitted, and the engine runs those. Every step
reads the row first, so a job may run again at any time, from any point, and goes on where it was.
"""

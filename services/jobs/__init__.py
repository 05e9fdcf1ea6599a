"""The life of a job: check, build, then the steps, until its results are saved.

The tables hold how far a job has come, `scheduling` decides which job may be submitted, and the engine runs those.
Every step reads the row first: a job may run again at any time, from any point, and continues from there.
"""

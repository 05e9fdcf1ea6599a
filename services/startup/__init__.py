"""The start of our programs: settings, network and home are looked at before anything heavy is loaded.

What is wrong is mended, worked round, or ends the program with a sentence and exit code 2: see `begin`. Imports nothing
by itself, since the settings need parts of it.
"""

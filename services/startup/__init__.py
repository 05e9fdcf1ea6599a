"""The start of our programs: settings, network and home are checked before anything heavy is loaded.

A problem is fixed, worked around, or ends the program with a sentence and exit code 2: see `begin`. This module
imports nothing, since the settings need parts of the package.
"""

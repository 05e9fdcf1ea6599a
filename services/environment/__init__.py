"""The environment of the process: variables, settings files, home folder, terminal. Independent of the studio."""

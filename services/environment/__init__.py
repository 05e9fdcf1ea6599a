"""What surrounds the process: variables, settings files, the home folder, the terminal. Knows nothing of the studio."""

"""Files on the disk: results, inputs, caches, cleanup. And whether they and the database belong together."""

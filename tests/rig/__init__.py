"""What the tests stand on: no net, a browser, a database server."""

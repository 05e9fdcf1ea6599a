"""One tab of the page: a family of models, its form and its results."""

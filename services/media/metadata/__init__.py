"""The recipe in every file: how it was made, in the file itself, so that it survives a new name and a new container.

`embed` puts it in, `read_recipe` finds it or what another tool wrote, `strip` makes a copy that says nothing.
"""

from services.media.metadata.embedding import CARRYING, embed, read_recipe, strip
from services.media.metadata.other_tools import Foreign
from services.media.metadata.recipe import Recipe, RecipeInput, read_json, recipe_of, write_json

__all__ = [
    "CARRYING",
    "Foreign",
    "Recipe",
    "RecipeInput",
    "embed",
    "read_json",
    "read_recipe",
    "recipe_of",
    "strip",
    "write_json",
]

"""The recipe in every file: a record of how it was made, stored in the file itself.

It survives a new name and a new container. `embed` writes it, `read_recipe` finds it or another tool's, `strip` makes a
copy without any such text.
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

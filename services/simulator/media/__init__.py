"""The simulator's media: clips, pictures, sounds and articles."""

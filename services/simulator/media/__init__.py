"""What the look-alike makes: clips, pictures, sounds and articles."""

"""Money: the caps, what each job reserves, and what was spent. Amounts are whole millionths of a currency."""

"""Money: caps on it, what each job holds of them, and what was spent. Amounts are whole millionths of a currency."""

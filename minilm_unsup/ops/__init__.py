"""Array functions that more than one caller uses."""

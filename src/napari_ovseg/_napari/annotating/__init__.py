"""What a person does between runs: paints, edits the table, takes labels in, goes to what is unsure."""

"""What the panel shows: rows, the table, dialogs; knows no viewer and no layer."""

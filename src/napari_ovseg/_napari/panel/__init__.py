"""What the panel shows: rows, the table, dialogs; knows no viewer.

`form` says where each part stands. The parts tell by signals what a person asks for, and show what they are
told; what follows from it is decided in the rooms above.
"""

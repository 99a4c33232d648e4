"""What answers where a name is in a picture: the models, one room for each kind."""

"""What lies in the viewer: pictures to read, results and saved work as layers, whose pixels are whose."""

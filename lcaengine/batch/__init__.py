"""Many bills of materials at once."""

"""A picture as models see it: read in parts, rendered, varied and cut into windows; and maps fused again."""

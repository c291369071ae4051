"""Every vector and every trap of the formats."""

"""What may a plant's settings say, and what is wrong with these? Site files, tag lists, register maps."""

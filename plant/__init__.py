"""What is there to be measured in a plant, and in which words? The nouns; no I/O, nothing of ours imported."""

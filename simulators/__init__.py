"""What would a perfect reader have seen? A simulated plant over real protocols, for demo and tests."""

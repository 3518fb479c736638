"""What can a person ask of Smart Wings? The command line: the composition roots, which nothing imports."""

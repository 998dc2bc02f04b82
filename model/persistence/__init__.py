"""Models as folders that bertopic 0.17.4 reads and writes too."""

"""Makes ``python -m topicstream.workers`` the same as ``topicstream``."""

from topicstream.workers.cli import main

if __name__ == "__main__":
    main()

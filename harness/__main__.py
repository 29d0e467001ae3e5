"""`python -m harness`: the command line of the checkout that one stands in."""

from harness.cli import main

if __name__ == "__main__":
    main()

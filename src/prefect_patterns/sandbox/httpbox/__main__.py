"""`python -m prefect_patterns.sandbox.httpbox`: the child process of `HttpBox`."""

from prefect_patterns.sandbox.httpbox.server import main

if __name__ == "__main__":
    main()

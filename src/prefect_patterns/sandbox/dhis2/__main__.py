"""`python -m prefect_patterns.sandbox.dhis2`: the child process of `Dhis2Sandbox`."""

from prefect_patterns.sandbox.dhis2.server import main

if __name__ == "__main__":
    main()

"""Third-party software and test servers, started for the tests and stopped after them."""

"""How jobs are run: mrjob's runners with their extensions, and the launchers that use them."""

"""From a roster to the people who are called: the configuration of an Alertmanager, and the command `gonogo roster`."""

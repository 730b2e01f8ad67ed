"""Who works here: accounts, appointments, tokens, access reviews. An administrator's rooms."""

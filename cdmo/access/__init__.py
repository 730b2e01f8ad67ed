"""Who gets in, and who may sign: passwords, second factors, lockout, sessions, single sign-on."""

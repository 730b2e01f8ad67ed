"""Who the patients are: apart from every other record, sealed with a key of its own."""

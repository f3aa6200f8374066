"""The REST side: parse, authorise, call one verb, answer."""

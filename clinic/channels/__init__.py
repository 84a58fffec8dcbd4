"""Ways to send a message. Each file beside this one is a channel with a class `Channel`; adding one is adding a file."""

"""What is sent: every message and its price, the network that carries it, codecs, and faults."""

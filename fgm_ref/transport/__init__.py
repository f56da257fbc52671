"""What is sent: every message and its price, who may talk to whom, in how many bits, and what may go wrong."""

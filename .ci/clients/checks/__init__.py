"""What real Python clients send, and what the server must give back."""

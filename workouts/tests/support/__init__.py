"""What the tests share: the cast, the servers, and what watches them."""

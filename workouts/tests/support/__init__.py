"""What tests share: the cast, servers, services, browsers, and ways to wait for them."""

"""What processes tell each other over the channel layer: session news and wall reports."""

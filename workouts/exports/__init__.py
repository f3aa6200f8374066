"""Sessions as CSV and XLSX files, made batch by batch while they are sent."""
